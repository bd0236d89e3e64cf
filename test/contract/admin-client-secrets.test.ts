// Changing over from one secret of an application to the next.

import { expect } from 'chai';

import type { ShownClient, ShownSecret } from '../../src/admin/routes/client-shape.ts';
import { createPostgresClients } from '../../src/clients/clients-postgres.ts';
import type { Tenant } from '../../src/tenants/tenants.ts';
import { startAdmin } from '../support/admin.ts';
import type { TestAdmin } from '../support/admin.ts';
import { aClient, apply, aTenantDeclaration, encryption } from '../support/tenants.ts';

const CALLBACK = 'https://app.example/callback';
const DAY_MS = 86_400_000;
type MadeSecret = ShownSecret & { client_secret: string };

describe('the secrets of a client, by the admin API,', () => {
  let admin: TestAdmin;
  let acme: Tenant;
  let clientId: string;
  let first: string;

  before(async () => {
    admin = await startAdmin({ acme: {} });
    const { acme: made } = admin.tenants;
    if (!made) throw new Error('no tenant');
    acme = made;
  });
  beforeEach(async () => {
    const body = { redirect_uris: [CALLBACK] };
    const { body: made } = await admin.call<ShownClient>('createClient', { params: { tenant: acme.slug }, body });
    clientId = made.client_id;
    first = made.client_secret ?? '';
  });

  const params = (more: Record<string, string> = {}) => ({ tenant: acme.slug, clientId, ...more });
  const add = (body: Record<string, unknown> = {}) =>
    admin.call<MadeSecret>('createClientSecret', { params: params(), body });
  const list = async () =>
    (await admin.call<{ items: ShownSecret[] }>('listClientSecrets', { params: params() })).body.items;
  const remove = (secretId: string) => admin.call('deleteClientSecret', { params: params({ secretId }), ifMatch: '*' });
  const stored = () => createPostgresClients(admin.base.db, encryption).find(acme.id, clientId);

  it('are two while it changes over: the one before goes on for a week', async () => {
    const { body, location } = await add();
    expect(body.client_secret)
      .to.match(/^[\w-]{43}$/)
      .and.not.equal(first);
    expect(location).to.equal(`/tenants/${acme.slug}/clients/${clientId}/secrets/${body.id}`);
    const [newest, before] = await list();
    expect(newest).to.include({ id: body.id, expiresAt: null });
    expect(Date.parse(before?.expiresAt ?? '') - Date.now()).to.be.closeTo(7 * DAY_MS, 60_000);
    const secrets = (await stored())?.secrets.map(({ secret }) => secret);
    expect(secrets).to.deep.equal([body.client_secret, first]);
  });

  it('end as the request says', async () => {
    const expiresAt = new Date(Date.now() + 30 * DAY_MS).toISOString();
    await add({ overlap: 60, expiresAt });
    const [newest, before] = await list();
    expect(newest?.expiresAt).to.equal(expiresAt);
    expect(Date.parse(before?.expiresAt ?? '') - Date.now()).to.be.closeTo(60_000, 30_000);
  });

  it('are never three, unless one has expired', async () => {
    await add();
    await admin.refused('createClientSecret', 'conflict', { params: params(), body: {} });
    const [, before] = await list();
    await admin.base.db.query(`update client_secrets set expires_at = now() - interval '1 second' where id = $1`, [
      before?.id,
    ]);
    await add();
    expect(await list()).to.have.length(2);
  });

  it('are two however many ask at once', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => add()));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
    expect(await list()).to.have.length(2);
  });

  it('are taken away but for the last', async () => {
    const { body } = await add();
    const [, before] = await list();
    await remove(before?.id ?? '');
    expect((await stored())?.secrets.map(({ secret }) => secret)).to.deep.equal([body.client_secret]);
    await admin.refused('deleteClientSecret', 'wrong-state', { params: params({ secretId: body.id }), ifMatch: '*' });
    await admin.refused('deleteClientSecret', 'not-found', { params: params({ secretId: acme.id }), ifMatch: '*' });
  });

  it('are of no use to a client that proves itself otherwise', async () => {
    const body = { token_endpoint_auth_method: 'none' };
    await admin.call('updateClient', { params: params(), ifMatch: '*', body });
    await admin.refused('createClientSecret', 'wrong-state', { params: params(), body: {} });
  });

  it('end when the configuration file takes the client over', async () => {
    const declaration = aTenantDeclaration({ clients: { [clientId]: aClient('of the file') } });
    await apply(admin.base.db, { [acme.slug]: declaration });
    expect(await stored()).to.deep.include({ secret: 'of the file', secrets: [] });
  });
});
