import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';

import { openEmbedded } from '../../src/db/database-pglite.ts';
import { openPostgres } from '../../src/db/database-postgres.ts';
import type { Database } from '../../src/db/database.ts';
import { migrateUp } from '../../src/db/migrate.ts';
import { createMemoryStore } from '../../src/ephemeral/ephemeral-memory.ts';
import { createRedisStore } from '../../src/ephemeral/ephemeral-redis.ts';
import type { EphemeralStore } from '../../src/ephemeral/ephemeral-store.ts';
import { storageUnavailable } from '../../src/errors.ts';
import { createPostgresAttemptCounters } from '../../src/security/attempt-limiter-postgres.ts';
import { createAttemptLimiter, evaluate } from '../../src/security/attempt-limiter.ts';
import type { Attempt, AttemptLimiterOptions, Reservation } from '../../src/security/attempt-limiter.ts';
import { aTenant } from '../support/outbox.ts';
import { testDatabaseUrl } from '../support/postgres.ts';
import { testRedisUrl } from '../support/redis.ts';

/** The databases and stores of two processes of one installation, or of one where it can have no other. */
interface Installation {
  databases: Database[];
  stores: EphemeralStore[];
}

describeAttemptLimiter('Postgres and Redis', async () => {
  const [url, redisUrl] = [await testDatabaseUrl(), await testRedisUrl()];
  return {
    databases: [openPostgres({ url, poolMax: 60 }), openPostgres({ url, poolMax: 60 })],
    stores: [createRedisStore({ url: redisUrl }), createRedisStore({ url: redisUrl })],
  };
});

describeAttemptLimiter('Postgres and memory', async () => {
  return { databases: [openPostgres({ url: await testDatabaseUrl() })], stores: [createMemoryStore()] };
});

describeAttemptLimiter('PGlite and memory', async () => {
  const db = await openEmbedded();
  await migrateUp(db);
  return { databases: [db], stores: [createMemoryStore()] };
});

