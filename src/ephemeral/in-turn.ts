// One after the other, whichever process each runs in.

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import type { EphemeralStore } from './ephemeral-store.ts';

const RETRY_MS = 50;

/**
 * Runs `work` once nobody else does under this key, or after `longest` seconds all the same: whoever holds the turn may have died.
 *
 * @throws AppError `storage_unavailable`
 */
export async function inTurn<T>(
  store: Pick<EphemeralStore, 'add' | 'get' | 'remove'>,
  key: string,
  longest: number,
  work: () => Promise<T>,
): Promise<T> {
  const mine = randomUUID();
  const latest = Date.now() + longest * 1000;
  while (!(await store.add(key, mine, longest)) && Date.now() < latest) await sleep(RETRY_MS);
  try {
    return await work();
  } finally {
    // What came of the work stands; a turn that cannot be given back runs out.
    await giveBack().catch(() => undefined);
  }

  async function giveBack(): Promise<void> {
    if ((await store.get(key)) === mine) await store.remove(key);
  }
}
