// What every database must do with migrations, the change feed and expiry. A part of database.ts.

import { expect } from 'chai';
import { bumpTenant, watchTenants } from '../../src/db/change-feed.ts';
import { sweepExpired } from '../../src/db/expiry.ts';
import { assertMigrated, migrateDown, migrateUp, pendingMigrations } from '../../src/db/migrate.ts';
import type { OpenDatabase } from '../../src/db/pooled-database.ts';
import { AppError } from '../../src/errors.ts';
import { createPostgresTenantStore } from '../../src/tenants/tenants-administration-postgres.ts';
import { eventually } from '../support/eventually.ts';
import { aCounter, anAuthorization, aRefreshToken, aSession, aTenant } from '../support/rows.ts';

/** `opened` answers one database, without migrations at first. */
export function describeUpkeep(opened: () => OpenDatabase): void {
  describe('upkeep', () => {
    let db: OpenDatabase;

    before(() => {
      db = opened();
    });

    it('migrates up, down to nothing, and up again', async () => {
      const all = await pendingMigrations(db);
      expect(all)
        .to.include.members(['0001_tenants.ts', '0002_users.ts'])
        .and.deep.equal([...all].sort());
      const refusal = await assertMigrated(db).catch((error: unknown) => error);
      expect(refusal).to.be.instanceOf(AppError).with.property('code', 'invalid_configuration');
      expect(refusal).to.have.property('message').that.includes('0001_tenants.ts').and.includes('sallyport migrate');

      expect(await migrateUp(db)).to.deep.equal(all);
      expect(await migrateUp(db)).to.deep.equal([]);
      await assertMigrated(db);

      for (const latest of all.toReversed()) expect(await migrateDown(db)).to.deep.equal([latest]);
      expect(await migrateDown(db)).to.deep.equal([]);
      expect(await pendingMigrations(db)).to.deep.equal(all);
      expect(await migrateUp(db)).to.deep.equal(all);
    });

    describe('the change feed', () => {
      it('names every tenant at first, then those that changed', async () => {
        const [one, other] = [await aTenant(db), await aTenant(db)];
        const told: string[] = [];
        const watch = watchTenants(db, (id) => told.push(id), { intervalMs: 10 });
        await eventually('both are named', () => told.includes(one) && told.includes(other));

        told.length = 0;
        await bumpTenant(db, one);
        await eventually('the change is told', () => told.length > 0);
        await bumpTenant(db, other);
        await eventually('the other change is told', () => told.length > 1);
        expect(told).to.deep.equal([one, other]);

        await watch.stop();
        await bumpTenant(db, one);
        expect(told).to.have.lengthOf(2);
      });

      it('tells nothing of a change that was taken back', async () => {
        const [kept, lost] = [await aTenant(db), await aTenant(db)];
        const told = new Set<string>();
        const watch = watchTenants(db, (id) => told.add(id), { intervalMs: 10 });
        await eventually('both are named', () => told.has(kept) && told.has(lost));

        told.clear();
        const failing = db.unitOfWork(async () => {
          await bumpTenant(db, lost);
          throw new Error('no');
        });
        await failing.catch(() => undefined);
        await bumpTenant(db, kept);
        await eventually('a change is told', () => told.size > 0);
        await watch.stop();
        expect([...told]).to.deep.equal([kept]);
      });

      it('names a tenant that is gone, also where the change before was not heard of', async () => {
        const gone = await aTenant(db);
        const told: string[] = [];
        const watch = watchTenants(db, (id) => told.push(id), { intervalMs: 10 });
        await eventually('it is named', () => told.includes(gone));

        told.length = 0;
        await db.unitOfWork(async () => {
          await bumpTenant(db, gone);
          await createPostgresTenantStore(db).delete(gone);
        });
        await eventually('it is named again', () => told.length > 0);
        await watch.stop();
        expect(told).to.deep.equal([gone]);
      });

      it('counts twenty changes at once, beside units that change the tenants themselves', async () => {
        const tenants = [await aTenant(db), await aTenant(db)];
        const before = await version(db);
        const changes = Array.from({ length: 20 }, (_, index) =>
          db.unitOfWork(async () => {
            const tenant = tenants[index % 2] ?? '';
            if (index % 3 === 0) await db.query('update tenants set name = $2 where id = $1', [tenant, `${index}`]);
            await bumpTenant(db, tenant);
          }),
        );
        await Promise.all(changes);
        expect(await version(db)).to.equal(before + 20);
        const latest = await db.one('select max(changed_version) as version from tenants');
        expect(latest).to.deep.equal({ version: before + 20 });
      });
    });

    describe('expiry', () => {
      const now = new Date('2026-06-01T12:00:00Z');
      const minutes = (count: number): Date => new Date(now.getTime() + count * 60_000);

      it('takes what expired, with a grace for other clocks, and leaves the rest', async () => {
        const tenant = await aTenant(db);
        for (const [uid, expires] of Object.entries({ old: -10, justNow: -2, live: 60 })) {
          await aSession(db, tenant, uid, minutes(expires));
          await anAuthorization(db, tenant, uid, minutes(-60));
          await aRefreshToken(db, tenant, uid, minutes(expires));
        }
        await anAuthorization(db, tenant, 'of nobody', minutes(-60));
        await anAuthorization(db, tenant, 'of a session still to be written', minutes(0));
        await aCounter(db, tenant, 'long ago', minutes(-2 * 1_440), undefined);
        await aCounter(db, tenant, 'still blocked', minutes(-2 * 1_440), minutes(60));
        await aCounter(db, tenant, 'today', minutes(-60), undefined);

        expect(await sweepExpired(db, now)).to.equal(6);
        expect(await column(db, 'select uid from sessions order by uid')).to.deep.equal(['justNow', 'live']);
        expect(await column(db, 'select id_hash from refresh_tokens order by id_hash')).to.deep.equal([
          'justNow',
          'live',
        ]);
        expect(await column(db, 'select id from grants order by id')).to.deep.equal(['justNow', 'live']);
        expect(await column(db, 'select session_uid from session_authorizations order by session_uid')).to.deep.equal([
          'justNow',
          'live',
          'of a session still to be written',
        ]);
        expect(await column(db, 'select subject from attempt_counters order by subject')).to.deep.equal([
          'still blocked',
          'today',
        ]);
      });

      it('forgets that a tenant is gone once every process has heard of it', async () => {
        for (const [id, at] of Object.entries({ '0': minutes(-2 * 1_440), '1': minutes(-60) })) {
          await db.query('insert into deleted_tenants (id, version, deleted_at) values ($1, 0, $2)', [
            `00000000-0000-7000-8000-00000000000${id}`,
            at,
          ]);
        }
        expect(await sweepExpired(db, now)).to.equal(1);
        expect(await column(db, 'select id from deleted_tenants where version = 0')).to.deep.equal([
          '00000000-0000-7000-8000-000000000001',
        ]);
      });

      it('takes API keys and imports a month after they have ended', async () => {
        const tenant = await aTenant(db);
        const days = (count: number): Date => minutes(count * 1_440);
        for (const [name, at] of Object.entries({ old: days(-31), ended: days(-29) })) {
          await db.query(
            `insert into api_keys (id, tenant_id, name, permissions, secret_hash, created_by, expires_at)
             values (gen_random_uuid(), $1, $2, '{}', $2, 'test', $3)`,
            [tenant, name, at],
          );
          await db.query(
            `insert into imports (id, tenant_id, digest, state, updated_at) values (gen_random_uuid(), $1, $2, 'failed', $3)`,
            [tenant, name, at],
          );
        }
        expect(await sweepExpired(db, now)).to.equal(2);
        expect(await column(db, 'select name from api_keys')).to.deep.equal(['ended']);
        expect(await column(db, 'select digest from imports')).to.deep.equal(['ended']);
      });

      it('works through more than a batch, two processes at once', async () => {
        const tenant = await aTenant(db);
        await db.query(
          `insert into sessions (tenant_id, uid, id_hash, expires_at)
           select $1, 'many-' || n, 'many-' || n, $2 from generate_series(1, 2500) as n`,
          [tenant, minutes(-60)],
        );
        const swept = await Promise.all([sweepExpired(db, now), sweepExpired(db, now)]);
        expect(swept.reduce((sum, count) => sum + count)).to.equal(2_500);
      });
    });
  });
}

async function version(db: OpenDatabase): Promise<number> {
  const [current] = await column<number>(db, 'select version from change_sequence');
  return current ?? expect.fail('the sequence has no row');
}

async function column<T>(db: OpenDatabase, text: string): Promise<T[]> {
  const rows = await db.query<Record<string, T>>(text);
  return rows.flatMap((row) => Object.values(row));
}
