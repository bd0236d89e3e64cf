import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';

import type { Database } from '../../src/db/database.ts';
import { sweepExpired } from '../../src/db/expiry.ts';
import type { ClaimedDelivery, Outbox } from '../../src/delivery/delivery.ts';
import { createPostgresOutbox } from '../../src/delivery/outbox-postgres.ts';
import { createEncryption } from '../../src/security/encryption.ts';
import { describeOnEveryDatabase } from '../support/every-database.ts';
import { aDelivery, anSms, outboxEncryption as encryption } from '../support/outbox.ts';
import { aTenant } from '../support/rows.ts';

describeOnEveryDatabase('the outbox', (databases) => {
  let db: Database;
  let outbox: Outbox;
  let tenantId: string;

  before(async () => {
    db = databases.db();
    outbox = createPostgresOutbox(db, encryption);
    tenantId = await aTenant(db);
  });
  beforeEach(() => db.query('delete from outbox'));

  async function claimOne(leaseSeconds = 60): Promise<ClaimedDelivery> {
    const [claimed] = await outbox.claim(1, leaseSeconds);
    if (!claimed) throw new Error('nothing was due');
    return claimed;
  }
  /** Lets the lease or the pause of every message run out. */
  const makeDue = () => db.query('update outbox set run_at = now()');
  const stateOf = ({ id }: ClaimedDelivery) =>
    db.one('select state, attempts, last_error, run_at > now() as later from outbox where id = $1', [id]);

  it('queues in the transaction of the caller', async () => {
    const rolledBack = db.unitOfWork(async () => {
      await outbox.add(aDelivery(tenantId));
      throw new Error('the business said no');
    });
    expect(await rolledBack.catch((error: unknown) => String(error))).to.contain('said no');
    expect(await outbox.claim(10, 60)).to.deep.equal([]);

    await db.unitOfWork(() => outbox.add(aDelivery(tenantId, { subject: 'kept' })));
    const [claimed, ...more] = await outbox.claim(10, 60);
    expect(more).to.deep.equal([]);
    expect(claimed).to.deep.include({ tenantId, channel: 'email', attempt: 1 });
    expect(claimed?.message).to.deep.equal(aDelivery(tenantId, { subject: 'kept' }).message);
  });

  it('keeps bodies encrypted, each for its own row', async () => {
    await outbox.add(aDelivery(tenantId, { subject: 'confidential', to: 'ann@example.com' }));
    await outbox.add(aDelivery(tenantId));
    const rows = await db.query<{ id: string; body: string }>('select id, body from outbox order by id');
    expect(JSON.stringify(rows)).not.to.match(/confidential|ann@example/);

    await db.query('update outbox set body = $1 where id = $2', [rows[0]?.body, rows[1]?.id]);
    const claimed = await outbox.claim(10, 60);
    expect(claimed.map(({ id }) => id)).to.deep.equal([rows[0]?.id]);
  });

  it('leaves a body that it cannot read for somebody with the key, until it expires', async () => {
    await outbox.add(aDelivery(tenantId));
    const stranger = createPostgresOutbox(
      db,
      createEncryption([{ id: 'k2', secret: 'quite another secret, and long as well' }]),
    );
    expect(await stranger.claim(1, 60)).to.deep.equal([]);
    await makeDue();
    expect(await claimOne()).to.include({ attempt: 2 });

    await db.query("update outbox set run_at = now(), expires_at = now() - interval '1 second'");
    expect(await stranger.claim(1, 60)).to.deep.equal([]);
    expect(await db.one('select state, last_error from outbox')).to.deep.equal({
      state: 'dead',
      last_error: 'the message cannot be decrypted',
    });
  });

  it('gives a message to one claimer until the lease has run out', async () => {
    await outbox.add(aDelivery(tenantId));
    const first = await claimOne();
    expect(await outbox.claim(1, 60)).to.deep.equal([]);
    await makeDue();
    expect(await claimOne()).to.deep.equal({ ...first, attempt: 2 });
  });

  it('shares messages out among claimers, each to one of them', async () => {
    const ids = Array.from({ length: 60 }, () => outbox.add(aDelivery(tenantId)));
    await Promise.all(ids);
    const outboxes = [outbox, createPostgresOutbox(databases.other(), encryption)];
    const claims = await Promise.all(Array.from({ length: 20 }, (_, i) => (outboxes[i % 2] ?? outbox).claim(5, 60)));
    const claimed = claims.flat().map(({ id }) => id);
    expect(new Set(claimed).size).to.equal(claimed.length);
    expect(claimed.length).to.be.at.least(55);
    expect(Math.max(...claims.map((claim) => claim.length))).to.equal(5);
  });

  it('postpones, buries, and forgets the body of what was sent', async () => {
    await outbox.add(aDelivery(tenantId));
    const claimed = await claimOne();
    await outbox.postpone(claimed, 30, 'x'.repeat(1000));
    expect(await stateOf(claimed)).to.deep.equal({
      state: 'ready',
      attempts: 1,
      last_error: 'x'.repeat(300),
      later: true,
    });
    await makeDue();
    const again = await claimOne();
    await outbox.bury(again, 'expired');
    expect(await stateOf(again)).to.include({ state: 'dead', attempts: 2, last_error: 'expired' });
    expect(await db.one('select body from outbox')).to.deep.equal({ body: null });
    expect(await outbox.claim(1, 60)).to.deep.equal([]);

    await outbox.add(aDelivery(tenantId));
    const sent = await claimOne();
    await outbox.postpone(sent, 0, 'busy');
    await makeDue();
    const sentAgain = await claimOne();
    await outbox.markSent(sentAgain);
    expect(await stateOf(sentAgain)).to.include({ state: 'sent', last_error: null });
    expect(await db.one('select body from outbox where id = $1', [sentAgain.id])).to.deep.equal({ body: null });
    await makeDue();
    expect(await outbox.claim(1, 60)).to.deep.equal([]);
  });

  it('keeps text messages too', async () => {
    const id = await outbox.add(anSms(tenantId, { text: '123456' }));
    const { channel, message } = await claimOne();
    expect({ channel, message }).to.deep.equal({ channel: 'sms', message: { to: '+41791234567', text: '123456' } });
    expect(JSON.stringify(await db.one('select * from outbox where id = $1', [id]))).to.not.match(/123456|\+4179/);
  });

  it('tells what became of a message, to its own tenant', async () => {
    const add = (expiresIn = 60_000) =>
      outbox.add({ ...aDelivery(tenantId), expiresAt: new Date(Date.now() + expiresIn) });
    const status = (id: string) => outbox.status(tenantId, id);
    const sent = await add();
    expect(await status(sent)).to.equal('waiting');
    await outbox.markSent(await claimOne());
    const dead = await add();
    await outbox.bury(await claimOne(), 'refused');
    const tried = await add();
    await outbox.postpone(await claimOne(), 30, 'busy');
    const late = await add(-1000);
    expect(await Promise.all([sent, dead, tried, late].map(status))).to.deep.equal([
      'sent',
      'failed',
      'waiting',
      'failed',
    ]);
    expect(await outbox.status(await aTenant(db), sent)).to.equal(undefined);
    expect(await status(uuidv7())).to.equal(undefined);
  });

  it('forgets what was sent once it has expired', async () => {
    const forgotten = await outbox.add(aDelivery(tenantId));
    await outbox.markSent(await claimOne());
    const kept = await outbox.add(aDelivery(tenantId));
    await outbox.markSent(await claimOne());
    const waiting = await outbox.add(aDelivery(tenantId));
    await db.query("update outbox set expires_at = now() - interval '1 day' where id in ($1, $2)", [
      forgotten,
      waiting,
    ]);
    await sweepExpired(db, new Date());
    const left = await db.query('select id from outbox order by id');
    expect(left).to.deep.equal([{ id: kept }, { id: waiting }]);
  });

  it('lets nobody settle a claim that has passed to somebody else', async () => {
    await outbox.add(aDelivery(tenantId));
    const late = await claimOne();
    await makeDue();
    const current = await claimOne();
    await outbox.markSent(late);
    await outbox.postpone(late, 3600, 'late');
    await outbox.bury(late, 'late');
    expect(await stateOf(current)).to.deep.include({ state: 'ready', attempts: 2, last_error: null });
  });

  it('forgets what has been dead for 30 days', async () => {
    await db.query(
      `insert into outbox (id, tenant_id, channel, body, state, run_at, expires_at)
         values ($1, $2, 'email', '', 'dead', now() - interval '31 days', now())`,
      [uuidv7(), tenantId],
    );
    await outbox.add(aDelivery(tenantId));
    const claimed = await claimOne();
    await outbox.bury(claimed, 'expired');
    expect(await db.query('select id from outbox')).to.deep.equal([{ id: claimed.id }]);
  });
});
