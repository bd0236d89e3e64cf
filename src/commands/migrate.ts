import { migrateDown, migrateUp } from '../db/migrate.ts';
import type { OpenDatabase } from '../db/pooled-database.ts';
import { print } from './output.ts';

export async function migrate(db: OpenDatabase, down: boolean): Promise<number> {
  const done = down ? await migrateDown(db) : await migrateUp(db);
  for (const name of done) print(`${down ? 'taken back' : 'applied'}: ${name}`);
  if (done.length === 0) print(down ? 'There is nothing to take back.' : 'The database is up to date.');
  return 0;
}
