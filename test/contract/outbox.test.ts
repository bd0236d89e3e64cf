import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';

import type { Database } from '../../src/db/database.ts';
import type { ClaimedDelivery, Outbox } from '../../src/delivery/delivery.ts';
import { createPostgresOutbox } from '../../src/delivery/outbox-postgres.ts';
import { createEncryption } from '../../src/security/encryption.ts';
import { describeOnEveryDatabase } from '../support/every-database.ts';
import { aDelivery, outboxEncryption as encryption } from '../support/outbox.ts';
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

  it('removes, postpones and buries', async () => {
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
    expect(await outbox.claim(1, 60)).to.deep.equal([]);

    await outbox.add(aDelivery(tenantId));
    const sent = await claimOne();
    await outbox.remove(sent);
    expect(await stateOf(sent)).to.equal(undefined);
  });

  it('lets nobody settle a claim that has passed to somebody else', async () => {
    await outbox.add(aDelivery(tenantId));
    const late = await claimOne();
    await makeDue();
    const current = await claimOne();
    await outbox.remove(late);
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
