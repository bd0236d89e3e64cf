import { expect } from 'chai';
import pg from 'pg';
import { openPostgres } from '../../src/db/database-postgres.ts';
import { migrateUp, migrationLock, pendingMigrations } from '../../src/db/migrate.ts';
import type { OpenDatabase } from '../../src/db/pooled-database.ts';
import { eventually } from '../support/eventually.ts';
import { emptyDatabaseUrl } from '../support/postgres.ts';

describe('migrations', () => {
  let url: string;
  let db: OpenDatabase;

  beforeEach(async () => {
    url = await emptyDatabaseUrl();
    db = openPostgres({ url });
  });
  afterEach(() => db.close());

  it('are applied once by processes that start together', async () => {
    const all = await pendingMigrations(db);
    const others = [openPostgres({ url }), openPostgres({ url })];
    const applied = await Promise.all([db, ...others].map((each) => migrateUp(each)));
    expect(applied.flat()).to.deep.equal(all);
    expect(await pendingMigrations(db)).to.deep.equal([]);
    await Promise.all(others.map((other) => other.close()));
  });

  it('leave nothing behind when one of them fails', async () => {
    await db.query('create table outbox (already int)');
    const all = await pendingMigrations(db);
    const error = await migrateUp(db).catch((thrown: unknown) => thrown);
    expect(error).to.include({ code: '42P07' });
    expect(await pendingMigrations(db)).to.deep.equal(all);
    expect(await db.one(`select to_regclass('tenants') as tenants`)).to.deep.equal({ tenants: null });

    await db.query('drop table outbox');
    expect(await migrateUp(db)).to.deep.equal(all);
  });

  it('go on after a process that was killed while it held the locks', async () => {
    await migrateUp(db);
    const killed = new pg.Client({ connectionString: url });
    killed.on('error', () => undefined);
    await killed.connect();
    await killed.query('select pg_advisory_lock($1)', [migrationLock]);
    await db.query('update knex_migrations_lock set is_locked = 1');
    await db.query(`delete from knex_migrations where name like '0004%'`);
    await db.query('drop table outbox, audit_events');

    const waiting = migrateUp(db);
    await eventually('the migrator waits for the lock', () =>
      db.one(`select 1 from pg_locks where locktype = 'advisory' and not granted`),
    );
    await db.query(`select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted`);
    expect(await waiting).to.deep.equal(['0004_audit_and_outbox.ts']);
  });
});
