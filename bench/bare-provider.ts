// A process of its own with the library and nothing else: in-memory adapter, ES256, and an interaction that is finished as soon
// as it is begun. What it does for a login is the protocol alone, without pages, passwords, a directory or a second factor.
// Its one argument is the target, in JSON.

import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';

import { exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';
import type { Adapter, AdapterFactory, ClientMetadata, Configuration, JWK } from 'oidc-provider';
import { createMemoryAdapter } from 'oidc-provider/lib/adapters/memory_adapter.js';

import { CALLS_PATH, REDIRECT_URI, RESOURCE, SCOPE } from './target.ts';
import type { Target } from './target.ts';

const calls: Partial<Record<keyof Adapter, number>> = {};

const { issuer, port, clients }: Target = JSON.parse(process.argv[2] ?? '');
const { privateKey } = await generateKeyPair('ES256', { extractable: true });
const provider = new Provider(issuer, configuration(await exportJWK(privateKey)));
provider.proxy = true;
const answer = provider.callback();

createServer((request, response) => {
  if (request.url === CALLS_PATH) response.end(JSON.stringify(calls));
  else if (request.url?.startsWith('/interaction/')) void finish(request, response);
  else void answer(request, response);
}).listen(port, '127.0.0.1');

async function finish(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const login = { accountId: 'somebody', acr: 'mfa', amr: ['pwd', 'otp'] };
  await provider.interactionFinished(request, response, { login }, { mergeWithLastSubmission: false });
}

function configuration(key: JWK): Configuration {
  return {
    adapter: counting(createMemoryAdapter()),
    clients: registrations(),
    jwks: { keys: [{ ...key, alg: 'ES256', use: 'sig', kid: 'k1' }] },
    cookies: { keys: ['signs the cookies of the benchmark'] },
    scopes: ['openid', 'profile', 'email', 'groups'],
    claims: { openid: ['sub'], profile: ['name'], email: ['email'], groups: ['groups'] },
    findAccount: (_ctx, accountId) => ({
      accountId,
      claims: () => ({ sub: accountId, name: 'Some Body', email: 'somebody@example.com', groups: ['staff'] }),
    }),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: '',
          audience: RESOURCE,
          accessTokenFormat: 'jwt',
          accessTokenTTL: 600,
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    loadExistingGrant: async ({ oidc }) => {
      const grant = new provider.Grant({ accountId: oidc.session?.accountId, clientId: oidc.client?.clientId });
      grant.addOIDCScope(SCOPE);
      await grant.save();
      return grant;
    },
    pkce: { required: () => true },
    ttl: { AccessToken: 600, ClientCredentials: 600, Grant: 3600, IdToken: 3600, Interaction: 3600, Session: 3600 },
  };
}

function registrations(): ClientMetadata[] {
  const { web, machine } = clients;
  return [
    {
      client_id: web.id,
      client_secret: web.secret,
      redirect_uris: [REDIRECT_URI],
      grant_types: ['authorization_code', 'refresh_token'],
      id_token_signed_response_alg: 'ES256',
    },
    {
      client_id: machine.id,
      client_secret: machine.secret,
      redirect_uris: [],
      response_types: [],
      grant_types: ['client_credentials'],
      id_token_signed_response_alg: 'ES256',
    },
  ];
}

function counting(create: AdapterFactory): AdapterFactory {
  return (model) => {
    const adapter = create(model);
    return {
      find: (id) => counted('find', adapter.find(id)),
      findByUid: (uid) => counted('findByUid', adapter.findByUid(uid)),
      findByUserCode: (code) => counted('findByUserCode', adapter.findByUserCode(code)),
      upsert: (id, payload, life) => counted('upsert', adapter.upsert(id, payload, life)),
      consume: (id) => counted('consume', adapter.consume(id)),
      destroy: (id) => counted('destroy', adapter.destroy(id)),
      revokeByGrantId: (grantId) => counted('revokeByGrantId', adapter.revokeByGrantId(grantId)),
    };
  };
}

function counted<T>(method: keyof Adapter, answer: T): T {
  calls[method] = (calls[method] ?? 0) + 1;
  return answer;
}
