// The load generator: a process of its own, so that what it costs can be told from what it measures. Its parent
// (generator-process.ts) tells it what to do, one thing at a time.

import { createCrowd } from './crowd.ts';
import type { Crowd } from './crowd.ts';
import type { Assignment, Command, Measured, Reply, Until } from './generator-process.ts';
import { createHttpClient } from './http-client.ts';
import { createRelyingParty } from './relying-party.ts';
import { SCENARIOS } from './scenarios.ts';
import type { Operation } from './scenarios.ts';

/** Whoever signed in goes on from there with the next assignment: codes can be used once. */
let crowd: Crowd | undefined;
let queues: Operation[] = [];

process.on('message', (command: Command) => {
  void answer(command).then((reply) => process.send?.(reply));
});
process.on('disconnect', () => process.exit());

async function answer(command: Command): Promise<Reply> {
  try {
    if (command.kind === 'run') return { ok: true, measured: await run(command.until) };
    await prepare(command);
    return { ok: true };
  } catch (error) {
    return { ok: false, reason: describe(error) };
  }
}

async function prepare({ target, scenario, people, concurrency }: Assignment): Promise<void> {
  const send = createHttpClient(target.port);
  const app = await createRelyingParty(target, send);
  if (people) crowd ??= createCrowd(people);
  const place = { send, origin: new URL(target.issuer).origin, app, crowd: people && crowd };
  queues = await Promise.all(Array.from({ length: concurrency }, () => SCENARIOS[scenario](place)));
}

/** Everybody begins anew as soon as they are done. An operation that fails counts as a failure, and in nothing else. */
async function run(until: Until): Promise<Measured> {
  const durations: number[] = [];
  const failures: string[] = [];
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  const deadline = 'seconds' in until ? start + until.seconds * 1000 : Infinity;
  let left = 'operations' in until ? until.operations : Infinity;

  async function stayAtIt(operation: Operation): Promise<void> {
    while (left-- > 0 && performance.now() < deadline) {
      const began = performance.now();
      try {
        await operation();
        durations.push(performance.now() - began);
      } catch (error) {
        failures.push(describe(error));
      }
    }
  }
  await Promise.all(queues.map(stayAtIt));

  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    seconds: (performance.now() - start) / 1000,
    durations: Float64Array.from(durations),
    failures: failures.length,
    reasons: [...new Set(failures)].slice(0, 5),
    cpuSeconds: (user + system) / 1e6,
  };
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