function describeAttemptLimiter(name: string, make: () => Promise<Installation>): void {
  describe(`the attempt limiter on ${name}`, () => {
    let databases: Database[];
    let stores: EphemeralStore[];
    let db: Database;
    let tenantId: string;

    before(async () => {
      ({ databases, stores } = await make());
      const [first] = databases;
      if (!first) throw new Error('an installation has a database');
      db = first;
    });
    beforeEach(async () => {
      tenantId = await aTenant(db);
    });
    after(async () => {
      await Promise.all([...databases, ...stores].map((each) => each.close()));
    });

    /** One limiter for each process. */
    const limiters = (options: Partial<AttemptLimiterOptions> = {}) =>
      databases.map((database, i) => {
        const store = stores[i % stores.length] ?? createMemoryStore();
        return createAttemptLimiter({ counters: createPostgresAttemptCounters(database), store, ...options });
      });
    /** Makes attempts one after the other by turns of the processes; answers how each ended. */
    function attempts(limits: Partial<AttemptLimiterOptions> = {}) {
      const processes = limiters(limits);
      let turn = 0;
      return (attempt: Partial<Attempt> = {}) => {
        const limiter = processes[turn++ % processes.length];
        if (!limiter) throw new Error('an installation has a process');
        return limiter.reserve({ tenantId, kind: 'password', subjects: ['ann'], address: uuidv7(), ...attempt });
      };
    }
    const failTimes = async (times: number, reserve = attempts(), attempt: Partial<Attempt> = {}) => {
      for (let i = 0; i < times; i++) expect((await reserve(attempt)).ok, `attempt ${i + 1}`).to.equal(true);
    };
    async function reservation(reserve = attempts(), attempt: Partial<Attempt> = {}): Promise<Reservation> {
      const outcome = await reserve(attempt);
      if (!outcome.ok) throw new Error('blocked');
      return outcome.value;
    }
    const letTime = (column: 'blocked_until' | 'last_attempt_at', pass: string) =>
      db.query(`update attempt_counters set ${column} = ${column} - $2::interval where tenant_id = $1`, [
        tenantId,
        pass,
      ]);
    const blockPasses = () => letTime('blocked_until', '1 hour');
    const counters = () =>
      db.query<{ subject: string; failures: number; blocked: boolean }>(
        `select subject, failures, coalesce(blocked_until > now(), false) as blocked
         from attempt_counters where tenant_id = $1 order by subject`,
        [tenantId],
      );

    it('lets five of fifty at once be evaluated', async () => {
      const reserve = attempts();
      const outcomes = await Promise.all(Array.from({ length: 50 }, () => reserve({ subjects: ['id-of-ann', 'ann'] })));
      expect(outcomes.filter((outcome) => outcome.ok)).to.have.lengthOf(5);
      for (const outcome of outcomes) if (!outcome.ok) expect(outcome.retryAfter).to.be.within(25, 30);
    });

    it('lets one of fifty at once be evaluated once the block is over', async () => {
      const reserve = attempts();
      await failTimes(5, reserve);
      await blockPasses();
      const outcomes = await Promise.all(Array.from({ length: 50 }, () => reserve()));
      expect(outcomes.filter((outcome) => outcome.ok)).to.have.lengthOf(1);
    });

    it('holds aliases of one person to one budget, in whatever order their counters are taken', async () => {
      const reserve = attempts();
      const alias = (i: number) =>
        [
          ['id-of-ann', `alias-${i % 3}`],
          ['zoe', 'id-of-ann'],
        ][i % 2] ?? [];
      const outcomes = await Promise.all(Array.from({ length: 60 }, (_, i) => reserve({ subjects: alias(i) })));
      expect(outcomes.filter((outcome) => outcome.ok)).to.have.lengthOf(5);
      const total = (await counters()).filter(({ subject }) => subject !== 'id-of-ann').map(({ failures }) => failures);
      expect(
        total.reduce((sum, failures) => sum + failures, 0),
        'refused attempts count on nobody',
      ).to.equal(5);
    });

    it('blocks twice as long after each further failure, up to fifteen minutes', async () => {
      const reserve = attempts();
      await failTimes(4, reserve);
      for (const seconds of [30, 60, 120, 240, 480, 900, 900, 900]) {
        await failTimes(1, reserve);
        const refusal = await reserve();
        if (refusal.ok) throw new Error('not blocked');
        expect(refusal.retryAfter).to.be.within(seconds - 3, seconds);
        await blockPasses();
      }
    });

    it('does not count what it refuses', async () => {
      const reserve = attempts();
      await failTimes(5, reserve);
      for (let i = 0; i < 3; i++)
        expect(await reserve({ subjects: ['ann', 'id-of-ann'] })).to.include({ reason: 'blocked' });
      expect(await counters()).to.deep.equal([{ subject: 'ann', failures: 5, blocked: true }]);
    });

    it('keeps to an allowance of the caller’s', async () => {
      const reserve = attempts();
      const allowance = { failures: 1, firstBlock: 600, longestBlock: 600 };
      await failTimes(1, reserve, { allowance });
      expect(await reserve({ allowance }))
        .to.include({ ok: false })
        .and.have.property('retryAfter')
        .within(597, 600);
    });

    it('survives a restart', async () => {
      await failTimes(5);
      expect(await attempts()()).to.include({ ok: false, reason: 'blocked' });
    });

    it('counts people, kinds and tenants apart', async () => {
      const reserve = attempts();
      await failTimes(5, reserve);
      const otherTenant = await aTenant(db);
      for (const other of [{ subjects: ['bob'] }, { kind: 'second-factor' }, { tenantId: otherTenant }] as const) {
        expect((await reserve(other)).ok, JSON.stringify(other)).to.equal(true);
      }
    });

    it('starts anew after success', async () => {
      const reserve = attempts();
      await failTimes(4, reserve);
      const success = await reservation(reserve, { subjects: ['id-of-ann', 'ann'] });
      await success.succeeded();
      expect(await counters()).to.deep.equal([]);
      await failTimes(5, reserve);
    });

    it('starts anew after a day without an attempt', async () => {
      const reserve = attempts();
      await failTimes(4, reserve);
      await letTime('last_attempt_at', '1 day 1 minute');
      await failTimes(5, reserve);
      expect((await reserve()).ok).to.equal(false);
    });

    it('gives back an attempt that was not evaluated, and the block it brought', async () => {
      const reserve = attempts();
      await failTimes(4, reserve);
      await (await reservation(reserve)).release();
      expect(await counters()).to.deep.equal([{ subject: 'ann', failures: 4, blocked: false }]);
      await failTimes(1, reserve);
      await blockPasses();
      await (await reservation(reserve)).release();
      expect(await counters(), 'later blocks as well').to.deep.equal([{ subject: 'ann', failures: 5, blocked: false }]);
    });

    it('gives back attempts in any order, and leaves blocks that others have earned', async () => {
      const reserve = attempts();
      const reserved = await Promise.all(Array.from({ length: 5 }, () => reservation(reserve)));
      await Promise.all(reserved.map((each) => each.release()));
      expect(await counters()).to.deep.equal([{ subject: 'ann', failures: 0, blocked: false }]);

      await failTimes(4, reserve);
      const slow = await reservation(reserve);
      await blockPasses();
      await failTimes(1, reserve);
      await slow.release();
      expect(await counters()).to.deep.equal([{ subject: 'ann', failures: 5, blocked: true }]);
    });

    it('gives the attempt back when evaluating it fails, and passes the fault on', async () => {
      const held = await reservation();
      const fault = new Error('the directory is down');
      expect(await evaluate(held, () => Promise.reject(fault)).catch((error: unknown) => error)).to.equal(fault);
      expect(await counters()).to.deep.equal([{ subject: 'ann', failures: 0, blocked: false }]);
    });

    it('counts an address over all accounts', async () => {
      const address = uuidv7();
      const reserve = attempts({ perAddress: 20 });
      const outcomes = await Promise.all(Array.from({ length: 50 }, () => reserve({ address, subjects: [uuidv7()] })));
      expect(outcomes.filter((outcome) => outcome.ok)).to.have.lengthOf(20);
      expect(await counters(), 'no account is counted for the rest').to.have.lengthOf(20);
      for (const outcome of outcomes) if (!outcome.ok) expect(outcome.retryAfter).to.be.within(1, 300);
      expect((await reserve({ subjects: ['bob'] })).ok, 'from elsewhere').to.equal(true);
    });

    it('counts a tenant over all addresses', async () => {
      const reserve = attempts({ perTenant: 10 });
      const outcomes = await Promise.all(Array.from({ length: 30 }, () => reserve({ subjects: [uuidv7()] })));
      expect(outcomes.filter((outcome) => outcome.ok)).to.have.lengthOf(10);
      expect((await reserve({ tenantId: await aTenant(db) })).ok).to.equal(true);
    });

    it('does not hold an office’s sign-ins against its address', async () => {
      const address = uuidv7();
      const reserve = attempts({ perAddress: 5, perTenant: 5 });
      for (let i = 0; i < 12; i++) {
        const held = await reservation(reserve, { address, subjects: [`person-${i}`] });
        await (i % 2 ? held.succeeded() : held.release());
      }
      await failTimes(5, reserve, { address, subjects: [] });
      expect((await reserve({ address, subjects: [] })).ok).to.equal(false);
    });

    it('takes all addresses of an IPv6 network for one, however they are written', async () => {
      const group = () => Math.floor(Math.random() * 0xefff + 0x1000).toString(16);
      const network = [group(), group()];
      const [high, low] = network;
      const reserve = attempts({ perAddress: 2 });
      const from = (address: string) => reserve({ address, subjects: [] });
      expect((await from(`2001:db8:${high}:${low}::1`)).ok).to.equal(true);
      expect((await from(`2001:0DB8:${high}:${low}:ffff:1:2:3`)).ok).to.equal(true);
      expect((await from(`2001:db8:${high}:${low}:0:0:192.0.2.1`)).ok).to.equal(false);
      expect((await from(`2001:db8:${low}:${high}::1`)).ok).to.equal(true);
      const ip = `198.51.${parseInt(group(), 16) % 256}.${parseInt(group(), 16) % 256}`;
      for (const [address, ok] of [
        [ip, true],
        [`::ffff:${ip}`, true],
        [`::FFFF:${ip}`, false],
      ] as const) {
        expect((await from(address)).ok, address).to.equal(ok);
      }
    });

    it('starts a new count for addresses when the window is over', async () => {
      const address = uuidv7();
      let now = Date.now();
      const reserve = attempts({ perAddress: 1, window: 300, clock: () => now });
      await failTimes(1, reserve, { address });
      const refusal = await reserve({ address });
      if (refusal.ok) throw new Error('not blocked');
      now += refusal.retryAfter * 1000;
      expect((await reserve({ address })).ok).to.equal(true);
    });
  });
}

describe('the attempt limiter without its store', () => {
  it('lets nobody through', async () => {
    const down = { ...createMemoryStore(), increment: () => Promise.reject(storageUnavailable(new Error('refused'))) };
    const counters = { count: () => Promise.reject(new Error('never asked')), clear: () => Promise.resolve() };
    const attempt = { tenantId: 't', kind: 'password', subjects: ['ann'], address: '192.0.2.1' } as const;
    const fault = await createAttemptLimiter({ counters, store: down })
      .reserve(attempt)
      .catch((error: unknown) => error);
    expect(fault).to.include({ code: 'storage_unavailable', status: 503 });
  });
});
