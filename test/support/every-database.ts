import { openEmbedded } from '../../src/db/database-pglite.ts';
import { openPostgres } from '../../src/db/database-postgres.ts';
import type { Database } from '../../src/db/database.ts';
import { migrateUp } from '../../src/db/migrate.ts';
import { atEnd } from './global-teardown.ts';
import { testDatabaseUrl } from './postgres.ts';

/**
 * Runs a suite on Postgres and on PGlite, each migrated. The suite gets functions, since the databases are there only once a
 * test runs: `db`, and `other`, which is the same database as another process has it (on PGlite, which serves one, `db`).
 */
export function describeOnEveryDatabase(
  title: string,
  suite: (databases: { db: () => Database; other: () => Database }) => void,
): void {
  describe(`${title}, on Postgres`, () => {
    suite(
      databasesOf(async () => {
        const url = await testDatabaseUrl();
        return [openPostgres({ url }), openPostgres({ url })];
      }),
    );
  });
  describe(`${title}, on PGlite`, () => {
    suite(
      databasesOf(async () => {
        const db = await (embedded ??= openMigrated());
        return [db, db];
      }),
    );
  });
}

let embedded: Promise<Database> | undefined;

/** One for all suites: to start it takes longer than to run them. Each suite makes tenants of its own. */
async function openMigrated(): Promise<Database> {
  const db = await openEmbedded();
  atEnd(() => db.close());
  await migrateUp(db);
  return db;
}

function databasesOf(open: () => Promise<[Database, Database]>): { db: () => Database; other: () => Database } {
  let opened: [Database, Database] | undefined;
  before(async () => {
    opened = await open();
  });
  after(async () => {
    for (const db of opened ?? []) if (db.kind === 'postgres') await db.close();
  });
  const get = (): [Database, Database] => {
    if (!opened) throw new Error('The databases are there only while tests run.');
    return opened;
  };
  return { db: () => get()[0], other: () => get()[1] };
}
