import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openEmbedded } from '../../src/db/database-pglite.ts';
import { openPostgres } from '../../src/db/database-postgres.ts';
import { atEnd } from '../support/global-teardown.ts';
import { emptyDatabaseUrl } from '../support/postgres.ts';
import { describeDatabase } from './database.ts';

describeDatabase('Postgres', async () => openPostgres({ url: await emptyDatabaseUrl() }));

describeDatabase('PGlite in memory', () => openEmbedded());

describeDatabase('PGlite in a folder', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'sallyport-pglite-'));
  atEnd(() => rm(folder, { recursive: true }));
  return openEmbedded({ folder });
});
