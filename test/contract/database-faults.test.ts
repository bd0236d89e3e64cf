import { expect } from 'chai';
import { bumpTenant, watchTenants } from '../../src/db/change-feed.ts';
import { openPostgres } from '../../src/db/database-postgres.ts';
import { migrateUp } from '../../src/db/migrate.ts';
import type { OpenDatabase } from '../../src/db/pooled-database.ts';
import type { Repetition } from '../../src/db/repeat.ts';
import { AppError } from '../../src/errors.ts';
import { eventually } from '../support/eventually.ts';
import { emptyDatabaseUrl, startPostgres } from '../support/postgres.ts';
import type { TestPostgres } from '../support/postgres.ts';
import { aTenant } from '../support/rows.ts';

/** Short, so that the tests are; a silent server is given up a second after the statement time-out. */
const timeouts = { statementTimeoutMs: 300, acquireTimeoutMs: 300 };

/** `work` must fail as unavailable, with a cause, within `ms`. */
async function expectUnavailable(work: Promise<unknown>, ms: number): Promise<void> {
  const start = performance.now();
  const error = await work.then(
    () => 'no error',
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof AppError)) expect.fail(`expected an AppError, got ${String(error)}`);
  expect(error.code).to.equal('storage_unavailable');
  expect(error.cause).to.be.instanceOf(Error);
  expect(performance.now() - start).to.be.below(ms);
}

async function expectRecovery(db: OpenDatabase): Promise<void> {
  await eventually('the database answers again', () =>
    db.ping(500).then(
      () => true,
      () => false,
    ),
  );
  expect(await db.one('select 1 as one')).to.deep.equal({ one: 1 });
  await eventually('every connection is given back', () => db.poolUse().used + db.poolUse().pending === 0);
}

describe('database: Postgres in trouble', () => {
  let server: TestPostgres;
  let db: OpenDatabase;

  before(async () => {
    server = await startPostgres({ maxConnections: 12 });
  });
  after(() => server.stop());
  afterEach(async () => {
    await db.close();
  });

  it('is down when it is opened, and comes up later', async () => {
    await server.stop();
    db = openPostgres({ url: server.url(), ...timeouts });
    await expectUnavailable(db.query('select 1'), 600);
    await expectUnavailable(
      db.unitOfWork(async () => undefined),
      600,
    );
    await expectUnavailable(db.ping(200), 600);
    await expectUnavailable(migrateUp(db), 600);
    const byName = openPostgres({ url: server.url().replace('127.0.0.1', 'localhost'), ...timeouts });
    await expectUnavailable(migrateUp(byName), 600);
    await server.start();
    await expectRecovery(db);
  });

  it('is restarted between statements and inside a unit of work', async () => {
    db = openPostgres({ url: server.url(), ...timeouts });
    await Promise.all(Array.from({ length: 5 }, () => db.query('select 1')));
    const unit = db.unitOfWork(async () => {
      await db.query('select 1');
      await server.stop();
      await server.start();
      await db.query('select 2');
    });
    await expectUnavailable(unit, 10_000);
    await expectRecovery(db);
  });

  it('hangs: statements, new connections and a commit fail in time', async () => {
    db = openPostgres({ url: server.url(), poolMax: 2, ...timeouts });
    await db.query('create table written (id int)');
    server.pause();
    const statements = Array.from({ length: 6 }, () => expectUnavailable(db.query('select 1'), 2_000));
    await Promise.all([...statements, expectUnavailable(db.ping(200), 400)]);
    server.resume();
    await expectRecovery(db);

    const unit = db.unitOfWork(async () => {
      await db.query('insert into written values (1)');
      server.pause();
    });
    await expectUnavailable(unit, 2_000);
    server.resume();
    await expectRecovery(db);
  });

  it('takes too long for a statement, and keeps the connection', async () => {
    db = openPostgres({ url: server.url(), poolMax: 1, ...timeouts });
    const before = await db.one('select pg_backend_pid()');
    await expectUnavailable(db.query('select pg_sleep(5)'), 1_000);
    expect(await db.one('select pg_backend_pid()')).to.deep.equal(before);
  });

  it('gives a migration the time it takes', async () => {
    db = openPostgres({ url: server.url(), ...timeouts });
    await db.withKnex((knex) => knex.raw('select pg_sleep(0.6)'));
  });

  it('has too few connections: some fail at once, the others are served', async () => {
    db = openPostgres({ url: server.url(), poolMax: 20, ...timeouts });
    const settled = await Promise.allSettled(Array.from({ length: 20 }, () => db.query('select pg_sleep(0.1)')));
    const refusals = settled.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    expect(refusals).to.have.lengthOf.within(8, 19);
    for (const error of refusals) {
      expect(error).to.be.instanceOf(AppError).with.nested.property('cause.code', '53300');
    }
    await expectRecovery(db);
  });

  it('ends a connection while it is idle, and one while it is in a unit of work', async () => {
    db = openPostgres({ url: server.url(), poolMax: 1, ...timeouts });
    const backend = (): Promise<{ pid: number } | undefined> => db.one('select pg_backend_pid() as pid');
    const end = async (): Promise<void> =>
      server.administer(`select pg_terminate_backend(${(await backend())?.pid}, 5000)`);
    const first = await backend();
    await end();
    await expectRecovery(db);
    expect(await backend()).to.not.deep.equal(first);

    await expectUnavailable(db.unitOfWork(end), 2_000);
    await expectRecovery(db);
  });
});

describe('database: Postgres with every connection of the pool in use', () => {
  let db: OpenDatabase;
  afterEach(() => db.close());

  it('lets a caller wait no longer than told, and says how many wait', async () => {
    db = openPostgres({ url: await emptyDatabaseUrl(), poolMax: 1, ...timeouts });
    const { promise: released, resolve: release } = Promise.withResolvers<undefined>();
    const { promise: begun, resolve: begin } = Promise.withResolvers<undefined>();
    const holder = db.unitOfWork(async () => {
      begin(undefined);
      await released;
    });
    await begun;
    const waiting = expectUnavailable(db.query('select 1'), 600);
    expect(db.poolUse()).to.deep.equal({ used: 1, free: 0, pending: 1 });
    await waiting;
    release(undefined);
    await holder;
    expect(await db.query('select 1 as one')).to.deep.equal([{ one: 1 }]);
  });
});

describe('database: the change feed while Postgres is away', () => {
  let server: TestPostgres;
  let db: OpenDatabase;
  let watch: Repetition;

  before(async () => {
    server = await startPostgres();
    db = openPostgres({ url: server.url(), ...timeouts });
    await migrateUp(db);
  });
  after(async () => {
    await watch.stop();
    await db.close();
  });

  it('says so, goes on, and tells what changed afterwards', async () => {
    const tenant = await aTenant(db);
    const told: string[] = [];
    const errors: unknown[] = [];
    watch = watchTenants(db, (id) => told.push(id), { intervalMs: 20, onError: (error) => errors.push(error) });
    await eventually('the tenant is named', () => told.length > 0);
    await server.stop();
    await eventually('two polls have failed', () => errors.length > 1);
    expect(errors[0]).to.be.instanceOf(AppError).with.property('code', 'storage_unavailable');

    told.length = 0;
    await server.start();
    await expectRecovery(db);
    await bumpTenant(db, tenant);
    await eventually('the change is told', () => told.includes(tenant));
  });
});
