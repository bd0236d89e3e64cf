// Counts what nobody is kept out for, as wrong signatures or new names: how much of it comes from one source, so that only so much
// of it is looked into, written down or told.

import type { EphemeralStore } from '../ephemeral/ephemeral-store.ts';

export interface Counted {
  /** How many there are beyond the bound: 0 within it, 1 for the first one outside. */
  beyond: number;
  /** Seconds until the count begins anew. */
  retryAfter: number;
}

/**
 * Counts one more of a source: of an address or a person.
 *
 * @throws AppError `storage_unavailable` when it cannot be counted.
 */
export type Tally = (source: string) => Promise<Counted>;

export interface TallyOptions {
  store: Pick<EphemeralStore, 'increment'>;
  /** Of what is counted, in the store. */
  name: string;
  /** How many are usual in each `window`. */
  bound: number;
  /** Seconds. */
  window: number;
}

export function createTally({ store, name, bound, window }: TallyOptions): Tally {
  return async (source) => {
    const { count, secondsLeft } = await store.increment(`tally:${name}:${source}`, window);
    return { beyond: Math.max(0, count - bound), retryAfter: secondsLeft };
  };
}

/** Of answers that cannot be guessed; more than a whole office behind one address gets wrong by mistake. */
export const FAILURES = { name: 'failures', bound: 300, window: 5 * 60 } as const;
/** Of factors: every verified address of the person is told of each. */
export const RENAMES = { name: 'renames', bound: 10, window: 60 * 60 } as const;
