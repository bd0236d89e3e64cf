import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

import { openPostgres } from '../../src/db/database-postgres.ts';
import type { OpenDatabase } from '../../src/db/pooled-database.ts';
import { migrateUp } from '../../src/db/migrate.ts';
import { startDeliveryWorker } from '../../src/delivery/delivery-worker.ts';
import type { DeliveryWorker, DeliveryWorkerOptions } from '../../src/delivery/delivery-worker.ts';
import { DeliveryError, createEnqueue } from '../../src/delivery/delivery.ts';
import type { Channel, EmailMessage } from '../../src/delivery/delivery.ts';
import { createPostgresOutbox } from '../../src/delivery/outbox-postgres.ts';
import { eventually } from '../support/eventually.ts';
import { aDelivery, anSms, outboxEncryption } from '../support/outbox.ts';
import { startPostgres, testDatabaseUrl } from '../support/postgres.ts';
import { startProcess } from '../support/processes.ts';
import { aTenant } from '../support/rows.ts';

describe('the delivery worker, on Postgres', () => {
  let url: string;
  let db: OpenDatabase;
  let tenantId: string;
  const workers: DeliveryWorker[] = [];

  before(async () => {
    url = await testDatabaseUrl();
    db = openPostgres({ url });
    tenantId = await aTenant(db);
  });
  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.stop(0)));
    await db.query('delete from outbox');
  });
  after(() => db.close());

  const outbox = (database = db) => createPostgresOutbox(database, outboxEncryption);
  const queued = () =>
    db.query<{ state: string; attempts: number; last_error: string | null }>(
      'select state, attempts, last_error from outbox',
    );
  const allSent = async () => (await queued()).every(({ state }) => state === 'sent');
  const send = (message: Partial<EmailMessage> = {}) => outbox().add(aDelivery(tenantId, message));

  function work(email: Channel<EmailMessage>, options: Partial<DeliveryWorkerOptions> = {}): DeliveryWorker {
    const log = { warn: () => undefined };
    const worker = startDeliveryWorker({ outbox: outbox(), channels: { email }, log, pollMs: 50, ...options });
    workers.push(worker);
    return worker;
  }

  it('sends every message once, however many workers there are', async () => {
    const other = openPostgres({ url });
    const seen: string[] = [];
    const channel: Channel<EmailMessage> = {
      send: async ({ subject }) => {
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
        seen.push(subject);
      },
    };
    const subjects = Array.from({ length: 300 }, (_, i) => `message ${i}`);
    await Promise.all(subjects.map((subject) => send({ subject })));
    work(channel);
    const worker = work(channel, { outbox: outbox(other) });
    await eventually('everything to be sent', allSent);
    expect(seen.sort()).to.deep.equal(subjects.sort());
    await worker.stop();
    await other.close();
  });

  it('sends soon after the commit when poked, not after the next poll', async () => {
    const sentAt = Promise.withResolvers<number>();
    const worker = work({ send: async () => sentAt.resolve(performance.now()) }, { pollMs: 20_000 });
    const enqueue = createEnqueue(outbox(), () => worker.poke());
    await db.unitOfWork(async () => {
      await enqueue(aDelivery(tenantId));
      await db.query('select pg_sleep(0.1)'); // the worker looks in vain before the commit
    });
    const committedAt = performance.now();
    expect((await sentAt.promise) - committedAt).to.be.below(1000);
  });

  it('sends by the channel that a message is for, and keeps one that it has no channel for', async () => {
    const texts: string[] = [];
    const mail = await send();
    const sms = await outbox().add(anSms(tenantId, { text: '123456' }));
    const stopped = work({ send: () => Promise.reject(new DeliveryError('never', { permanent: true })) });
    const status = (id: string) => outbox().status(tenantId, id);
    await eventually('the mail to fail', async () => (await status(mail)) === 'failed');
    await eventually('the attempt', async () => (await queued()).some((row) => row.last_error === 'no sms channel'));
    expect(await status(sms)).to.equal('waiting');
    await stopped.stop();

    await db.query('update outbox set run_at = now()');
    work(
      { send: () => Promise.resolve() },
      { channels: { sms: { send: async ({ to, text }) => void texts.push(`${to} ${text}`) } } },
    );
    await eventually('the message to be sent', async () => (await status(sms)) === 'sent');
    expect(texts).to.deep.equal(['+41791234567 123456']);
  });

  it('tries again after a failure, with the same id, and says why in the meantime', async () => {
    const ids: string[] = [];
    const channel: Channel<EmailMessage> = {
      send: async (_message, id) => {
        ids.push(id);
        if (ids.length === 1) throw new DeliveryError('ESOCKET ECONNREFUSED');
      },
    };
    await send();
    work(channel);
    const [waiting] = await eventually('a failed attempt', async () => {
      const rows = await queued();
      return rows[0]?.last_error ? rows : undefined;
    });
    expect(waiting).to.deep.equal({ state: 'ready', attempts: 1, last_error: 'ESOCKET ECONNREFUSED' });
    await eventually('everything to be sent', allSent);
    expect(ids.length).to.equal(2);
    expect(ids[0]).to.equal(ids[1]);
  });

  it('keeps nothing of what an unknown error says', async () => {
    await send();
    work({ send: () => Promise.reject(new TypeError('cannot read the code 123456')) });
    const [row] = await eventually('a failed attempt', async () => {
      const rows = await queued();
      return rows[0]?.last_error ? rows : undefined;
    });
    expect(row?.last_error).to.equal('TypeError');
  });

  it('buries what is refused for good, what expired, and what failed too often', async () => {
    await send({ subject: 'refused' });
    work({ send: () => Promise.reject(new DeliveryError('EENVELOPE 550 RCPT TO', { permanent: true })) });
    const dead = (reason: string) => async () =>
      (await queued()).some((row) => row.state === 'dead' && row.last_error === reason);
    await eventually('a refused message to be dead', dead('EENVELOPE 550 RCPT TO'));

    let sent = 0;
    await Promise.all(workers.splice(0).map((worker) => worker.stop()));
    await outbox().add({ ...aDelivery(tenantId), expiresAt: new Date(Date.now() - 1000) });
    await send();
    await db.query("update outbox set attempts = 12 where state = 'ready' and expires_at > now()");
    work({ send: async () => void sent++ });
    await eventually('an expired message to be dead', dead('expired'));
    await eventually('a hopeless message to be dead', dead('given up after 12 attempts'));
    expect(sent).to.equal(0);
  });

  it('does not try again what would come too late', async () => {
    await outbox().add({ ...aDelivery(tenantId), expiresAt: new Date(Date.now() + 900) });
    work({ send: () => Promise.reject(new DeliveryError('ETIMEDOUT')) });
    const [row] = await eventually('a dead message', async () => {
      const rows = await queued();
      return rows[0]?.state === 'dead' ? rows : undefined;
    });
    expect(row).to.include({ attempts: 1, last_error: 'ETIMEDOUT' });
  });

  it('breaks off an attempt that hangs, and goes on', async () => {
    const hanging: Channel<EmailMessage> = {
      send: ({ subject }, _id, signal) =>
        subject === 'hang'
          ? new Promise((_, reject) => signal.addEventListener('abort', () => reject(new DeliveryError('EABORT'))))
          : Promise.resolve(),
    };
    await send({ subject: 'hang' });
    await send({ subject: 'go' });
    work(hanging, { concurrency: 1, sendTimeoutMs: 100 });
    await eventually('the other message to be sent', async () => {
      const rows = await queued();
      return rows.some(({ state }) => state === 'sent') && rows.some((row) => row.last_error === 'EABORT');
    });
  });

  it('delivers after the lease what a killed process had claimed', async () => {
    await send();
    const file = fileURLToPath(new URL('../support/crashing-worker.ts', import.meta.url));
    const crashing = await startProcess(process.execPath, [file], { env: { DATABASE_URL: url } });
    expect(await crashing.exited, crashing.output()).to.equal('SIGKILL');
    expect(await queued()).to.deep.equal([{ state: 'ready', attempts: 1, last_error: null }]);

    const sent: string[] = [];
    work({ send: async (_message, id) => void sent.push(id) });
    await eventually('everything to be sent', allSent);
    expect(sent.length).to.equal(1);
  });

  it('lets what is being sent finish when it stops, and takes nothing more', async () => {
    const release = Promise.withResolvers<undefined>();
    const started: string[] = [];
    await send();
    await send();
    const worker = work(
      {
        send: async (_message, id) => {
          started.push(id);
          await release.promise;
        },
      },
      { concurrency: 1 },
    );
    await eventually('a message to be under way', () => started.length === 1);
    const stopped = worker.stop();
    release.resolve(undefined);
    await stopped;
    expect(started.length).to.equal(1);
    expect((await queued()).map(({ state }) => state)).to.have.members(['sent', 'ready']);
  });

  it('survives an outage of the database, and sends nothing twice for it', async () => {
    const server = await startPostgres();
    const fragile = openPostgres({ url: server.url(), acquireTimeoutMs: 500 });
    await migrateUp(fragile);
    const tenant = await aTenant(fragile);
    await outbox(fragile).add(aDelivery(tenant));
    const stopped = Promise.withResolvers<undefined>();
    let warnings = 0;
    let sent = 0;
    const worker = work(
      {
        send: async () => {
          if (sent++ > 0) return;
          await server.stop(); // between the sending and the settling
          stopped.resolve(undefined);
        },
      },
      { outbox: outbox(fragile), log: { warn: () => void warnings++ } },
    );
    await stopped.promise;
    await eventually('the worker to notice the outage', () => warnings > 1);
    await server.start();
    const waiting = async () => (await fragile.query("select id from outbox where state = 'ready'")).length;
    await eventually('the message to be settled', async () => (await waiting()) === 0);
    await outbox(fragile).add(aDelivery(tenant));
    await eventually('the next message to be sent', async () => (await waiting()) === 0);
    expect(sent).to.equal(2);
    await worker.stop();
    await fragile.close();
  });
});
