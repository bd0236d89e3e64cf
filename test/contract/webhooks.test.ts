import { createHmac, createPublicKey, verify } from 'node:crypto';

import { expect } from 'chai';

import { createPostgresAudit } from '../../src/audit/audit-postgres.ts';
import type { AuditEvent } from '../../src/audit/audit.ts';
import type { Database } from '../../src/db/database.ts';
import { createTenantCaches } from '../../src/tenants/tenant-caches.ts';
import type { Tenant } from '../../src/tenants/tenants.ts';
import { followForWebhooks } from '../../src/webhooks/webhook-events.ts';
import { callerOf, startAdmin } from '../support/admin.ts';
import type { TestAdmin } from '../support/admin.ts';
import { eventually } from '../support/eventually.ts';
import { startWebhookReceiver } from '../support/webhook-receiver.ts';
import type { ReceivedEvent, WebhookReceiver } from '../support/webhook-receiver.ts';

interface Shown {
  id: string;
  secret?: string;
  publicKey: string | null;
  enabled: boolean;
}

describe('webhooks', () => {
  let admin: TestAdmin;
  let acme: Tenant;
  let globex: Tenant;
  let receiver: WebhookReceiver;

  before(async () => {
    admin = await startAdmin({ acme: {}, globex: {} }, { outbound: { allowHosts: ['127.0.0.1'] } });
    ({ acme, globex } = admin.tenants as Record<'acme' | 'globex', Tenant>);
  });
  beforeEach(async () => {
    await admin.base.db.query('delete from webhooks');
    receiver = await startWebhookReceiver();
  });

  const of = (webhookId?: string) => ({ params: { tenant: acme.slug, ...(webhookId !== undefined && { webhookId }) } });
  /** What another process would be told by db/change-feed.ts. */
  const learn = () => admin.base.caches.forget(acme.id);
  async function create(body: Record<string, unknown> = {}): Promise<Shown> {
    const answer = await admin.call<Shown>('createWebhook', {
      ...of(),
      body: { url: receiver.url, events: ['user.*'], ...body },
    });
    expect(answer.status).to.equal(201);
    learn();
    return answer.body;
  }
  const subject = { kind: 'user', id: 'u-1' } as const;
  const record = (parts: Partial<AuditEvent> = {}) =>
    admin.base.audit.record({ type: 'user.disabled', tenantId: acme.id, subject, ...parts });
  const arrived = (count = 1): Promise<ReceivedEvent> =>
    eventually('an event arrives', () => receiver.received.length >= count && receiver.received[count - 1]);

  function isSigned({ headers, body }: ReceivedEvent, secret: string, which = 0): boolean {
    const signature = String(headers['webhook-signature']).split(' ')[which];
    const content = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
    const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
    return signature === `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
  }

  it('are told of an event as the audit log shows it, signed', async () => {
    const { id, secret = '' } = await create();
    expect(secret).to.match(/^whsec_[\w+/]{43}=$/);
    await record({ reason: 'left', detail: { note: 'ü' }, actor: { kind: 'api-key', id: 'k-1' } });
    const event = await arrived();
    expect(isSigned(event, secret)).to.equal(true);
    expect(event.headers['content-type']).to.equal('application/json');
    expect(Date.now() / 1000 - Number(event.headers['webhook-timestamp'])).to.be.within(-2, 10);

    const { body } = await admin.call<{ items: { at: string }[] }>('listAuditEvents', {
      ...of(),
      query: { filter: 'type eq "user.disabled" and reason eq "left"' },
    });
    const [{ sealed: _, ...data }] = body.items as [Record<string, unknown> & { at: string }];
    expect(JSON.parse(event.body)).to.deep.equal({ type: 'user.disabled', timestamp: data['at'], data });
    const { body: deliveries } = await admin.call<{ items: Record<string, unknown>[] }>('listDeliveries', {
      ...of(),
      query: { filter: `webhookId eq "${id}"` },
    });
    expect(deliveries.items).to.have.lengthOf(1);
    expect(deliveries.items[0]).to.include({ id: event.headers['webhook-id'], eventType: 'user.disabled' });
  });

  it('are told of what is only reported, and of nothing that they do not take or that never happened', async () => {
    await create({ events: ['token.issued', 'user.created'] });
    await admin.base.audit.reports.record({ type: 'token.issued', tenantId: acme.id });
    await record();
    const undone = admin.base.db.unitOfWork(async () => {
      await record({ type: 'user.created' });
      throw new Error('undone');
    });
    await undone.catch(() => undefined);
    await admin.base.audit.record({ type: 'user.created', tenantId: globex.id, subject });
    expect(JSON.parse((await arrived()).body)).to.include({ type: 'token.issued' });
    const row = await admin.base.db.one('select count(*) from outbox where webhook_id is not null');
    expect(row).to.deep.equal({ count: 1 });
  });

  it('are signed by Ed25519 where they ask for it, with a key that never leaves', async () => {
    const { secret, publicKey } = await create({ algorithm: 'ed25519' });
    expect(secret).to.equal(null);
    await record();
    const { headers, body } = await arrived();
    const x = Buffer.from(String(publicKey).replace('whpk_', ''), 'base64').toString('base64url');
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    const content = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
    const [, signature = ''] = String(headers['webhook-signature']).split('v1a,');
    expect(verify(null, Buffer.from(content), key, Buffer.from(signature, 'base64'))).to.equal(true);
  });

  it('are signed by both secrets while they change over, and by the new one afterwards', async () => {
    const { id, secret: old = '' } = await create();
    const { body } = await admin.call<Shown>('rotateWebhook', { ...of(id), body: { overlap: 60 } });
    const { secret = '' } = body;
    expect(secret).not.to.equal(old);
    await record();
    const event = await arrived();
    expect([isSigned(event, secret, 0), isSigned(event, old, 1)]).to.deep.equal([true, true]);
    await admin.base.db.query(`update webhooks set previous_until = now()`);
    await record();
    expect((await arrived(2)).headers['webhook-signature']).not.to.include(' ');
    expect(isSigned(await arrived(2), secret)).to.equal(true);
  });

  it('show their secret once, and nowhere else', async () => {
    const { id, secret = '' } = await create();
    const rotated = await admin.call<Shown>('rotateWebhook', { ...of(id), body: {} });
    const one = await admin.call('getWebhook', of(id));
    const all = await admin.call('listWebhooks', of());
    const changed = await admin.call('updateWebhook', {
      ...of(id),
      body: { description: 'x' },
      ifMatch: one.etag ?? '',
    });
    const rows = await admin.base.db.query('select to_jsonb(w) from webhooks w');
    const events = await admin.base.db.query('select to_jsonb(e) from audit_events e where tenant_id = $1', [acme.id]);
    const everywhere = JSON.stringify([one, all, changed, rows, events]);
    for (const text of [secret, rotated.body.secret ?? '']) expect(everywhere).not.to.include(text.slice(6));
  });

  it('are made, changed and removed, each with its event', async () => {
    const { id } = await create({ description: 'To the SIEM' });
    const { etag = '', body } = await admin.call<Record<string, unknown>>('getWebhook', of(id));
    expect(body).to.deep.include({ description: 'To the SIEM', events: ['user.*'], algorithm: 'hmac-sha256' });
    await admin.refused('updateWebhook', 'precondition-required', { ...of(id), body: { enabled: false } });
    const patched = await admin.call<Shown>('updateWebhook', {
      ...of(id),
      body: { enabled: false, description: null, events: ['*'] },
      ifMatch: etag,
    });
    expect(patched.body).to.deep.include({ enabled: false, description: null, events: ['*'], url: receiver.url });
    await admin.refused('deleteWebhook', 'precondition-failed', { ...of(id), ifMatch: etag });
    await admin.call('deleteWebhook', { ...of(id), ifMatch: patched.etag ?? '' });
    await admin.refused('getWebhook', 'not-found', of(id));
    const events = await admin.base.db.query(
      `select type from audit_events where subject_kind = 'webhook' and subject_id = $1 order by at, id`,
      [id],
    );
    expect(events.map(({ type }) => type)).to.deep.equal(['webhook.created', 'webhook.changed', 'webhook.deleted']);
  });

  for (const url of [
    ...['http://hooks.example/', 'https://localhost/', 'https://10.0.0.1/', 'https://0x7f000002/', 'https://[::1]/'],
    ...['https://user:password@hooks.example/', 'https://hooks.example/#part', 'ftp://hooks.example/', 'hooks.example'],
  ]) {
    it(`go nowhere like ${url}`, async () => {
      const { errors } = await admin.refused('createWebhook', 'invalid-request', {
        ...of(),
        body: { url, events: ['*'] },
      });
      expect(errors[0]).to.include({ pointer: '#/url' });
      const { id } = await create();
      const sent = { ...of(id), body: { url }, ifMatch: '*' };
      await admin.refused('updateWebhook', 'invalid-request', sent);
    });
  }

  it('take known events only, and no unknown members', async () => {
    const refuse = (body: Record<string, unknown>) =>
      admin.refused('createWebhook', 'invalid-request', {
        ...of(),
        body: { url: receiver.url, events: ['*'], ...body },
      });
    for (const events of [['user.create'], ['person.*'], ['us*'], [], ['user.created', '']]) await refuse({ events });
    await refuse({ secret: 'whsec_mine' });
    await refuse({ algorithm: 'none' });
  });

  it('are made by who may read what they are sent', async () => {
    const { id } = await create();
    const caller = callerOf(acme, ['webhooks:*']);
    const body = { url: receiver.url, events: ['*'] };
    await admin.refused('createWebhook', 'grant-exceeds-own', { ...of(), body, caller });
    await admin.refused('updateWebhook', 'grant-exceeds-own', { ...of(id), body, ifMatch: '*', caller });
    await admin.refused('rotateWebhook', 'grant-exceeds-own', { ...of(id), body: {}, caller });
    await admin.call('createWebhook', { ...of(), body, caller: callerOf(acme, ['webhooks:write', 'audit:read']) });
    await admin.refused('getWebhook', 'not-found', {
      params: { tenant: globex.slug, webhookId: id },
      caller: callerOf(globex, ['webhooks:*']),
    });
  });

  it('are tried by an event of their own', async () => {
    const { id } = await create({ events: ['tenant.created'] });
    const { status, body } = await admin.call<{ deliveryId: string }>('testWebhook', of(id));
    expect(status).to.equal(202);
    const event = await arrived();
    expect(event.headers['webhook-id']).to.equal(body.deliveryId);
    expect(JSON.parse(event.body)).to.deep.include({ type: 'webhook.test', data: { webhookId: id } });
  });

  it('are disabled when their receiver is gone', async () => {
    const { id } = await create();
    receiver.answerWith(410);
    await record();
    await eventually('it is disabled', async () => !(await admin.call<Shown>('getWebhook', of(id))).body.enabled);
    const [event] = await admin.base.db.query(
      `select actor_id, changes from audit_events where subject_id = $1 and reason = 'gone'`,
      [id],
    );
    expect(event).to.deep.equal({ actor_id: 'webhooks', changes: [{ at: '/enabled', from: true, to: false }] });
    await admin.refused('testWebhook', 'wrong-state', of(id));
  });

  it('cost a tenant without any nothing, and fail nothing when they were removed a moment ago', async () => {
    const { db, webhooks, outbox } = admin.base;
    const statements: string[] = [];
    const counted: Database = {
      ...db,
      query: (text, values) => {
        statements.push(text);
        return db.query(text, values);
      },
    };
    const caches = createTenantCaches();
    const audit = createPostgresAudit(counted, followForWebhooks({ webhooks, outbox, caches }));
    for (let index = 0; index < 3; index++) await audit.record({ type: 'login.succeeded', tenantId: globex.id });
    expect(statements).to.have.lengthOf(3);

    await create({ events: ['*'] });
    await audit.record({ type: 'user.created', tenantId: acme.id });
    await db.query('delete from webhooks');
    await audit.record({ type: 'user.enabled', tenantId: acme.id });
    const row = await db.one(`select count(*) from audit_events where tenant_id = $1 and type = 'user.enabled'`, [
      acme.id,
    ]);
    expect(row).to.deep.equal({ count: 1 });
  });
});
