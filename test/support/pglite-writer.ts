// Writes row after row into the embedded database of a folder and prints each one that is confirmed, until somebody ends it.

import { openEmbedded } from '../../src/db/database-pglite.ts';

const db = await openEmbedded({ folder: process.argv[2] });
await db.query('create table if not exists written (id int primary key)');
for (let id = 1; ; id++) {
  await db.unitOfWork(() => db.query('insert into written values ($1)', [id]));
  process.stdout.write(`wrote ${id}\n`);
}
