import { expect } from 'chai';

import { sweepExpired } from '../../src/db/expiry.ts';
import type { Tenant } from '../../src/tenants/tenants.ts';
import { callerOf, startAdmin } from '../support/admin.ts';
import type { TestAdmin } from '../support/admin.ts';
import { eventually } from '../support/eventually.ts';
import { aDelivery, anSms } from '../support/outbox.ts';
import { startWebhookReceiver } from '../support/webhook-receiver.ts';
import type { WebhookReceiver } from '../support/webhook-receiver.ts';

interface Shown {
  id: string;
  status: string;
  recipient: string | null;
  attempts: number;
  lastError: string | null;
  nextAttemptAt: string | null;
  canRetry: boolean;
}

describe('deliveries', () => {
  let admin: TestAdmin;
  let acme: Tenant;
  let globex: Tenant;
  let receiver: WebhookReceiver;
  let webhookId: string;

  before(async () => {
    admin = await startAdmin({ acme: {}, globex: {} }, { outbound: { allowHosts: ['127.0.0.1'] } });
    ({ acme, globex } = admin.tenants as Record<'acme' | 'globex', Tenant>);
  });
  beforeEach(async () => {
    await admin.base.db.query('delete from outbox');
    receiver = await startWebhookReceiver();
    const made = await admin.call<{ id: string }>('createWebhook', {
      params: { tenant: acme.slug },
      body: { url: receiver.url, events: ['group.created'] },
    });
    webhookId = made.body.id;
  });

  const of = (deliveryId: string) => ({ params: { tenant: acme.slug, deliveryId } });
  const get = async (id: string) => (await admin.call<Shown>('getDelivery', of(id))).body;
  const list = async (filter?: string, tenant = acme) =>
    (
      await admin.call<{ items: Shown[] }>('listDeliveries', {
        params: { tenant: tenant.slug },
        query: filter === undefined ? {} : { filter },
      })
    ).body.items;
  const send = async () =>
    (await admin.call<{ deliveryId: string }>('testWebhook', { params: { tenant: acme.slug, webhookId } })).body
      .deliveryId;
  const becomes = (id: string, status: string) =>
    eventually(`it becomes ${status}`, async () => {
      const delivery = await get(id);
      return delivery.status === status && delivery;
    });
  const bury = (id: string) =>
    admin.base.db.query(
      `update outbox set state = 'dead', run_at = now(), last_error = 'HTTP 500',
              body = case when channel = 'webhook' then body end where id = $1`,
      [id],
    );

  it('are listed with what became of them, and never with what is in them', async () => {
    const { db, outbox } = admin.base;
    const mail = await db.unitOfWork(async () => {
      const id = await outbox.add(aDelivery(acme.id, { to: 'ann@acme.example', text: 'Your code: 123456' }));
      await outbox.add(anSms(acme.id, { to: '+41791234567', text: 'Your code: 123456' }));
      await db.query(`update outbox set run_at = now() + interval '1 hour'`);
      return id;
    });
    const event = await send();
    const listed = await list();
    expect(listed.map(({ recipient }) => recipient)).to.deep.equal([
      new URL(receiver.url).host,
      '+41 ** *** ** 67',
      'a***@acme.example',
    ]);
    expect(JSON.stringify(listed)).not.to.match(/123456|ann@|4179/);
    expect(listed.map(({ id }) => id)).to.include.members([mail, event]);
    expect((await list('channel eq "email" and status eq "waiting"')).map(({ id }) => id)).to.deep.equal([mail]);
    expect(
      (await list(`webhookId eq "${webhookId}" and eventType eq "webhook.test"`)).map(({ id }) => id),
    ).to.deep.equal([event]);
    expect(await list(undefined, globex)).to.deep.equal([]);
    await admin.refused('getDelivery', 'not-found', { params: { tenant: globex.slug, deliveryId: mail } });
  });

  it('that failed are tried again by themselves, and at once when asked to', async () => {
    receiver.answerWith(500);
    const id = await send();
    const failed = await eventually('it was tried', async () => {
      const delivery = await get(id);
      return delivery.lastError === 'HTTP 500' && delivery;
    });
    expect(failed).to.deep.include({ status: 'waiting', canRetry: true });
    receiver.answerWith(204);
    await admin.base.db.query(`update outbox set run_at = now() + interval '1 hour' where id = $1`, [id]);
    await admin.call('retryDelivery', of(id));
    expect(await becomes(id, 'sent')).to.include({ lastError: null });
  });

  it('of a webhook are sent again after they failed, with the same id and body', async () => {
    receiver.answerWith(410);
    const id = await send();
    expect(await becomes(id, 'failed')).to.include({ lastError: 'HTTP 410', canRetry: true, attempts: 1 });
    const { etag = '' } = await admin.call('getWebhook', { params: { tenant: acme.slug, webhookId } });
    await admin.call('updateWebhook', {
      params: { tenant: acme.slug, webhookId },
      body: { enabled: true },
      ifMatch: etag,
    });
    receiver.answerWith(204);
    await admin.call('retryDelivery', of(id));
    expect(await becomes(id, 'sent')).to.include({ attempts: 1, canRetry: true });
    const [first, second] = receiver.received;
    expect(second?.body).to.equal(first?.body);
    expect(second?.headers['webhook-id']).to.equal(first?.headers['webhook-id']);
    const [event] = await admin.base.db.query(
      `select subject_kind, actor_kind from audit_events where type = 'delivery.retried' and subject_id = $1`,
      [id],
    );
    expect(event).to.deep.equal({ subject_kind: 'delivery', actor_kind: 'system' });
  });

  it('of a webhook are replayed after they were sent, until they expire', async () => {
    const id = await send();
    await becomes(id, 'sent');
    await admin.call('retryDelivery', of(id));
    await eventually('it arrives again', () => receiver.received.length === 2);
    expect(receiver.received[1]?.body).to.equal(receiver.received[0]?.body);
    await becomes(id, 'sent');
    await admin.base.db.query(`update outbox set expires_at = now() - interval '1 hour' where id = $1`, [id]);
    await sweepExpired(admin.base.db, new Date());
    await admin.refused('retryDelivery', 'not-found', of(id));
  });

  it('to a person are not sent again once they were given up, for what was in them is gone', async () => {
    const id = await admin.base.outbox.add(aDelivery(acme.id));
    await bury(id);
    expect(await get(id)).to.include({ status: 'failed', recipient: null, canRetry: false });
    const { detail } = await admin.refused('retryDelivery', 'wrong-state', of(id));
    expect(detail).to.include('deleted');
    const events = await admin.base.db.query(`select 1 from audit_events where subject_id = $1`, [id]);
    expect(events).to.deep.equal([]);
  });

  it('of a webhook that was removed are gone with it', async () => {
    receiver.answerWith(500);
    const id = await send();
    await admin.call('deleteWebhook', { params: { tenant: acme.slug, webhookId }, ifMatch: '*' });
    await admin.refused('getDelivery', 'not-found', of(id));
  });

  it('are retried by who may', async () => {
    const id = await send();
    const caller = callerOf(acme, ['deliveries:read', 'webhooks:*']);
    await admin.refused('retryDelivery', 'permission-denied', { ...of(id), caller });
    await admin.call('getDelivery', { ...of(id), caller });
  });

  it('of slow webhooks hold up no mail', async () => {
    receiver.answerWith(0);
    const mail = await admin.base.outbox.add(aDelivery(acme.id));
    for (let index = 0; index < 30; index++) await send();
    expect(await becomes(mail, 'sent')).to.include({ attempts: 1 });
    receiver.stop();
  });
});
