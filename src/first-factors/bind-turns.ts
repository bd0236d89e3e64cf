// One proof of an account's password at a time, whichever door it comes by: of whichever tenant, in whichever process. Each goes by
// what the directory counts after those before it.

import type { Directory, DirectoryUser } from '../directory/directory.ts';
import type { EphemeralStore } from '../ephemeral/ephemeral-store.ts';
import { inTurn } from '../ephemeral/in-turn.ts';
import type { Outcome } from '../outcome.ts';

/** An entry, and when (of performance.now) it was asked for. */
export interface EntryReading {
  entry: DirectoryUser;
  readAt: number;
}

export interface BindTurns {
  /** `prove` gets the entry as it stands, and the time since which that has been waited for. */
  ofSomebody<T extends Outcome<unknown, string>>(
    directory: Directory,
    reading: EntryReading,
    prove: (entry: DirectoryUser, since: number) => Promise<T>,
  ): Promise<T>;
  /** Likewise for a name that nobody has, so that many guesses at once tell nothing. */
  ofNobody<T>(subject: string, prove: () => Promise<T>): Promise<T>;
}

/**
 * Seconds that a bind waits for the one before it: a little more than a directory has for another look at the entry and for the bind,
 * unless it is given longer than usual.
 */
const LONGEST_TURN = 11;
const FRESH_MS = 1000;

export function createBindTurns(store: EphemeralStore): BindTurns {
  return {
    ofSomebody: (directory, reading, prove) =>
      inTurn(store, `bind:${reading.entry.stableId}`, LONGEST_TURN, async (turn) => {
        const since = performance.now();
        let addedNoFailure = false;
        try {
          const outcome = await prove(await latest(directory, reading, turn.traced), since);
          addedNoFailure = outcome.ok;
          return outcome;
        } finally {
          if (turn.traced || !addedNoFailure) turn.leaveTrace();
        }
      }),

    ofNobody: (subject, prove) =>
      inTurn(store, `bind:${subject}`, LONGEST_TURN, (turn) => {
        turn.leaveTrace();
        return prove();
      }),
  };
}

/**
 * A reading is as good as a new one until a bind has failed after it. Whoever fails, or hears no answer, leaves a trace in place of
 * the turn, which stays for LONGEST_TURN, as does the turn of a process that dies; and who finds a trace leaves it, whatever comes of
 * their own. So nothing has failed within that time where no trace is, and a reading that is not as old has missed nothing. That
 * leaves the usual sign-in with one search and no look at a store but for the turn itself.
 */
async function latest(directory: Directory, { entry, readAt }: EntryReading, traced: boolean): Promise<DirectoryUser> {
  const mayBeStale = traced || performance.now() - readAt > FRESH_MS;
  if (entry.bindsLeft === undefined || !mayBeStale) return entry;
  return (await directory.findByStableId(entry.stableId)) ?? entry;
}
