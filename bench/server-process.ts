// One server under load: a process of its own, started as an operator would, its log in a file.

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { startProcess } from '../test/support/processes.ts';
import type { TestProcess } from '../test/support/processes.ts';
import { createHttpClient } from './generator/http-client.ts';
import type { Target } from './target.ts';

export interface ServerCommand {
  target: Target;
  /** Of Node. */
  args: readonly string[];
  env?: Record<string, string>;
  logFile: string;
}

export interface ServerProcess {
  target: Target;
  pid: number;
  /** From its start until it answered a request. */
  startSeconds: number;
  stop(): Promise<void>;
}

const PATIENCE_MS = 20_000;

/** @throws Error with the end of its log, where it does not come to answer. */
export async function startServer({ target, args, env = {}, logFile }: ServerCommand): Promise<ServerProcess> {
  const began = performance.now();
  // A pipe would have the benchmark itself read every line, on the same cores.
  const command = ['-c', 'log=$1; shift; exec "$@" >"$log" 2>&1', 'sh', logFile, process.execPath, ...args];
  const server = await startProcess('/bin/sh', command, { env: { NODE_ENV: 'production', ...env } });
  await untilItAnswers(server, target, () => readFileSync(logFile, 'utf8').slice(-2000));
  return { target, pid: server.pid, startSeconds: (performance.now() - began) / 1000, stop: () => server.stop() };
}

async function untilItAnswers(server: TestProcess, { port, issuer }: Target, log: () => string): Promise<void> {
  const send = createHttpClient(port);
  const url = new URL(`${issuer}/.well-known/openid-configuration`);
  let ended = false;
  void server.exited.then(() => (ended = true));
  for (const deadline = performance.now() + PATIENCE_MS; performance.now() < deadline && !ended; await sleep(5)) {
    const answer = await send({ method: 'GET', url, address: '127.0.0.1' }).catch(() => undefined);
    if (answer?.status === 200) return;
  }
  await server.stop();
  throw new Error(`${issuer} does not answer:\n${log()}`);
}
