// What becomes of a code while the server that should take it is down, slow, refusing, or not to be trusted: the whole way from
// the outbox by the worker and a real channel, as the status that a person's page shows.

import { expect } from 'chai';
import type { SMTPServerOptions } from 'smtp-server';

import { openPostgres } from '../../src/db/database-postgres.ts';
import type { OpenDatabase } from '../../src/db/pooled-database.ts';
import { startDeliveryWorker } from '../../src/delivery/delivery-worker.ts';
import type { DeliveryWorker } from '../../src/delivery/delivery-worker.ts';
import type { Channels, DeliveryStatus } from '../../src/delivery/delivery.ts';
import { createSmtpChannel } from '../../src/delivery/email-smtp.ts';
import { createPostgresOutbox } from '../../src/delivery/outbox-postgres.ts';
import { createSnsChannel } from '../../src/delivery/sms-sns.ts';
import { eventually } from '../support/eventually.ts';
import { aDelivery, anSms, outboxEncryption } from '../support/outbox.ts';
import { freePort } from '../support/ports.ts';
import { testDatabaseUrl } from '../support/postgres.ts';
import { aTenant } from '../support/rows.ts';
import { startSmtp } from '../support/smtp.ts';
import { SNS_KEYS, startSns } from '../support/sns.ts';

describe('delivery with a fault', () => {
  let db: OpenDatabase;
  let tenantId: string;
  let worker: DeliveryWorker | undefined;
  const open: (() => unknown)[] = [];

  before(async () => {
    db = openPostgres({ url: await testDatabaseUrl() });
    tenantId = await aTenant(db);
  });
  afterEach(async () => {
    await worker?.stop(0);
    for (const close of open.splice(0).reverse()) await close();
    await db.query('delete from outbox');
  });
  after(() => db.close());

  const outbox = () => createPostgresOutbox(db, outboxEncryption);
  const rowOf = (id: string) =>
    db.one<{ attempts: number; last_error: string | null }>('select attempts, last_error from outbox where id = $1', [
      id,
    ]);
  const inMs = (life: number) => ({ expiresAt: new Date(Date.now() + life) });
  const mail = (life = 300_000) => outbox().add({ ...aDelivery(tenantId), ...inMs(life) });
  const sms = (life = 300_000) => outbox().add({ ...anSms(tenantId), ...inMs(life) });
  const becomes = (id: string, status: DeliveryStatus) =>
    eventually(`the status ${status}`, async () => (await outbox().status(tenantId, id)) === status);
  /** It was tried, and is to be tried again. */
  async function reasonToWait(id: string): Promise<string> {
    const reason = await eventually('an attempt', async () => (await rowOf(id))?.last_error ?? undefined);
    expect(await outbox().status(tenantId, id)).to.equal('waiting');
    return reason;
  }
  const tryAgainNow = () => db.query("update outbox set run_at = now() where state = 'ready'");

  function work(channels: Channels): void {
    const log = { warn: () => undefined };
    worker = startDeliveryWorker({ outbox: outbox(), channels, log, pollMs: 50, sendTimeoutMs: 400 });
  }
  async function smtp(options: SMTPServerOptions = {}, port?: number) {
    const server = await startSmtp({ hideSTARTTLS: true, ...options }, port);
    open.push(server.stop);
    return server;
  }
  function email(port: number, host = '127.0.0.1') {
    const channel = createSmtpChannel({ from: 'id@idp.example', url: `smtp://${host}:${port}` });
    open.push(channel.close);
    return channel;
  }
  async function sns() {
    const server = await startSns();
    const channel = createSnsChannel({ provider: 'sns', region: 'eu-west-1', endpoint: server.endpoint, ...SNS_KEYS });
    open.push(server.stop, channel.close);
    return { server, channel };
  }
  const refusing = (code: number) => Object.assign(new Error('no'), { responseCode: code });

  it('waits for a mail server that is down, and fails when the code has run out', async () => {
    work({ email: email(await freePort()) });
    const patient = await mail();
    expect(await reasonToWait(patient)).to.contain('ECONNREFUSED');
    await becomes(await mail(800), 'failed');
  });

  it('sends once the mail server is back', async () => {
    const port = await freePort();
    work({ email: email(port) });
    const id = await mail();
    await reasonToWait(id);
    const server = await smtp({}, port);
    await tryAgainNow();
    await becomes(id, 'sent');
    expect(server.received).to.have.length(1);
  });

  it('breaks off with a mail server that is slow, and sends once it is not', async () => {
    let slow = true;
    const server = await smtp({ onMailFrom: (_address, _session, done) => void (slow ? undefined : done()) });
    work({ email: email(server.port) });
    const id = await mail();
    expect(await reasonToWait(id)).to.match(/^EABORT/);
    slow = false;
    await tryAgainNow();
    await becomes(id, 'sent');
    expect(server.received).to.have.length(1);
  });

  it('fails at once where the recipient is refused for good, and waits where it is put off', async () => {
    let code = 550;
    const server = await smtp({ onRcptTo: (_address, _session, done) => done(refusing(code)) });
    work({ email: email(server.port) });
    const refused = await mail();
    await becomes(refused, 'failed');
    expect(await rowOf(refused)).to.include({ attempts: 1 });
    code = 451;
    expect(await reasonToWait(await mail())).to.contain('451');
  });

  it('hands nothing over without STARTTLS', async () => {
    const server = await smtp({ disabledCommands: ['STARTTLS'] });
    // This machine, by a spelling that is not excused from TLS.
    work({ email: email(server.port, '[::ffff:127.0.0.1]') });
    const id = await mail();
    expect(await reasonToWait(id)).to.match(/^(ETLS|EPROTOCOL)/);
    await becomes(await mail(800), 'failed');
    expect(server.received).to.deep.equal([]);
  });

  it('waits for SNS that throttles or says nothing, and then sends', async () => {
    const { server, channel } = await sns();
    server.fail(() => ({ status: 429, code: 'Throttled' }));
    work({ sms: channel });
    const throttled = await sms();
    expect(await reasonToWait(throttled)).to.equal('ThrottledException 429');
    server.fail(() => 'silent');
    const silent = await sms();
    expect(await reasonToWait(silent)).to.equal('AbortError');
    server.fail(undefined);
    await tryAgainNow();
    await becomes(throttled, 'sent');
    await becomes(silent, 'sent');
    expect(server.published).to.have.length(2);
  });

  it('fails at once for a number that SNS refuses, and goes on with the others', async () => {
    const { server, channel } = await sns();
    server.fail((to) => (to === '+41791234567' ? { status: 400, code: 'InvalidParameter' } : undefined));
    work({ sms: channel });
    await becomes(await sms(), 'failed');
    await becomes(await outbox().add(anSms(tenantId, { to: '+41791234568' })), 'sent');
    expect(server.requests()).to.equal(2);
  });
});
