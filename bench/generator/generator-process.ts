// The load generator, as whoever steers it sees it.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import type { People, Target } from '../target.ts';
import type { ScenarioName } from './scenarios.ts';

export interface Assignment {
  target: Target;
  scenario: ScenarioName;
  people: People | undefined;
  /** So many do it at once. */
  concurrency: number;
}

/** For so long, or so often in all. */
export type Until = { seconds: number } | { operations: number };

export interface Measured {
  seconds: number;
  /** Milliseconds of each operation that went well. */
  durations: Float64Array;
  failures: number;
  /** Some of the different ones. */
  reasons: string[];
  /** The generator's own. */
  cpuSeconds: number;
}

export type Command = ({ kind: 'prepare' } & Assignment) | { kind: 'run'; until: Until };
export type Reply = { ok: true; measured?: Measured } | { ok: false; reason: string };

export interface Generator {
  /** Gets everybody ready for what `run` then repeats. */
  prepare(assignment: Assignment): Promise<void>;
  run(until: Until): Promise<Measured>;
  stop(): void;
}

const PROGRAM = fileURLToPath(new URL('generator.ts', import.meta.url));

export function startGenerator(): Generator {
  const child = fork(PROGRAM, { serialization: 'advanced' });

  const exited = once(child, 'exit').then(() => {
    throw new Error('the load generator has ended');
  });
  // Whoever waits for an answer then is told; nobody else has to be.
  exited.catch(() => undefined);

  async function order(command: Command): Promise<Measured | undefined> {
    child.send(command);
    const [reply]: Reply[] = await Promise.race([once(child, 'message'), exited]);
    if (reply?.ok) return reply.measured;
    throw new Error(`the load generator: ${reply?.reason ?? 'no answer'}`);
  }

  return {
    prepare: async (assignment) => void (await order({ kind: 'prepare', ...assignment })),
    async run(until) {
      const measured = await order({ kind: 'run', until });
      if (!measured) throw new Error('the load generator measured nothing');
      return measured;
    },
    stop: () => child.disconnect(),
  };
}
