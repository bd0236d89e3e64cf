import { AsyncResource } from 'node:async_hooks';
import { expect } from 'chai';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openEmbedded } from '../../src/db/database-pglite.ts';
import { lockFolder } from '../../src/db/folder-lock.ts';
import { migrateUp } from '../../src/db/migrate.ts';
import { AppError } from '../../src/errors.ts';
import { eventually } from '../support/eventually.ts';
import { startProcess } from '../support/processes.ts';
import type { TestProcess } from '../support/processes.ts';

const locker = fileURLToPath(new URL('../support/folder-locker.ts', import.meta.url));
const writer = fileURLToPath(new URL('../support/pglite-writer.ts', import.meta.url));

describe('the embedded database', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'sallyport-embedded-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('tells a query that waits for the connection its own unit of work holds', async () => {
    const db = await openEmbedded({ acquireTimeoutMs: 100 });
    const outside = new AsyncResource('outside');
    const work = db.unitOfWork(() => outside.runInAsyncScope(() => db.query('select 1')));
    const error = await work.catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(AppError).with.property('code', 'storage_unavailable');
    expect(error).to.have.nested.property('cause.message').that.includes('timeout');
    expect(await db.query('select 1 as one')).to.deep.equal([{ one: 1 }]);
    await db.close();
  });

  it('lets other work have its turn between queries', async () => {
    const db = await openEmbedded();
    let turns = 0;
    const other = setInterval(() => turns++, 1);
    await Promise.all(Array.from({ length: 500 }, () => db.query('select count(*) from generate_series(1, 10000)')));
    clearInterval(other);
    expect(turns).to.be.at.least(100);
    await db.close();
  });

  it('gives back the space of deleted rows from time to time', async () => {
    const db = await openEmbedded({ maintenanceIntervalMs: 10 });
    await db.query('create table short_lived as select generate_series(1, 1000)');
    await db.query('delete from short_lived');
    const size = (): Promise<object | undefined> => db.one(`select 1 where pg_relation_size('short_lived') = 0`);
    await eventually('the table is empty on disk', size);
    await db.close();
  });

  it('keeps in its folder what it had when it was closed', async () => {
    const first = await openEmbedded({ folder });
    await migrateUp(first);
    await first.query(`update change_sequence set version = 42`);
    await first.close();

    const second = await openEmbedded({ folder });
    expect(await second.one('select version from change_sequence')).to.deep.equal({ version: 42 });
    await second.close();
    expect(await readdir(folder)).to.deep.equal(['postgres']);
  });

  it('refuses a folder that is open here or in another process, and says where', async () => {
    const here = await openEmbedded({ folder });
    const again = await openEmbedded({ folder: `${folder}/.` }).catch((thrown: unknown) => thrown);
    expect(again).to.be.instanceOf(AppError).with.property('code', 'invalid_configuration');
    expect(again).to.have.property('message').that.includes(`process ${process.pid}`);
    await here.close();

    const other = await startProcess(process.execPath, [writer, folder], { ready: /wrote 1$/m });
    const refused = await openEmbedded({ folder }).catch((thrown: unknown) => thrown);
    expect(refused).to.be.instanceOf(AppError).with.property('code', 'invalid_configuration');
    expect(refused).to.have.property('message').that.includes(`process ${other.pid}`);
    await other.stop();
  });

  it('has every row that was confirmed after its process is killed in the middle of writing', async () => {
    const killed = await startProcess(process.execPath, [writer, folder], { ready: /wrote 200$/m });
    killed.signal('SIGKILL');
    await killed.exited;
    const confirmed = [...killed.output().matchAll(/^wrote (\d+)$/gm)].map(([, id]) => Number(id));

    const db = await openEmbedded({ folder });
    const rows = await db.query<{ id: number }>('select id from written order by id');
    expect(rows.map(({ id }) => id)).to.include.members(confirmed);
    await db.close();
  });
});

describe('the lock of a folder', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'sallyport-lock-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is taken over from a process that is gone, by one of several that try at once', async () => {
    const gone = await startProcess('true', []);
    await gone.exited;
    for (const left of ['lock', 'lock.takeover']) await writeFile(path.join(folder, left), `${gone.pid}`);
    const start = (): Promise<TestProcess> => startProcess(process.execPath, [locker, folder], { ready: /^up$/m });
    const tries = await Promise.all([start(), start(), start(), start()]);

    await writeFile(`${folder}.go`, '');
    const said = (what: RegExp): TestProcess[] => tries.filter((each) => what.test(each.output()));
    await eventually('each has had its try', () => said(/locked|invalid_configuration/).length === 4);
    const [winner, ...others] = said(/^locked$/m);
    expect(others).to.deep.equal([]);
    expect(await readFile(path.join(folder, 'lock'), 'utf8')).to.equal(`${winner?.pid}`);
    expect(await readdir(folder)).to.deep.equal(['lock']);
    await Promise.all(tries.map((each) => each.stop()));
    await rm(`${folder}.go`);
  });

  for (const [whose, content] of Object.entries({
    'of no process': 'x',
    'of the same id before a restart': process.pid,
  })) {
    it(`is taken over when it is ${whose}`, async () => {
      await writeFile(path.join(folder, 'lock'), `${content}`);
      const unlock = await lockFolder(folder);
      await unlock();
      expect(await readdir(folder)).to.deep.equal([]);
    });
  }

  it('stays with a process that lives', async () => {
    const sleeper = await startProcess('sleep', ['60']);
    await writeFile(path.join(folder, 'lock'), `${sleeper.pid}`);
    const error = await lockFolder(folder).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(AppError).with.property('message').that.includes(`process ${sleeper.pid}`);
    await sleeper.stop();
    const unlock = await lockFolder(folder);
    await unlock();
  });
});
