// An application changes over from one secret to the next, against a running server that keeps clients in its memory.

import { expect } from 'chai';
import * as oidc from 'openid-client';

import { createAdministerClients } from '../../src/clients/administer-clients.ts';
import type { AdministerClients } from '../../src/clients/administer-clients.ts';
import { clientMetadata } from '../../src/clients/client-metadata.ts';
import { createPostgresClientStore } from '../../src/clients/clients-administration-postgres.ts';
import { openPostgres } from '../../src/db/database-postgres.ts';
import type { Database } from '../../src/db/database.ts';
import { createEncryption } from '../../src/security/encryption.ts';
import { createApp } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';

const METHODS = {
  client_secret_basic: (secret: string) => oidc.ClientSecretBasic(secret),
  client_secret_post: (secret: string) => oidc.ClientSecretPost(secret),
  client_secret_jwt: (secret: string) => oidc.ClientSecretJwt(secret),
} as const;

describe('the secrets of a client', () => {
  let server: Sallyport;
  let db: Database & { close(): Promise<void> };
  let clients: AdministerClients;
  let tenantId: string;

  before(async () => {
    server = await startSallyport({ tenants: { acme: { name: 'Acme' } } });
    db = openPostgres({ url: server.databaseUrl });
    const encryption = createEncryption([{ id: 'test', secret: 'a secret of the tests, long enough to be one' }]);
    clients = createAdministerClients({ db, store: createPostgresClientStore(db, encryption) });
    tenantId = (await db.one<{ id: string }>(`select id from tenants where slug = 'acme'`))?.id ?? '';
  });
  after(async () => {
    await db.close();
    await server.stop();
  });

  async function register(method: keyof typeof METHODS) {
    const metadata = clientMetadata.parse({ grant_types: ['client_credentials'], token_endpoint_auth_method: method });
    const made = await clients.create(tenantId, { clientId: undefined, metadata });
    if (!made.ok) throw new Error(made.reason);
    const { clientId, secret = '' } = made.value;
    const isLetIn = async (by: string) => (await tokenOrRefusal(method, clientId, by)) === 'token';
    return { clientId, secret, isLetIn };
  }

  async function tokenOrRefusal(method: keyof typeof METHODS, clientId: string, secret: string): Promise<string> {
    const app = await createApp(server.issuer('acme'), { clientId, authentication: METHODS[method](secret) });
    try {
      await oidc.clientCredentialsGrant(app.config);
      return 'token';
    } catch (error) {
      return error instanceof oidc.ResponseBodyError ? error.error : String(error);
    }
  }

  async function another(clientId: string, overlap: number): Promise<string> {
    const client = await clients.find(tenantId, clientId);
    if (!client) throw new Error('no client');
    const made = await clients.addSecret(tenantId, client, { expiresAt: undefined, overlap });
    if (!made.ok) throw new Error(made.reason);
    return made.value.secret;
  }

  for (const method of ['client_secret_basic', 'client_secret_post', 'client_secret_jwt'] as const) {
    it(`are both good while it changes over, by ${method}, and the first one no longer than told`, async function () {
      this.timeout(20_000);
      const { clientId, secret, isLetIn } = await register(method);
      await becomes(true, () => isLetIn(secret));
      const next = await another(clientId, 4);
      await becomes(true, () => isLetIn(next));
      expect(await isLetIn(secret), 'the one before').to.equal(true);
      expect(await isLetIn('another secret of the same length, more or less'), 'a wrong one').to.equal(false);
      // Nothing changes in the database from here: the server has to look at the clock.
      await becomes(false, () => isLetIn(secret));
      expect(await isLetIn(next)).to.equal(true);
    });
  }

  it('let nobody in where all have expired', async () => {
    const { clientId, secret, isLetIn } = await register('client_secret_basic');
    await becomes(true, () => isLetIn(secret));
    const next = await another(clientId, 0);
    await becomes(true, () => isLetIn(next));
    const metadata = clientMetadata.parse({ grant_types: ['client_credentials'], client_name: 'Changed' });
    await db.query('update client_secrets set expires_at = now() where client_id = $1', [clientId]);
    await clients.change(tenantId, clientId, metadata);
    await becomes(false, () => isLetIn(next));
    await becomes(false, () => isLetIn(secret));
  });

  it('let nobody in once the client is gone', async () => {
    const { clientId, secret, isLetIn } = await register('client_secret_basic');
    await becomes(true, () => isLetIn(secret));
    await db.unitOfWork(() => clients.remove(tenantId, clientId));
    await becomes(false, () => isLetIn(secret));
  });
});

/** Seldom enough that wrong secrets are not taken for guessing. */
async function becomes(wanted: boolean, ask: () => Promise<boolean>): Promise<void> {
  for (let time = 0; time < 15; time++) {
    if ((await ask()) === wanted) return;
    await new Promise((resolve) => setTimeout(resolve, 400));
  }
  expect.fail(`it never became ${String(wanted)}`);
}
