// The pool of connections: how one is had, what becomes of it when it fails, and how its answers are read.

import pg from 'pg';
import type { Pool, PoolConfig, QueryConfig } from 'pg';
import { storageUnavailable } from '../errors.ts';
import { losesConnection, storageError } from './storage-errors.ts';

/** A connection of the pool, lent until `release`. */
export interface Connection {
  run<Row extends object>(statement: QueryConfig): Promise<Row[]>;
  /** Whether a statement has met an error that the connection does not survive. */
  isLost(): boolean;
  release(): void;
}

/** A pool that outlives its connections, and reads `bigint` as a number. */
export function openPool(config: PoolConfig): Pool {
  const types = new pg.TypeOverrides();
  types.setTypeParser(pg.types.builtins.INT8, parseInteger);
  const pool = new pg.Pool({ ...config, types });
  // A connection that dies fails the statement it runs, if any, and leaves the pool. Unheard, the event would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/** @throws AppError `storage_unavailable` when none is free, or can be made, in time. */
export async function acquire(pool: Pool): Promise<Connection> {
  const client = await pool.connect().catch((cause: unknown) => {
    throw storageUnavailable(cause);
  });
  let lost = false;
  return {
    async run<Row extends object>(statement: QueryConfig) {
      try {
        const { rows }: { rows: Row[] } = await client.query(statement);
        return rows;
      } catch (error) {
        lost ||= losesConnection(error);
        throw storageError(error);
      }
    },
    isLost: () => lost,
    release: () => client.release(lost),
  };
}

function parseInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`The bigint ${text} is too large for a JavaScript number.`);
  return value;
}
