// A serving process with three tenants and an API key, for the benchmark of the admin API.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';

import pg from 'pg';

import { atEnd } from '../test/support/global-teardown.ts';
import { freePort } from '../test/support/ports.ts';
import { startPostgres } from '../test/support/postgres.ts';
import { startProcess } from '../test/support/processes.ts';
import { startRedis } from '../test/support/redis.ts';
import { MAIN, runSallyport } from '../test/support/sallyport.ts';
import { imageEnvironment } from './image.ts';

export interface Management {
  databaseUrl: string;
  pid(): number;
  tenantId(slug: string): Promise<string>;
  /** Below `/admin/v1`. */
  get(path: string): Promise<Answer>;
  post(path: string, body: object): Promise<void>;
  /** Answers the last line. */
  upload(path: string, type: string, body: Readable): Promise<string>;
  /** What Postgres did for the list that `work` asks for. */
  planOf(work: () => Promise<unknown>): Promise<Plan>;
}

interface Answer {
  items: readonly { id: string }[];
  nextPageToken?: string;
}

interface Plan {
  rows: number;
  milliseconds: number;
  index: string;
}

const DATABASE = 'bench';

/** Runs until `mochaGlobalTeardown`. */
export async function startManagement(): Promise<Management> {
  const folder = await mkdtemp(path.join(tmpdir(), 'sallyport-bench-'));
  atEnd(() => rm(folder, { recursive: true, force: true }));
  const [postgres, redis, port] = await Promise.all([startPostgres(), startRedis(), freePort()]);
  await postgres.administer(`create database ${DATABASE}`);
  const databaseUrl = postgres.url(DATABASE);
  const publicUrl = `http://localhost:${String(port)}`;
  const file = path.join(folder, 'sallyport.yaml');
  const encryption = { keys: [{ id: 'k1', secret: 'a secret of the benchmark, long enough to be one' }] };
  await writeFile(file, JSON.stringify({ publicUrl, listen: { port }, databaseUrl, redisUrl: redis.url, encryption }));

  const command = async (...args: string[]) => {
    const { code, output } = await runSallyport([...args, '--config', file]);
    if (code !== 0) throw new Error(output);
    return output;
  };
  await command('migrate');
  for (const slug of ['small', 'large', 'imported']) await command('tenants', 'create', `slug=${slug}`, `name=${slug}`);
  const permissions = 'permissions:=["users:read","users:write"]';
  const made: { key: string } = JSON.parse(
    await command('api-keys', 'create', '-t', 'root', 'name=bench', permissions, '--json'),
  );
  const log = path.join(folder, 'sallyport.log');
  const serve = [
    '-c',
    'log=$1; shift; exec "$@" >"$log" 2>&1',
    'sh',
    log,
    process.execPath,
    MAIN,
    'serve',
    '--config',
    file,
  ];
  const server = await startProcess('/bin/sh', serve, { env: imageEnvironment(path.join(folder, 'compile-cache')) });
  await untilReady(`${publicUrl}/readyz`);
  return {
    databaseUrl,
    pid: () => server.pid,
    ...requests(`${publicUrl}/admin/v1`, made.key),
    ...inDatabase(databaseUrl),
  };
}

function requests(base: string, key: string): Pick<Management, 'get' | 'post' | 'upload'> {
  const authorization = `Bearer ${key}`;
  const send = async (at: string, init: RequestInit = {}): Promise<string> => {
    const answer = await fetch(base + at, { ...init, headers: { authorization, ...init.headers } });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${at}: ${String(answer.status)} ${text}`);
    return text;
  };
  return {
    get: async (at) => JSON.parse(await send(at)),
    async post(at, body) {
      await send(at, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    },
    async upload(at, type, body) {
      const init = { method: 'POST', headers: { 'content-type': type }, body: Readable.toWeb(body), duplex: 'half' };
      // The types of fetch do not know `duplex`, which a body that is a stream needs.
      const text = await send(at, init as RequestInit);
      return text.trimEnd().split('\n').at(-1) ?? '';
    },
  };
}

function inDatabase(databaseUrl: string): Pick<Management, 'tenantId' | 'planOf'> {
  const ask = async <Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> => {
    const client = new pg.Client(databaseUrl);
    await client.connect();
    try {
      return (await client.query<Row>(text, values)).rows;
    } finally {
      await client.end();
    }
  };
  return {
    async tenantId(slug) {
      const [row] = await ask<{ id: string }>('select id from tenants where slug = $1', [slug]);
      return row?.id ?? '';
    },
    async planOf(work) {
      const reads = `select idx_tup_fetch::int as rows, indexrelname as index, idx_scan::int as scans
                       from pg_stat_user_indexes where relname = 'users' order by indexrelname`;
      const before = await settled(() => ask<{ rows: number; index: string; scans: number }>(reads));
      const began = performance.now();
      await work();
      const milliseconds = performance.now() - began;
      const after = await settled(() => ask<{ rows: number; index: string; scans: number }>(reads));
      const used = after.map((one, at) => ({
        ...one,
        rows: one.rows - (before[at]?.rows ?? 0),
        scans: one.scans - (before[at]?.scans ?? 0),
      }));
      const scanned = used.filter(({ scans }) => scans > 0);
      return {
        rows: scanned.reduce((sum, { rows }) => sum + rows, 0),
        milliseconds,
        index: scanned.map(({ index }) => index).join(', '),
      };
    },
  };
}

/** Postgres tells what a connection did when it has been idle for a moment. */
async function settled<T>(read: () => Promise<T>): Promise<T> {
  await new Promise((resolve) => setTimeout(resolve, 1500));
  return read();
}

async function untilReady(url: string): Promise<void> {
  for (let left = 400; left > 0; left--) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${url} does not answer`);
}
