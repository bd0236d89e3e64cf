import { expect } from 'chai';

import type { ShownSession } from '../../src/admin/routes/session-shape.ts';
import { clientMetadata } from '../../src/clients/client-metadata.ts';
import type { Tenant } from '../../src/tenants/tenants.ts';
import { callerOf, startAdmin } from '../support/admin.ts';
import type { TestAdmin } from '../support/admin.ts';
import { freshId } from '../support/at-once.ts';
import { aUser } from '../support/second-factors.ts';

describe('the sessions of a tenant', () => {
  let admin: TestAdmin;
  let acme: Tenant;
  let globex: Tenant;
  let ann: string;
  let bob: string;

  before(async () => {
    const metadata = clientMetadata.parse({ redirect_uris: ['https://app.example/callback'] });
    const clients = { app: { metadata, secret: 's' }, other: { metadata, secret: 's' } };
    admin = await startAdmin({ acme: { clients }, globex: {} });
    ({ acme, globex } = admin.tenants as Record<'acme' | 'globex', Tenant>);
    ann = await aUser(admin.base.db, acme.id, 'ann');
    bob = await aUser(admin.base.db, acme.id, 'bob');
  });
  beforeEach(async () => {
    await admin.base.db.query('delete from sessions');
    await admin.base.db.query('delete from grants');
  });

  async function signIn(userId: string, clientId?: string): Promise<string> {
    const uid = freshId();
    const grantId = freshId();
    if (clientId !== undefined) {
      await admin.base.db.query(
        `insert into grants (tenant_id, id, user_id, client_id, payload, expires_at)
         values ($1, $2, $3, $4, '{}', now() + interval '1 day')`,
        [acme.id, grantId, userId, clientId],
      );
    }
    await admin.base.sessions.save(acme.id, {
      uid,
      id: freshId(),
      signIn: {
        userId,
        acr: 'mfa',
        amr: ['pwd', 'otp'],
        authTime: 1_000_000,
        proofs: [{ factor: 'totp', amr: ['otp'], at: 1_000_000 }],
        proofGeneration: 0,
        address: '192.0.2.1',
        userAgent: 'Browser/1.0',
      },
      isNew: true,
      authorizations: clientId === undefined ? {} : { [clientId]: { sid: freshId(), grantId } },
      removedClients: [],
      idle: 3600,
      absolute: 36_000,
    });
    return uid;
  }

  const of = (sessionId: string) => ({ params: { tenant: acme.slug, sessionId } });
  const list = async (query: Record<string, string> = {}, tenant = acme) =>
    (
      await admin.call<{ items: ShownSession[]; nextPageToken?: string }>('listSessions', {
        params: { tenant: tenant.slug },
        query,
      })
    ).body;
  const idsOf = ({ items }: { items: ShownSession[] }) => items.map(({ id }) => id);

  it('are listed with whose they are, from where, by what, and with which applications', async () => {
    const id = await signIn(ann, 'app');
    const { items } = await list();
    expect(items).to.have.lengthOf(1);
    expect(items[0]).to.deep.include({
      id,
      userId: ann,
      address: '192.0.2.1',
      userAgent: 'Browser/1.0',
      acr: 'mfa',
      amr: ['pwd', 'otp'],
      proofs: [{ factor: 'totp', at: '1970-01-12T13:46:40.000Z' }],
      clients: ['app'],
    });
    expect((await admin.call('getSession', of(id))).body).to.deep.equal(items[0]);
  });

  it('are listed page by page, of one person, or of one application', async () => {
    const ids = [await signIn(ann, 'app'), await signIn(ann, 'other'), await signIn(bob, 'app')];
    const first = await list({ pageSize: '2' });
    const second = await list({ pageSize: '2', pageToken: first.nextPageToken ?? '' });
    expect([...idsOf(first), ...idsOf(second)]).to.deep.equal(ids.toSorted());
    expect(idsOf(await list({ filter: `userId eq "${ann}"` }))).to.have.members(ids.slice(0, 2));
    expect(idsOf(await list({ clientId: 'app' }))).to.have.members([ids[0], ids[2]]);
    expect(idsOf(await list({ clientId: 'app', filter: `userId eq "${bob}"` }))).to.deep.equal([ids[2]]);
  });

  it('are not listed once they have ended or expired, nor to another tenant', async () => {
    const [ended, expired, live] = [await signIn(ann), await signIn(ann), await signIn(bob)];
    await admin.base.sessions.end(acme.id, ended);
    await admin.base.db.query('update sessions set expires_at = now() where uid = $1', [expired]);
    expect(idsOf(await list())).to.deep.equal([live]);
    expect(idsOf(await list({}, globex))).to.deep.equal([]);
    for (const id of [ended, expired]) await admin.refused('getSession', 'not-found', of(id));
    await admin.refused('getSession', 'not-found', { params: { tenant: globex.slug, sessionId: live } });
    await admin.refused('deleteSession', 'not-found', {
      params: { tenant: globex.slug, sessionId: live },
      ifMatch: '*',
    });
  });

  it('end with their grants when somebody who may ends them, and say who did', async () => {
    const [id, kept] = [await signIn(ann, 'app'), await signIn(ann, 'other')];
    const { etag = '' } = await admin.call('getSession', of(id));
    await admin.base.sessions.touch(acme.id, id, { idle: 60, absolute: 600 });
    await admin.refused('deleteSession', 'precondition-required', of(id));
    await admin.refused('deleteSession', 'permission-denied', {
      ...of(id),
      ifMatch: etag,
      caller: callerOf(acme, ['sessions:read']),
    });
    const caller = callerOf(acme, ['sessions:write']);
    expect((await admin.call('deleteSession', { ...of(id), ifMatch: etag, caller })).status).to.equal(204);
    expect(idsOf(await list())).to.deep.equal([kept]);
    const grants = await admin.base.db.query('select client_id from grants where tenant_id = $1 and user_id = $2', [
      acme.id,
      ann,
    ]);
    expect(grants.map((grant) => grant['client_id'])).not.to.include('app');
    const [event] = await admin.base.db.query(
      `select actor_kind, actor_id from audit_events where type = 'session.ended' and subject_id = $1`,
      [id],
    );
    expect(event).to.deep.equal({ actor_kind: 'api-key', actor_id: caller.id });
    await admin.refused('deleteSession', 'not-found', { ...of(id), ifMatch: '*' });
  });
});
