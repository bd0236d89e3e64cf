// oidc-provider with next to nothing around it, for what is tested as a client: any user name signs in, nobody is asked for
// consent, and a password typed as well gives `acr` mfa. `multi` has more groups than fit a token; `weak` and `stale` get a
// lower `acr` and an older `auth_time` than was asked for.

import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';

import { SignJWT, exportJWK, generateKeyPair } from 'jose';
import Provider, { interactionPolicy } from 'oidc-provider';
import type { AccountClaims, ClientMetadata, Configuration } from 'oidc-provider';

import { mapAdapter } from './map-adapter.ts';
import { freePort } from './ports.ts';

export interface BareProvider {
  issuer: string;
  /** Requests that reached it, as `GET /auth`. */
  readonly requests: string[];
  close(): Promise<void>;
}

const GROUPS = Array.from({ length: 150 }, (_, i) => `group-${i}`);

export async function startBareProvider(clients: ClientMetadata[], atPort?: number): Promise<BareProvider> {
  const port = atPort ?? (await freePort());
  const issuer = `http://localhost:${port}`;
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const provider = new Provider(issuer, {
    ...CONFIGURATION,
    clients,
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig', kid: 'k1' }] },
    findAccount: (_ctx, accountId) => ({
      accountId,
      claims: () => ({ ...claimsOf(accountId), ...(accountId === 'multi' && distributedGroups(issuer)) }),
    }),
  });

  const signedGroups = () =>
    new SignJWT({ groups: GROUPS })
      .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
      .setIssuer(issuer)
      .setSubject('multi')
      .setExpirationTime('1m')
      .sign(privateKey);

  const answer = provider.callback();
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0] ?? '';
    requests.push(`${request.method ?? ''} ${path}`);
    if (path === '/groups') {
      const permitted = request.headers.authorization === 'Bearer groups-ticket';
      void signedGroups().then((jwt) => response.writeHead(permitted ? 200 : 401).end(permitted ? jwt : ''));
    } else if (path.startsWith('/interaction/')) void interact(provider, request, response);
    else void answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(port, 'localhost', resolve));
  return {
    issuer,
    requests,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const page = (body: string) => `<!doctype html><html lang="en"><title>Bare provider</title><body>${body}`;

const CONFIGURATION: Configuration = {
  acrValues: ['sfa', 'mfa'],
  adapter: mapAdapter(),
  claims: {
    openid: ['sub', 'acr', 'amr', 'auth_time'],
    profile: ['name', 'preferred_username'],
    email: ['email'],
    groups: ['groups'],
    roles: ['roles'],
  },
  conformIdTokenClaims: false,
  cookies: { keys: ['not a secret'] },
  features: {
    claimsParameter: { enabled: true },
    devInteractions: { enabled: false },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx, form) => {
        const button = '<button type="submit" form="op.logoutForm" name="logout" value="yes">Yes</button>';
        ctx.body = page(`<h1>Sign out?</h1>${form}${button}`);
      },
      postLogoutSuccessSource: (ctx) => {
        ctx.body = page('<h1>Signed out</h1>');
      },
    },
  },
  interactions: { policy: policyWithAcrValues(), url: (_ctx, { uid }) => `/interaction/${uid}` },
  issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
  loadExistingGrant: async ({ oidc }) => {
    const grant = new oidc.provider.Grant({ accountId: oidc.session?.accountId, clientId: oidc.client?.clientId });
    grant.addOIDCScope('openid profile email groups roles');
    await grant.save();
    return grant;
  },
  renderError: (ctx, { error, error_description: description }) => {
    ctx.body = page(`<h1>${error}</h1><p>${description ?? ''}</p>`);
  },
  rotateRefreshToken: true,
  routes: { end_session: '/session/end' },
  scopes: ['openid', 'profile', 'email', 'groups', 'roles'],
  ttl: { AccessToken: 600, Grant: 3600, IdToken: 600, Interaction: 600, RefreshToken: 3600, Session: 3600 },
};

/** The library itself enforces only an `acr` that the claims parameter calls essential. */
function policyWithAcrValues(): interactionPolicy.DefaultPolicy {
  const policy = interactionPolicy.base();
  const check = new interactionPolicy.Check('acr_values', 'a stronger sign-in was asked for', ({ oidc }) => {
    const wanted = oidc.params?.acr_values;
    const { acr, accountId } = oidc.session ?? {};
    return typeof wanted === 'string' && !wanted.split(' ').includes(acr ?? '') && accountId !== 'weak';
  });
  policy.get('login')?.checks.add(check);
  return policy;
}

function claimsOf(sub: string): AccountClaims {
  return {
    sub,
    name: `${sub} Example`,
    preferred_username: sub,
    email: `${sub}@acme.example`,
    groups: ['engineers'],
    roles: ['auditor'],
  };
}

/** OpenID Connect Core 5.6.2. */
function distributedGroups(issuer: string): Partial<AccountClaims> {
  return {
    groups: undefined,
    _claim_names: { groups: 'src1' },
    _claim_sources: { src1: { endpoint: `${issuer}/groups`, access_token: 'groups-ticket' } },
  };
}

async function interact(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { uid } = await provider.interactionDetails(request, response);
  if (request.method !== 'POST') {
    const fields = '<input name="username"><input type="password" name="password">';
    const buttons =
      '<button type="submit">Sign in</button><button type="submit" name="cancel" value="1">Cancel</button>';
    const form = `<form method="post" action="/interaction/${uid}">${fields}${buttons}</form>`;
    response.writeHead(200, { 'content-type': 'text/html' }).end(page(`<h1>Sign in</h1>${form}`));
    return;
  }
  const chunks: Buffer[] = await request.toArray();
  const form = new URLSearchParams(Buffer.concat(chunks).toString());
  const result = form.has('cancel')
    ? { error: 'access_denied', error_description: 'End-User aborted interaction' }
    : { login: signedIn(form) };
  const url = await provider.interactionResult(request, response, result, { mergeWithLastSubmission: false });
  response.writeHead(200, { refresh: `0; url=${url}`, 'content-type': 'text/html' }).end(page('One moment'));
}

function signedIn(form: URLSearchParams): { accountId: string; acr: string; amr: string[]; ts: number } {
  const accountId = form.get('username') ?? '';
  const ts = Math.floor(Date.now() / 1000) - (accountId === 'stale' ? 1000 : 0);
  return form.get('password') === ''
    ? { accountId, acr: 'sfa', amr: ['pwd'], ts }
    : { accountId, acr: 'mfa', amr: ['pwd', 'otp', 'mfa'], ts };
}
