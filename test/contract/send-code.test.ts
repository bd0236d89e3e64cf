import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';

import type { AuditEvent } from '../../src/audit/audit.ts';
import type { Delivery } from '../../src/delivery/delivery.ts';
import { createRedisStore } from '../../src/ephemeral/ephemeral-redis.ts';
import type { EphemeralStore } from '../../src/ephemeral/ephemeral-store.ts';
import { AppError } from '../../src/errors.ts';
import { createSendCode } from '../../src/second-factors/send-code.ts';
import type { CodeRequest, SendCodeOptions } from '../../src/second-factors/send-code.ts';
import type { Tenant } from '../../src/tenants/tenants.ts';
import { twenty } from '../support/at-once.ts';
import { describeOnEveryStore } from '../support/every-store.ts';
import { freePort } from '../support/ports.ts';
import { settings } from '../support/tenants.ts';

const NOW = new Date('2026-01-01T12:00:00Z');

function aTenant(perDay = 1000): Tenant {
  const id = uuidv7();
  const policy = { sms: { perDay } };
  return {
    id,
    slug: 'acme',
    name: 'Acme',
    status: 'active',
    settings: settings({ policy }),
    secret: '',
    directories: [],
    version: 1,
  };
}

describeOnEveryStore('sending a code', (storeOf) => {
  let queued: Delivery[];
  let audited: AuditEvent[];
  let tenant: Tenant;

  beforeEach(() => {
    queued = [];
    audited = [];
    tenant = aTenant();
  });

  function sender(options: Partial<SendCodeOptions> = {}, store: EphemeralStore = storeOf()) {
    return createSendCode({
      store,
      db: { unitOfWork: (work) => work() },
      enqueue: async (delivery) => `delivery-${queued.push(delivery)}`,
      audit: { record: async (event) => void audited.push(event) },
      channels: ['email', 'sms'],
      write: {
        email: (of, language, words) => ({ subject: of.name, text: JSON.stringify({ language, ...words }), html: '' }),
        sms: (_of, language, words) => JSON.stringify({ language, ...words }),
      },
      now: () => NOW,
      ...options,
    });
  }
  const to = (message: Partial<CodeRequest['message']> = {}, rest: Partial<CodeRequest> = {}): CodeRequest => ({
    tenant,
    userId: uuidv7(),
    language: 'de',
    purpose: 'prove',
    life: 290,
    message: { channel: 'sms', to: '+41791234567', code: '123456', ...message },
    ...rest,
  });
  const mailTo = (address: string) => to({ channel: 'email', to: address });
  const numbers = (count: number) => Array.from({ length: count }, (_, n) => `+4179123${String(1000 + n)}`);

  it('queues the words until the code runs out, and answers by what to ask for it', async () => {
    const send = sender();
    expect(await send(to())).to.deep.equal({ ok: true, value: { deliveryId: 'delivery-1' } });
    expect(await send(mailTo('ann@example.com'))).to.deep.equal({ ok: true, value: { deliveryId: 'delivery-2' } });
    const common = { tenantId: tenant.id, expiresAt: new Date('2026-01-01T12:04:50Z') };
    const text = JSON.stringify({ language: 'de', code: '123456', minutes: 5, purpose: 'prove' });
    expect(queued).to.deep.equal([
      { ...common, channel: 'sms', message: { to: '+41791234567', text } },
      { ...common, channel: 'email', message: { to: 'ann@example.com', subject: 'Acme', text, html: '' } },
    ]);
  });

  it('writes down that a code was sent, and neither the code nor where to', async () => {
    await sender()(to({}, { userId: 'u1', purpose: 'enrol' }));
    expect(audited).to.have.length(1);
    expect(audited[0]).to.deep.include({
      type: 'second_factor.sent',
      tenantId: tenant.id,
      subject: { kind: 'user', id: 'u1' },
      detail: { factor: 'sms', purpose: 'enrol' },
    });
    expect(JSON.stringify(audited)).to.not.match(/123456|4179/);
  });

  it('is not possible by a channel that is not there', async () => {
    const send = sender({ channels: ['email'] });
    expect(await send(to())).to.deep.equal({ ok: false, reason: 'unreachable' });
    expect(await send(mailTo('ann@example.com'))).to.include({ ok: true });
    expect(queued).to.have.length(1);
  });

  it('is limited to five in ten minutes for one recipient, however many ask at once', async () => {
    const senders = [sender({}, storeOf(0)), sender({}, storeOf(1))];
    const outcomes = await twenty((n) => (senders[n % 2] ?? sender())(to()));
    expect(outcomes.filter(({ ok }) => ok)).to.have.length(5);
    expect(queued).to.have.length(5);
    const refused = outcomes.find(({ ok }) => !ok);
    expect(refused).to.include({ reason: 'too-many-sent' });
    expect(refused && 'retryAfter' in refused && refused.retryAfter).to.be.within(500, 600);
    expect(
      audited.filter(({ type, reason }) => type === 'second_factor.blocked' && reason === 'too-many-sent'),
    ).to.have.length(15);
  });

  it('leaves the owner of a number their codes, whoever else enters it as their own', async () => {
    const send = sender();
    const enrol = () => send(to({}, { purpose: 'enrol' }));
    const outcomes = [];
    for (let n = 0; n < 6; n++) outcomes.push(await enrol());
    expect(outcomes.map(({ ok }) => ok)).to.deep.equal([true, true, true, false, false, false]);
    for (let n = 0; n < 5; n++) expect(await send(to()), `code ${n + 1}`).to.include({ ok: true });
    expect(await send(to())).to.include({ reason: 'too-many-sent' });
  });

  it('is limited in a day: five to enrol, twenty to prove', async () => {
    const increment = (key: string, ttl: number) =>
      key.endsWith(':burst') ? Promise.resolve({ count: 1, secondsLeft: ttl }) : storeOf().increment(key, ttl);
    const send = sender({ store: { increment } });
    for (const [purpose, limit] of [
      ['enrol', 5],
      ['prove', 20],
    ] as const) {
      for (let n = 0; n < limit; n++) expect(await send(to({}, { purpose }))).to.include({ ok: true });
      expect(await send(to({}, { purpose })), purpose).to.include({ reason: 'too-many-sent' });
    }
  });

  it('counts the spellings of one mailbox as one, and every tenant for itself', async () => {
    const send = sender();
    const spellings = [
      'ann@example.com',
      'Ann@example.com',
      'ann+1@example.com',
      'ANN+2@example.com',
      'ann+3@example.com',
    ];
    for (const address of spellings) expect(await send(mailTo(address)), address).to.include({ ok: true });
    expect(await send(mailTo('aNN+4@example.com'))).to.include({ reason: 'too-many-sent' });
    expect(await send(mailTo('anna@example.com'))).to.include({ ok: true });
    expect(await send({ ...mailTo('ann@example.com'), tenant: aTenant() })).to.include({ ok: true });
  });

  it('is limited to the messages that the tenant pays for in a day', async () => {
    tenant = aTenant(3);
    const send = sender();
    const outcomes = [];
    for (const number of numbers(4)) outcomes.push(await send(to({ to: number })));
    expect(outcomes.map(({ ok }) => ok)).to.deep.equal([true, true, true, false]);
    const last = outcomes[3];
    expect(last && 'retryAfter' in last && last.retryAfter).to.be.within(86_000, 86_400);
    expect(await send(mailTo('ann@example.com'))).to.include({ ok: true });
  });

  it('is limited for one person, whatever numbers are given', async () => {
    const send = sender();
    const userId = uuidv7();
    const outcomes = [];
    for (const number of numbers(31)) outcomes.push(await send(to({ to: number }, { userId })));
    expect(outcomes.filter(({ ok }) => ok)).to.have.length(30);
    expect(await send(to({ to: '+41791230999' }))).to.include({ ok: true });
  });

  it('costs the tenant nothing when the recipient has had enough', async () => {
    tenant = aTenant(6);
    const send = sender();
    for (let n = 0; n < 10; n++) await send(to());
    expect(await send(to({ to: '+41791234568' }))).to.include({ ok: true });
  });
});

describe('sending a code, with the store down', () => {
  it('sends nothing', async () => {
    const store = createRedisStore({ url: `redis://127.0.0.1:${await freePort()}` });
    let queued = 0;
    const send = createSendCode({
      store,
      db: { unitOfWork: (work) => work() },
      enqueue: async () => `delivery-${++queued}`,
      audit: { record: async () => undefined },
      channels: ['sms'],
      write: { email: () => ({ subject: '', text: '', html: '' }), sms: () => '' },
    });
    const message = { channel: 'sms', to: '+41791234567', code: '123456' } as const;
    const request = { tenant: aTenant(), userId: 'u1', language: 'en', purpose: 'prove', message, life: 300 } as const;
    const error = await send(request).catch((reason: unknown) => reason);
    await store.close();
    expect(error).to.be.instanceOf(AppError).and.to.include({ code: 'storage_unavailable' });
    expect(queued).to.equal(0);
  });
});
