// A directory that is tried for an administrator, from one that is opened for it alone to the last step. No password but the service
// account's is asked for; whoever set the address waits no longer than a bound, and only so many wait at once.

import { within } from '../deadline.ts';
import { overloaded } from '../errors.ts';
import type { Directory } from './directory.ts';
import type { DirectorySettings } from './directory-settings.ts';
import { tryDirectory } from './trial.ts';
import type { ToldExchange, TrialStep } from './trial.ts';

export interface TriedDirectory {
  name: string;
  settings: DirectorySettings;
  bindPassword: string | undefined;
}

export interface TrialReport {
  /** Whether every step came to its end well. */
  ok: boolean;
  steps: readonly TrialStep[];
}

/** `told` hears of every exchange with a server. */
export type OpenForTrial = (directory: TriedDirectory, told: (exchange: ToldExchange) => void) => Directory;

export type DirectoryTrials = (directory: TriedDirectory, login: string | undefined) => Promise<TrialReport>;

const LIMIT_MS = 20_000;
/** In one process. */
const MOST_AT_ONCE = 5;

/** @throws AppError `overloaded` while as many are tried as may be at once. */
export function createDirectoryTrials(open: OpenForTrial, limitMs = LIMIT_MS): DirectoryTrials {
  let underWay = 0;
  return async (tried, login) => {
    if (underWay === MOST_AT_ONCE) throw overloaded();
    underWay += 1;
    const steps: TrialStep[] = [];
    const exchanges: ToldExchange[] = [];
    const directory = open(tried, (exchange) => exchanges.push(exchange));
    try {
      const exchanged = () => exchanges.splice(0);
      await within(limitMs, () => tryDirectory({ directory, login, exchanged, steps }), tooLate).catch(
        (late: unknown) => {
          if (!(late instanceof TrialTooLong)) throw late;
          const told = [`given up after ${String(limitMs / 1000)} s`];
          steps.push({ step: 'time', ok: false, milliseconds: limitMs, told, exchanges: exchanged() });
        },
      );
      return { ok: steps.every(({ ok }) => ok), steps: [...steps] };
    } finally {
      underWay -= 1;
      await directory.close();
    }
  };
}

class TrialTooLong extends Error {}

function tooLate(late: Error): Error {
  return new TrialTooLong(late.message);
}
