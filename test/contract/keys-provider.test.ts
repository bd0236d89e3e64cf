import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';

import { expect } from 'chai';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import type { JWK } from 'jose';
import Provider from 'oidc-provider';
import type { Adapter } from 'oidc-provider';
import { z } from 'zod';

import { createPostgresAudit } from '../../src/audit/audit-postgres.ts';
import { openPostgres } from '../../src/db/database-postgres.ts';
import type { Database } from '../../src/db/database.ts';
import { createPostgresKeys } from '../../src/keys/keys-postgres.ts';
import { createKeys, SIGNING_ALGS } from '../../src/keys/keys.ts';
import type { Keys, SigningAlg } from '../../src/keys/keys.ts';
import { testDatabaseUrl } from '../support/postgres.ts';
import { aTenantId, encryption } from '../support/tenants.ts';

const client_secret = 'a secret of more than 32 characters';

const publishedKeys = z.object({ keys: z.array(z.looseObject({ kty: z.string(), kid: z.string() })) });
const tokenAnswer = z.object({ access_token: z.string() });

/** Nothing that this test makes is stored: its clients are configured, and its tokens are JWTs. */
const nothingStored = async (): Promise<undefined> => undefined;
const adapter: Adapter = {
  upsert: nothingStored,
  find: nothingStored,
  findByUserCode: nothingStored,
  findByUid: nothingStored,
  consume: nothingStored,
  destroy: nothingStored,
  revokeByGrantId: nothingStored,
};

/** The library with these keys, and for each algorithm a client and a resource whose tokens are signed by it. */
function providerWith(keys: JWK[]): Provider {
  return new Provider('http://localhost', {
    adapter: () => adapter,
    jwks: { keys },
    ttl: { ClientCredentials: 60, IdToken: 60 },
    clients: SIGNING_ALGS.map((alg) => ({
      client_id: alg,
      client_secret,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      id_token_signed_response_alg: alg,
    })),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_ctx, _resource, { clientId }) => ({
          scope: '',
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: clientId === 'RS256' ? 'RS256' : 'ES256' } },
        }),
      },
    },
  });
}

describe('signing keys, in the hands of oidc-provider', () => {
  let db: Database;
  let keys: Keys;
  let tenantId: string;
  let server: Server | undefined;

  before(async () => {
    db = openPostgres({ url: await testDatabaseUrl() });
    keys = createKeys(db, createPostgresKeys(db, encryption), createPostgresAudit(db));
  });
  after(() => db.close());
  beforeEach(async () => {
    tenantId = await aTenantId(db);
    await keys.ensureKeys(tenantId);
  });
  afterEach(() => {
    server?.close();
    server = undefined;
  });

  async function serve(provider: Provider): Promise<string> {
    const handle = provider.callback();
    server = createServer((request, response) => void handle(request, response)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('not on a port');
    return `http://127.0.0.1:${address.port}`;
  }
  async function published(url: string) {
    return publishedKeys.parse(await (await fetch(`${url}/jwks`)).json());
  }
  async function accessToken(url: string, alg: SigningAlg): Promise<string> {
    const body = new URLSearchParams({ grant_type: 'client_credentials', resource: 'https://api.example' });
    const authorization = `Basic ${Buffer.from(`${alg}:${encodeURIComponent(client_secret)}`).toString('base64')}`;
    const answer = await fetch(`${url}/token`, { method: 'POST', body, headers: { authorization } });
    return tokenAnswer.parse(await answer.json()).access_token;
  }
  async function idToken(provider: Provider, alg: SigningAlg): Promise<string> {
    const client = await provider.Client.find(alg);
    return new provider.IdToken({ sub: 'ann' }, { client }).issue({ use: 'idtoken' });
  }
  /** Every token that a provider signs by the algorithm, verified by what it publishes; and the kids that signed them. */
  async function signers(
    alg: SigningAlg,
  ): Promise<{ kids: Set<string | undefined>; published: (string | undefined)[] }> {
    const provider = providerWith(await keys.signingKeys(tenantId));
    const url = await serve(provider);
    const jwks = await published(url);
    const tokens = [await accessToken(url, alg), await accessToken(url, alg), await idToken(provider, alg)];
    for (const token of tokens) await jwtVerify(token, createLocalJWKSet(jwks), { algorithms: [alg] });
    return {
      kids: new Set(tokens.map((token) => decodeProtectedHeader(token).kid)),
      published: jwks.keys.map((key) => key.kid),
    };
  }
  async function kidOf(state: 'active' | 'next', alg: SigningAlg): Promise<string | undefined> {
    const stored = await createPostgresKeys(db, encryption).list(tenantId);
    return stored.find((key) => key.state === state && key.alg === alg)?.kid;
  }

  for (const alg of SIGNING_ALGS) {
    it(`signs ${alg} with the active key, while the next one is published`, async () => {
      const { kids, published } = await signers(alg);
      expect([...kids]).to.deep.equal([await kidOf('active', alg)]);
      expect(published)
        .to.have.length(4)
        .and.include(await kidOf('next', alg));
    });

    it(`signs ${alg} after a rotation with what was published before, and the last key stays`, async () => {
      const [last, next] = [await kidOf('active', alg), await kidOf('next', alg)];
      await keys.rotate(tenantId, { publishedFor: 0 });
      const { kids, published } = await signers(alg);
      expect([...kids]).to.deep.equal([next]);
      expect(published).to.have.length(6).and.include(last);
    });
  }

  it('publishes no private member', async () => {
    const url = await serve(providerWith(await keys.signingKeys(tenantId)));
    for (const key of (await published(url)).keys) expect(key).to.not.have.any.keys('d', 'p', 'q', 'dp', 'dq', 'qi');
  });
});
