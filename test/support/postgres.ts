// Throwaway PostgreSQL servers from the system's packages: one that all tests share, and others for tests that break them.

import { chownSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { openPostgres } from '../../src/db/database-postgres.ts';
import { migrateUp } from '../../src/db/migrate.ts';
import { atEnd } from './global-teardown.ts';
import { ensureInstalled } from './install.ts';
import { freePort } from './ports.ts';
import { startProcess, unprivilegedUser } from './processes.ts';
import type { ProcessOptions, TestProcess } from './processes.ts';

export interface TestPostgres {
  /** The URL of one of its databases (`postgres` unless told), over TCP on loopback. */
  url(database?: string): string;
  /** All that it has logged since it was last started. */
  log(): string;
  /** Runs one statement in the database `postgres`. */
  administer(sql: string): Promise<void>;
  /** Ends it; its data stays for `start`. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Hangs it: connections stay open, and nothing answers. */
  pause(): void;
  resume(): void;
}

/** A server of the caller's own, to be stopped, hung and started again at will. Removed after the last test. */
export async function startPostgres({ maxConnections = 200 } = {}): Promise<TestPostgres> {
  const folder = mkdtempSync(path.join(tmpdir(), 'sallyport-postgres-'));
  const user = unprivilegedUser();
  if (user) chownSync(folder, user.uid, user.gid);
  const asUser: ProcessOptions = { user, cwd: folder, env: { LC_ALL: 'C', TZ: 'UTC' } };
  const data = path.join(folder, 'data');
  await initdb(data, asUser);

  const port = await freePort();
  const program = await ensureInstalled('postgres', 'postgresql');
  const settings = [
    `max_connections=${maxConnections}`,
    'fsync=off',
    'synchronous_commit=off',
    'full_page_writes=off',
    'max_wal_senders=0',
  ];
  const args = ['-D', data, '-k', folder, '-h', '127.0.0.1', '-p', `${port}`, ...settings.flatMap((it) => ['-c', it])];
  const start = (): Promise<TestProcess> =>
    // SIGINT is the "fast shutdown"; at SIGTERM the server would wait until its clients have gone.
    startProcess(program, args, { ...asUser, ready: /ready to accept connections/, stopSignal: 'SIGINT' });

  let server = await start();
  let paused = false;
  const pause = (yes: boolean): void => {
    signalFamily(server.pid, yes ? 'SIGSTOP' : 'SIGCONT');
    paused = yes;
  };
  const stop = async (): Promise<void> => {
    if (paused) pause(false);
    await server.stop();
  };
  atEnd(async () => {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const url = (database = 'postgres'): string => `postgres://postgres@127.0.0.1:${port}/${database}`;
  return {
    url,
    log: () => server.output(),
    administer: (sql) => administer(url(), sql),
    stop,
    start: async () => {
      server = await start();
    },
    pause: () => pause(true),
    resume: () => pause(false),
  };
}

let shared: Promise<TestPostgres> | undefined;
let databases = 0;

/** The URL of a fresh database of the shared server, with every migration applied. */
export async function testDatabaseUrl(): Promise<string> {
  return cloneDatabase('migrated');
}

/** The URL of a fresh database of the shared server, with nothing in it. */
export async function emptyDatabaseUrl(): Promise<string> {
  return cloneDatabase('template1');
}

async function cloneDatabase(template: string): Promise<string> {
  const server = await (shared ??= startWithTemplate());
  const name = `test_${++databases}`;
  await server.administer(`create database ${name} template ${template}`);
  return server.url(name);
}

/** Cloning a migrated database takes a tenth of the time of migrating an empty one. */
async function startWithTemplate(): Promise<TestPostgres> {
  const server = await startPostgres();
  await server.administer('create database migrated');
  const db = openPostgres({ url: server.url('migrated') });
  await migrateUp(db);
  await db.close();
  return server;
}

async function initdb(data: string, asUser: ProcessOptions): Promise<void> {
  const program = await ensureInstalled('initdb', 'postgresql');
  const args = ['-D', data, '-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--locale=C', '--no-sync'];
  const initdb = await startProcess(program, args, asUser);
  if ((await initdb.exited) !== 0) throw new Error(`initdb failed:\n${initdb.output()}`);
}

async function administer(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** Every connection is a process of its own in a session of its own, so a signal to the server's group would miss them. */
function signalFamily(pid: number, signal: NodeJS.Signals): void {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  for (const member of [pid, ...children.map(Number)]) {
    try {
      process.kill(member, signal);
    } catch (error) {
      // A connection may end at any moment.
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }
}
