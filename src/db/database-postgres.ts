import { setTimeout as delay } from 'node:timers/promises';
import type { PoolConfig } from 'pg';
import { openPool } from './connection-pool.ts';
import { lendKnex, pooledDatabase } from './pooled-database.ts';
import type { OpenDatabase } from './pooled-database.ts';

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database`; pg's own parameters may follow. */
  url: string;
  /** Connections at most; 20 unless told. */
  poolMax?: number;
  /** How long the server may take for one statement; 2,500 unless told. */
  statementTimeoutMs?: number;
  /** How long to wait for a connection, free or new; 2,000 unless told. */
  acquireTimeoutMs?: number;
}

/** Waiting on top of the statement time-out: the server gets to report it first, and only a silent one is given up. */
const networkGraceMs = 500;
const closeTimeoutMs = 5_000;

/** Connects when first asked something, and again whenever connections were lost. */
export function openPostgres(options: PostgresOptions): OpenDatabase {
  const { url, poolMax = 20, statementTimeoutMs = 2_500, acquireTimeoutMs = 2_000 } = options;
  const server: PoolConfig = {
    connectionString: url,
    connectionTimeoutMillis: acquireTimeoutMs,
    application_name: 'sallyport',
    keepAlive: true,
  };
  const pool = openPool({
    ...server,
    max: poolMax,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + networkGraceMs,
    // A process that hangs in the middle of a unit of work gives up its locks.
    idle_in_transaction_session_timeout: 30_000,
  });

  return {
    ...pooledDatabase(pool),
    kind: 'postgres',
    async withKnex(work) {
      const apart = openPool({ ...server, max: 1, idleTimeoutMillis: 0 });
      try {
        return await lendKnex(apart, work);
      } finally {
        await apart.end();
      }
    },
    async close() {
      // A server that hangs does not say goodbye.
      await Promise.race([pool.end(), delay(closeTimeoutMs, undefined, { ref: false })]);
    },
  };
}
