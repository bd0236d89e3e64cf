// Throwaway Redis servers from the system's packages: one that all tests share, and others for tests that break them.

import { Redis } from 'ioredis';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { atEnd } from './global-teardown.ts';
import { ensureInstalled } from './install.ts';
import { freePort } from './ports.ts';
import { startProcess } from './processes.ts';
import type { TestProcess } from './processes.ts';

export interface TestRedis {
  readonly url: string;
  stop(): Promise<void>;
  /** Starts it again on the same port, with nothing in it. */
  start(): Promise<void>;
  /** Hangs it: connections stay open, and nothing answers. */
  pause(): void;
  resume(): void;
  /** Changes a setting of the running server. */
  configure(setting: string, value: string): Promise<void>;
}

/** A server of the caller's own, to be stopped, hung and started again at will. Removed after the last test. */
export async function startRedis(): Promise<TestRedis> {
  const folder = mkdtempSync(path.join(tmpdir(), 'sallyport-redis-'));
  const program = await ensureInstalled('redis-server', 'redis-server');
  const port = await freePort();
  const settings = { port: `${port}`, bind: '127.0.0.1', dir: folder, save: '', appendonly: 'no', databases: '10000' };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const start = (): Promise<TestProcess> => startProcess(program, args, { ready: /Ready to accept connections/ });

  let server = await start();
  atEnd(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const url = `redis://127.0.0.1:${port}`;
  return {
    url,
    stop: () => server.stop(),
    start: async () => {
      server = await start();
    },
    pause: () => server.signal('SIGSTOP'),
    resume: () => server.signal('SIGCONT'),
    configure: (setting, value) => configure(url, setting, value),
  };
}

async function configure(url: string, setting: string, value: string): Promise<void> {
  const client = new Redis(url);
  await client.config('SET', setting, value);
  client.disconnect();
}

let shared: Promise<TestRedis> | undefined;
let databases = 0;

/** The URL of an empty database of the shared server, another one each time. */
export async function testRedisUrl(): Promise<string> {
  const { url } = await (shared ??= startRedis());
  return `${url}/${databases++}`;
}
