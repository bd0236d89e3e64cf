// What Postgres and PGlite have in common: prepared statements and units of work on a pool of connections.

import { AsyncLocalStorage } from 'node:async_hooks';
import type { Knex } from 'knex';
import type { Pool, QueryConfig } from 'pg';
import { within } from '../deadline.ts';
import { storageUnavailable } from '../errors.ts';
import { sha256 } from '../security/sha256.ts';
import { acquire } from './connection-pool.ts';
import type { Connection } from './connection-pool.ts';
import type { Database } from './database.ts';
import { storageError } from './storage-errors.ts';
import { beginUnit } from './unit-of-work.ts';
import type { Unit } from './unit-of-work.ts';

/** A `Database` whose schema can be changed; migrate.ts does. */
export interface OpenDatabase extends Database {
  /** Lends knex on one connection without time-outs: what a statement sets for its session holds for the next one. */
  withKnex<T>(work: (knex: Knex) => Promise<T>): Promise<T>;
}

/** Everything but how it is opened and closed. */
export function pooledDatabase(pool: Pool): Omit<OpenDatabase, 'kind' | 'withKnex' | 'close'> {
  const current = new AsyncLocalStorage<Unit>();

  async function withConnection<T>(use: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await acquire(pool);
    try {
      return await use(connection);
    } finally {
      connection.release();
    }
  }

  function run<Row extends object>(statement: QueryConfig): Promise<Row[]> {
    const unit = current.getStore();
    return unit ? unit.query<Row>(statement) : withConnection((connection) => connection.run<Row>(statement));
  }

  const query = <Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> =>
    run<Row>(prepared(text, values));

  return {
    query,
    queryOnce: (text, values) => run({ text, values: [...values] }),
    async one<Row extends object>(text: string, values?: readonly unknown[]) {
      const [first] = await query<Row>(text, values);
      return first;
    },
    unitOfWork(work) {
      const outer = current.getStore();
      if (outer) return outer.join(work);
      return withConnection(async (connection) => {
        const unit = await beginUnit(connection);
        try {
          const result = await current.run(unit, work);
          await unit.commit();
          return result;
        } catch (error) {
          await unit.rollback();
          throw error;
        }
      });
    },
    async ping(timeoutMs) {
      const ask = () => withConnection((connection) => connection.run({ text: 'select 1' }));
      await within(timeoutMs, ask, storageUnavailable);
    },
    poolUse: () => ({
      used: pool.totalCount - pool.idleCount,
      free: pool.idleCount,
      pending: pool.waitingCount,
    }),
  };
}

/** Knex on the connections of `pool`. It keeps nothing open itself. */
export async function lendKnex<T>(pool: Pool, work: (knex: Knex) => Promise<T>): Promise<T> {
  const silent = { warn: () => undefined, error: () => undefined, deprecate: () => undefined, debug: () => undefined };
  try {
    // Only migrations need it, and a serving process is spared 3 MB and 68 files.
    const { default: knex } = await import('knex');
    return await work(knex({ client: 'pg', connectionPool: pool, log: silent }));
  } catch (error) {
    throw storageError(error);
  }
}

const names = new Map<string, string>();

/** The same name for the same text in every process, because a connection pooler may share connections between processes. */
function prepared(text: string, values: readonly unknown[]): QueryConfig {
  let name = names.get(text);
  if (!name) {
    name = sha256(text);
    names.set(text, name);
  }
  return { name, text, values: [...values] };
}
