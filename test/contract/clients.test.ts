import { expect } from 'chai';

import { createPostgresClients, declaredClients } from '../../src/clients/clients-postgres.ts';
import { AppError } from '../../src/errors.ts';
import { describeOnEveryDatabase } from '../support/every-database.ts';
import { aClient, aTenantId, encryption } from '../support/tenants.ts';

describeOnEveryDatabase('clients', ({ db, other }) => {
  const clients = () => createPostgresClients(other(), encryption);
  const declare = (tenantId: string, clientId: string, secret?: string, metadata?: Record<string, unknown>) =>
    declaredClients(db(), encryption).write(tenantId, clientId, aClient(secret, metadata));

  it('are found with their metadata and secret', async () => {
    const tenantId = await aTenantId(db());
    await declare(tenantId, 'grafana', 'a secret', { client_name: 'Grafana', firstParty: true });
    await declare(tenantId, 'Ünicode/client', undefined, { token_endpoint_auth_method: 'none' });
    const grafana = await clients().find(tenantId, 'grafana');
    expect(grafana).to.deep.equal({
      clientId: 'grafana',
      ...aClient('a secret', { client_name: 'Grafana', firstParty: true }),
      secrets: [],
    });
    const spa = await clients().find(tenantId, 'Ünicode/client');
    expect(spa).to.include({ secret: undefined });
    expect(await clients().list(tenantId)).to.deep.equal([grafana, spa]);
  });

  it('are unknown to every other tenant, under the same client_id too', async () => {
    const [tenantId, neighbour, bystander] = [await aTenantId(db()), await aTenantId(db()), await aTenantId(db())];
    await declare(tenantId, 'app', 'ours');
    await declare(neighbour, 'app', 'theirs');
    expect(await clients().find(bystander, 'app')).to.equal(undefined);
    expect(await clients().list(bystander)).to.deep.equal([]);
    expect(await clients().find(tenantId, 'app')).to.include({ secret: 'ours' });
    expect(await clients().find(neighbour, 'app')).to.include({ secret: 'theirs' });
  });

  it('are not found by what names none, however odd', async () => {
    const tenantId = await aTenantId(db());
    await declare(tenantId, 'app', 'a secret');
    for (const clientId of ['', 'App', 'app\0', '\0', '%', "' or 1=1 --", 'x'.repeat(100_000), '\ud800']) {
      expect(await clients().find(tenantId, clientId)).to.equal(undefined);
    }
  });

  it('keep their secret encrypted, for their own row and no other', async () => {
    const [tenantId, neighbour] = [await aTenantId(db()), await aTenantId(db())];
    await declare(tenantId, 'app', 'a very secret secret');
    await declare(neighbour, 'app', 'theirs');
    const [row] = await db().query<{ secret: string }>('select * from clients where tenant_id = $1', [tenantId]);
    expect(JSON.stringify(row)).to.not.include('very secret');
    await db().query('update clients set secret = $2 where tenant_id = $1', [neighbour, row?.secret]);
    const failure = await clients()
      .find(neighbour, 'app')
      .catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(AppError).with.property('code', 'internal_error');
  });

  it('are read with the defaults of this version', async () => {
    const tenantId = await aTenantId(db());
    await db().query(`insert into clients (tenant_id, client_id, metadata, owner) values ($1, 'old', $2, 'api')`, [
      tenantId,
      JSON.stringify({ redirect_uris: ['https://app.example/callback'], novelty: true }),
    ]);
    expect((await clients().find(tenantId, 'old'))?.metadata).to.deep.equal(aClient().metadata);
  });
});
