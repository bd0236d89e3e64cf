// A serving process with the tenants of the benchmark of the admin API, and programs that hold API keys.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { z } from 'zod';

import { apiClient, apiKeyOf } from '../test/support/admin-http.ts';
import type { ApiAnswer, ApiClient } from '../test/support/admin-http.ts';
import { atEnd } from '../test/support/global-teardown.ts';
import { freePort } from '../test/support/ports.ts';
import { startPostgres } from '../test/support/postgres.ts';
import type { TestPostgres } from '../test/support/postgres.ts';
import { startProcess } from '../test/support/processes.ts';
import { startRedis } from '../test/support/redis.ts';
import { MAIN, runSallyport } from '../test/support/sallyport.ts';
import { imageEnvironment } from './image.ts';

export const TENANTS = ['small', 'large', 'imported'] as const;
export type TenantName = (typeof TENANTS)[number];

export interface Management {
  postgres: TestPostgres;
  databaseUrl: string;
  pid: number;
  publicUrl: string;
  /** Of a program that may read and write users, in every tenant. */
  key: string;
  /** Below `/admin/v1`, by whichever program has its turn: one alone may ask only so often in a minute. Throws what is refused. */
  ask: ApiClient;
}

export interface ManagementOptions {
  /** How many programs there are. */
  keys: number;
  /** Where the server writes its CPU profile when it ends. */
  profileFolder?: string | undefined;
}

const DATABASE = 'bench';
const PERMISSIONS = ['users:read', 'users:write'];

/** Runs until `mochaGlobalTeardown`. */
export async function startManagement({ keys, profileFolder }: ManagementOptions): Promise<Management> {
  const folder = await mkdtemp(path.join(tmpdir(), 'sallyport-bench-'));
  atEnd(() => rm(folder, { recursive: true, force: true }));
  const [postgres, redis, port] = await Promise.all([startPostgres(), startRedis(), freePort()]);
  await postgres.administer(`create database ${DATABASE}`);
  await postgres.administer(`alter system set shared_preload_libraries = 'auto_explain'`);
  await postgres.stop();
  await postgres.start();
  const databaseUrl = postgres.url(DATABASE);
  const publicUrl = `http://localhost:${String(port)}`;
  const configFile = path.join(folder, 'sallyport.yaml');
  const settings = {
    publicUrl,
    listen: { port },
    databaseUrl,
    redisUrl: redis.url,
    encryption: { keys: [{ id: 'k1', secret: 'a secret of the benchmark, long enough to be one' }] },
    tenants: Object.fromEntries(TENANTS.map((slug) => [slug, { name: slug }])),
  };
  await writeFile(configFile, JSON.stringify(settings));
  const { code, output } = await runSallyport(['migrate', '--config', configFile]);
  if (code !== 0) throw new Error(output);

  const profiling = profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`];
  const command = [process.execPath, ...profiling, MAIN, 'serve', '--config', configFile];
  const log = path.join(folder, 'sallyport.log');
  const server = await startProcess('/bin/sh', ['-c', 'log=$1; shift; exec "$@" >"$log" 2>&1', 'sh', log, ...command], {
    env: imageEnvironment(path.join(folder, 'compile-cache')),
  });
  atEnd(() => server.stop());
  await untilReady(`${publicUrl}/readyz`);
  const first = await apiKeyOf({ configFile }, 'root', [...PERMISSIONS, 'api-keys:write']);
  const programs = (await moreKeys(apiClient(publicUrl, first), keys)).map((key) => apiClient(publicUrl, key));
  return { postgres, databaseUrl, pid: server.pid, publicUrl, key: first, ask: inTurn(programs) };
}

const made = z.object({ key: z.string() });

async function moreKeys(ask: ApiClient, count: number): Promise<string[]> {
  const keys: string[] = [];
  while (keys.length < count) {
    const json = { name: `program ${String(keys.length)}`, permissions: PERMISSIONS };
    keys.push(made.parse(sound(await ask('/tenants/root/api-keys', { json })).body).key);
  }
  return keys;
}

function inTurn(clients: readonly ApiClient[]): ApiClient {
  let turn = 0;
  return async (at, question) => {
    const client = clients[turn++ % clients.length];
    if (!client) throw new Error('nobody asks');
    return sound(await client(at, question));
  };
}

function sound(answer: ApiAnswer): ApiAnswer {
  if (answer.status < 300) return answer;
  throw new Error(`${String(answer.status)} ${answer.text}`);
}

async function untilReady(url: string): Promise<void> {
  for (let left = 400; left > 0; left--) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return;
    await sleep(50);
  }
  throw new Error(`${url} does not answer`);
}
