// The attempt limiter of two processes, on each kind of database and store that they may share.

import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';

import { openEmbedded } from '../../src/db/database-pglite.ts';
import { openPostgres } from '../../src/db/database-postgres.ts';
import type { Database } from '../../src/db/database.ts';
import { migrateUp } from '../../src/db/migrate.ts';
import { createMemoryStore } from '../../src/ephemeral/ephemeral-memory.ts';
import { createRedisStore } from '../../src/ephemeral/ephemeral-redis.ts';
import type { EphemeralStore } from '../../src/ephemeral/ephemeral-store.ts';
import { createPostgresAttemptCounters } from '../../src/security/attempt-limiter-postgres.ts';
import { createAttemptLimiter } from '../../src/security/attempt-limiter.ts';
import type {
  Attempt,
  AttemptLimiter,
  AttemptLimiterOptions,
  Reservation,
} from '../../src/security/attempt-limiter.ts';
import { testDatabaseUrl } from './postgres.ts';
import { testRedisUrl } from './redis.ts';
import { aTenant } from './rows.ts';

/** The databases and stores of two processes of one installation, or of one where it can have no other. */
interface Installation {
  databases: Database[];
  stores: EphemeralStore[];
}

const CONNECTIONS = 30;

const INSTALLATIONS: Record<string, () => Promise<Installation>> = {
  async 'Postgres and Redis'() {
    const [url, redisUrl] = [await testDatabaseUrl(), await testRedisUrl()];
    return {
      databases: [openPostgres({ url, poolMax: CONNECTIONS }), openPostgres({ url, poolMax: CONNECTIONS })],
      stores: [createRedisStore({ url: redisUrl }), createRedisStore({ url: redisUrl })],
    };
  },
  async 'Postgres and memory'() {
    return {
      databases: [openPostgres({ url: await testDatabaseUrl(), poolMax: CONNECTIONS })],
      stores: [createMemoryStore()],
    };
  },
  async 'PGlite and memory'() {
    const db = await openEmbedded();
    await migrateUp(db);
    return { databases: [db], stores: [createMemoryStore()] };
  },
};

type Reserve = (attempt?: Partial<Attempt>) => ReturnType<AttemptLimiter['reserve']>;

/** An installation, with a tenant of its own for each test. */
export interface LimitedDoor {
  /** Makes attempts by turns of the processes, each from another address unless told; answers how each ended. */
  attempts(options?: Partial<AttemptLimiterOptions>): Reserve;
  /** Makes attempts that are let through, and leaves them counted. */
  failTimes(times: number, reserve?: Reserve, attempt?: Partial<Attempt>): Promise<void>;
  /** An attempt that is let through. */
  reservation(reserve?: Reserve, attempt?: Partial<Attempt>): Promise<Reservation>;
  /** Moves what the counters remember into the past. */
  age(column: 'blocked_until' | 'last_attempt_at', by: string): Promise<unknown>;
  counters(): Promise<{ subject: string; failures: number; blocked: boolean }[]>;
  anotherTenant(): Promise<string>;
}

/** Runs the same tests on every installation. */
export function describeAttemptLimiter(title: string, tests: (door: LimitedDoor) => void): void {
  for (const [name, make] of Object.entries(INSTALLATIONS)) {
    describe(`the attempt limiter on ${name} ${title}`, () => {
      let databases: Database[];
      let stores: EphemeralStore[];
      let db: Database;
      let tenantId: string;

      before(async () => {
        ({ databases, stores } = await make());
        const [first] = databases;
        if (!first) throw new Error('an installation has a database');
        db = first;
        await Promise.all(databases.map(openEveryConnection));
      });
      beforeEach(async () => {
        tenantId = await aTenant(db);
      });
      after(async () => {
        await Promise.all([...databases, ...stores].map((each) => each.close()));
      });

      const door: LimitedDoor = {
        attempts(options) {
          const limiters = databases.map((database, i) => {
            const store = stores[i] ?? createMemoryStore();
            return createAttemptLimiter({ counters: createPostgresAttemptCounters(database), store, ...options });
          });
          let turn = 0;
          return (attempt) => {
            const limiter = limiters[turn++ % limiters.length];
            if (!limiter) throw new Error('an installation has a process');
            return limiter.reserve({ tenantId, kind: 'password', subjects: ['ann'], address: uuidv7(), ...attempt });
          };
        },
        async failTimes(times, reserve = door.attempts(), attempt) {
          for (let i = 0; i < times; i++) expect((await reserve(attempt)).ok, `attempt ${i + 1}`).to.equal(true);
        },
        async reservation(reserve = door.attempts(), attempt) {
          const outcome = await reserve(attempt);
          if (!outcome.ok) throw new Error('blocked');
          return outcome.value;
        },
        age: (column, by) =>
          db.query(`update attempt_counters set ${column} = ${column} - $2::interval where tenant_id = $1`, [
            tenantId,
            by,
          ]),
        counters: () =>
          db.query(
            `select subject, failures, coalesce(blocked_until > now(), false) as blocked
             from attempt_counters where tenant_id = $1 order by subject`,
            [tenantId],
          ),
        anotherTenant: () => aTenant(db),
      };
      tests(door);
    });
  }
}

/** So that statements sent at once also begin at once, and none waits for its connection until others have ended. */
async function openEveryConnection(db: Database): Promise<void> {
  if (db.kind === 'pglite') return;
  await Promise.all(Array.from({ length: CONNECTIONS }, () => db.query('select pg_sleep(0.2)')));
}
