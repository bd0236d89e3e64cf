// The embedded database: PostgreSQL as WebAssembly, in this process (PGlite). It has one session, never fsyncs and never vacuums
// by itself; what that asks for is here. The rest is as with Postgres.

import type { PGlite } from '@electric-sql/pglite';
import path from 'node:path';
import { openPool } from './connection-pool.ts';
import { lockFolder } from './folder-lock.ts';
import { pgliteStreams } from './pglite-stream.ts';
import { lendKnex, pooledDatabase } from './pooled-database.ts';
import type { OpenDatabase } from './pooled-database.ts';
import { repeat } from './repeat.ts';

export interface EmbeddedOptions {
  /** Where the data lives; made if it is not there. Without it, in memory until `close`. */
  folder?: string;
  /** How long to wait for the one connection; 5,000 unless told. */
  acquireTimeoutMs?: number;
  /** Between two rounds of vacuum and checkpoint; five minutes unless told. */
  maintenanceIntervalMs?: number;
  /** Told when such a round fails. */
  onError?: (error: unknown) => void;
}

/** @throws AppError `invalid_configuration` when another process has the folder. */
export async function openEmbedded(options: EmbeddedOptions = {}): Promise<OpenDatabase> {
  const { folder, acquireTimeoutMs = 5_000, maintenanceIntervalMs = 300_000, onError = () => undefined } = options;
  const unlock = folder === undefined ? undefined : await lockFolder(folder);
  const pglite = await start(folder).catch(async (error: unknown) => {
    await unlock?.();
    throw error;
  });
  const pool = openPool({
    stream: pgliteStreams(pglite),
    user: 'postgres',
    database: 'postgres',
    ssl: false,
    max: 1,
    idleTimeoutMillis: 0,
    connectionTimeoutMillis: acquireTimeoutMs,
  });
  const maintain = async (): Promise<void> => {
    await pool.query('vacuum');
    await pool.query('checkpoint');
  };
  const maintenance = repeat(maintain, maintenanceIntervalMs, onError);

  return {
    ...pooledDatabase(pool),
    kind: 'pglite',
    withKnex: (work) => lendKnex(pool, work),
    async close() {
      await maintenance.stop();
      await maintain().catch(onError);
      await pool.end();
      await pglite.close();
      await unlock?.();
    },
  };
}

async function start(folder: string | undefined): Promise<PGlite> {
  // A process on a Postgres outside has no use for it.
  const { PGlite } = await import('@electric-sql/pglite');
  return PGlite.create({
    // Beside the lock: PostgreSQL wants a folder of its own.
    dataDir: folder === undefined ? undefined : path.join(folder, 'postgres'),
    startParams: [...PGlite.defaultStartParams, '-c', 'shared_buffers=32MB'],
  });
}
