// One after the other, whichever process each runs in.

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import type { EphemeralStore } from './ephemeral-store.ts';

/** Soon at first, so that waiting for what is quick shows little. */
const FIRST_RETRY_MS = 3;
const LONGEST_RETRY_MS = 50;

/** What a turn that left a trace leaves in its place. */
const TRACE = 'trace';

export interface Turn {
  /**
   * False only where nobody has had this turn within the last `longest` seconds but those who left no trace: each trace stays for as
   * long, and so does a turn that was not given back.
   */
  readonly traced: boolean;
  /** Lets whoever comes next know that there was somebody. */
  leaveTrace(): void;
}

type TurnStore = Pick<EphemeralStore, 'add' | 'replace' | 'removeExactly'>;

/**
 * Runs `work` once nobody else does under this key, or after `longest` seconds all the same: whoever holds the turn may have died.
 *
 * @throws AppError `storage_unavailable`
 */
export async function inTurn<T>(
  store: TurnStore,
  key: string,
  longest: number,
  work: (turn: Turn) => Promise<T>,
): Promise<T> {
  const mine = randomUUID();
  const traced = await taken();
  let leavesTrace = false;
  try {
    return await work({ traced, leaveTrace: () => (leavesTrace = true) });
  } finally {
    const given = leavesTrace ? store.replace(key, mine, TRACE, longest) : store.removeExactly(key, mine);
    // What came of the work stands; a turn that cannot be given back runs out.
    await given.catch(() => undefined);
  }

  /** Whether somebody has left a trace, or has not given the turn back at all. */
  async function taken(): Promise<boolean> {
    const latest = Date.now() + longest * 1000;
    for (let wait = FIRST_RETRY_MS; ; wait = Math.min(wait * 1.5, LONGEST_RETRY_MS)) {
      if (await store.add(key, mine, longest)) return false;
      if ((await store.replace(key, TRACE, mine, longest)) || Date.now() >= latest) return true;
      await sleep(wait);
    }
  }
}
