import { expect } from 'chai';

import { sweepExpired } from '../../src/db/expiry.ts';
import { createPostgresTrustedDevices } from '../../src/second-factors/trusted-devices-postgres.ts';
import type { TrustedDevices } from '../../src/second-factors/trusted-devices.ts';
import { describeOnEveryDatabase } from '../support/every-database.ts';
import { aTenant } from '../support/rows.ts';
import { aUser } from '../support/second-factors.ts';

const FIREFOX = { name: 'Firefox on Linux', address: '192.0.2.1', days: 30 };
const DAY_MS = 86_400_000;

describeOnEveryDatabase('trusted devices', ({ db }) => {
  let devices: TrustedDevices;
  let tenantId: string;
  let ann: string;

  beforeEach(async () => {
    devices = createPostgresTrustedDevices(db());
    tenantId = await aTenant(db());
    ann = await aUser(db(), tenantId);
  });

  /** So many days before now. */
  async function used(id: string, days: number): Promise<void> {
    await db().query('update trusted_devices set last_used_at = now() - make_interval(days => $2) where id = $1', [
      id,
      days,
    ]);
  }

  async function expire(id: string): Promise<void> {
    await db().query(`update trusted_devices set expires_at = now() - interval '1 second' where id = $1`, [id]);
  }

  it('are recognised by their mark, for as long as they were trusted', async () => {
    const { id, mark } = await devices.trust(tenantId, ann, FIREFOX);
    await used(id, 3);
    const device = await devices.recognise(tenantId, ann, mark);
    expect(device).to.deep.include({ id, name: 'Firefox on Linux', address: '192.0.2.1' });
    expect(device?.lastUsedAt.getTime()).to.be.closeTo(Date.now(), 60_000);
    expect(device?.expiresAt.getTime()).to.be.closeTo(Date.now() + 30 * DAY_MS, 2 * 3_600_000);

    await expire(id);
    expect(await devices.recognise(tenantId, ann, mark)).to.equal(undefined);
    expect(await devices.list(tenantId, ann)).to.deep.equal([]);
  });

  it('have a mark of 256 random bits, which is not stored', async () => {
    const marks = [await devices.trust(tenantId, ann, FIREFOX), await devices.trust(tenantId, ann, FIREFOX)];
    expect(new Set(marks.map(({ mark }) => mark))).to.have.lengthOf(2);
    const rows = JSON.stringify(await db().query('select * from trusted_devices where user_id = $1', [ann]));
    for (const { mark } of marks) {
      expect(Buffer.from(mark, 'base64url')).to.have.lengthOf(32);
      expect(rows).not.to.contain(mark);
    }
  });

  it('mean nothing under another user, another tenant or another mark', async () => {
    const { id, mark } = await devices.trust(tenantId, ann, FIREFOX);
    const bob = await aUser(db(), tenantId, 'bob');
    for (const [tenant, user] of [
      [tenantId, bob],
      [await aTenant(db()), ann],
    ] as const) {
      expect(await devices.recognise(tenant, user, mark)).to.equal(undefined);
      expect(await devices.list(tenant, user)).to.deep.equal([]);
      expect(await devices.remove(tenant, user, id)).to.equal(false);
      expect(await devices.removeAll(tenant, user)).to.equal(0);
    }
    for (const wrong of ['', 'x', id, mark.toUpperCase()]) {
      expect(await devices.recognise(tenantId, ann, wrong)).to.equal(undefined);
    }
    expect(await devices.recognise(tenantId, ann, mark)).to.include({ id });
  });

  it('are listed, the last used first', async () => {
    const ids = [];
    for (const days of [2, 1, 3]) {
      const { id } = await devices.trust(tenantId, ann, { ...FIREFOX, name: `${days} days ago` });
      await used(id, days);
      ids.push(id);
    }
    const names = (await devices.list(tenantId, ann)).map(({ name }) => name);
    expect(names).to.deep.equal(['1 days ago', '2 days ago', '3 days ago']);
  });

  it('are removed one by one, or all', async () => {
    const first = await devices.trust(tenantId, ann, FIREFOX);
    const others = [await devices.trust(tenantId, ann, FIREFOX), await devices.trust(tenantId, ann, FIREFOX)];
    expect(await devices.remove(tenantId, ann, first.id)).to.equal(true);
    expect(await devices.remove(tenantId, ann, first.id)).to.equal(false);
    expect(await devices.remove(tenantId, ann, 'no-uuid')).to.equal(false);
    expect(await devices.recognise(tenantId, ann, first.mark)).to.equal(undefined);
    expect(await devices.removeAll(tenantId, ann)).to.equal(2);
    for (const { mark } of others) expect(await devices.recognise(tenantId, ann, mark)).to.equal(undefined);
  });

  it('end with a newer password, whatever the clocks differ by', async () => {
    const trusted = async (seconds: number) => {
      const { id, mark } = await devices.trust(tenantId, ann, FIREFOX);
      await db().query('update trusted_devices set created_at = $2 where id = $1', [
        id,
        new Date(changed.getTime() + seconds * 1000),
      ]);
      return mark;
    };
    const changed = new Date(Date.now() - 600_000);
    const older = [await trusted(-DAY_MS / 1000), await trusted(0), await trusted(89)];
    const kept = [await trusted(91), await trusted(300)];
    const bob = await aUser(db(), tenantId, 'bob');
    const bobs = await devices.trust(tenantId, bob, FIREFOX);
    expect(await devices.removeOlder(tenantId, ann, changed)).to.equal(3);
    for (const mark of older) expect(await devices.recognise(tenantId, ann, mark)).to.equal(undefined);
    for (const mark of kept) expect(await devices.recognise(tenantId, ann, mark)).not.to.equal(undefined);
    expect(await devices.removeOlder(tenantId, ann, changed)).to.equal(0);
    expect(await devices.recognise(tenantId, bob, bobs.mark)).not.to.equal(undefined);
  });

  it('are swept once they have expired', async () => {
    const [kept, gone] = [await devices.trust(tenantId, ann, FIREFOX), await devices.trust(tenantId, ann, FIREFOX)];
    await db().query(`update trusted_devices set expires_at = now() - interval '1 hour' where id = $1`, [gone.id]);
    await sweepExpired(db(), new Date());
    const rows = await db().query<{ id: string }>('select id from trusted_devices where user_id = $1', [ann]);
    expect(rows.map(({ id }) => id)).to.deep.equal([kept.id]);
  });
});
