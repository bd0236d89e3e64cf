// Brings the schema up to the files of /migrations, or one step back. The files themselves say what changes.

import { readdir } from 'node:fs/promises';
import type { Knex } from 'knex';
import { AppError } from '../errors.ts';
import type { Database } from './database.ts';
import type { OpenDatabase } from './pooled-database.ts';

const folder = new URL('../../migrations/', import.meta.url);
const migrationSource: Knex.MigrationSource<string> = {
  getMigrations: fileNames,
  getMigrationName: (name) => name,
  getMigration: (name) => import(new URL(name, folder).href),
};

/** The advisory lock of whoever migrates: any number, as long as it stays. */
export const migrationLock = 7_255_977;

/** The migrations that are still to be applied, by file name, in their order. */
export async function pendingMigrations(db: Database): Promise<string[]> {
  const applied = await appliedMigrations(db);
  return (await fileNames()).filter((name) => !applied.has(name));
}

/** @throws AppError `invalid_configuration` that names the pending migrations and says what to do. */
export async function assertMigrated(db: Database): Promise<void> {
  const pending = await pendingMigrations(db);
  if (pending.length === 0) return;
  throw new AppError(
    'invalid_configuration',
    500,
    `The database lacks ${pending.join(', ')}. Run "sallyport migrate" first.`,
  );
}

/** Applies what is pending, all of it or none. Answers the names of what was applied. */
export async function migrateUp(db: OpenDatabase): Promise<string[]> {
  return alone(db, async (knex) => {
    const [, names] = await knex.migrate.latest({ migrationSource });
    return names;
  });
}

/** Takes the latest migration back. Answers its name, or nothing where none is applied. */
export async function migrateDown(db: OpenDatabase): Promise<string[]> {
  return alone(db, async (knex) => {
    const [, names] = await knex.migrate.down({ migrationSource });
    return names;
  });
}

/**
 * One process at a time. Knex's own lock is a row, which a killed process leaves behind for ever; an advisory lock ends with the
 * session that holds it. Whoever has the advisory lock may therefore clear the row.
 */
async function alone<T>(db: OpenDatabase, work: (knex: Knex) => Promise<T>): Promise<T> {
  return db.withKnex(async (knex) => {
    await knex.raw('select pg_advisory_lock(?)', [migrationLock]);
    await knex.migrate.forceFreeMigrationsLock({ migrationSource });
    return work(knex);
  });
}

async function appliedMigrations(db: Database): Promise<Set<string>> {
  const table = await db.one<{ name: string | null }>(`select to_regclass('knex_migrations')::text as name`);
  if (!table?.name) return new Set();
  const rows = await db.query<{ name: string }>('select name from knex_migrations');
  return new Set(rows.map(({ name }) => name));
}

async function fileNames(): Promise<string[]> {
  const files = await readdir(folder);
  return files.filter((name) => /^\d{4}_.*\.ts$/.test(name)).sort();
}
