// How often one caller may ask, and how often one network may be wrong about who it is.

import type { EphemeralStore } from '../../ephemeral/ephemeral-store.ts';
import { networkOf } from '../../security/client-network.ts';
import { createTally } from '../../security/tally.ts';
import type { Caller } from '../caller.ts';
import { Problem } from '../problem.ts';

/** Seconds, and how many in them. */
const REQUESTS = { name: 'admin-requests', bound: 1200, window: 60 } as const;
const FAILURES = { name: 'admin-failures', bound: 100, window: 5 * 60 } as const;

/** @throws Problem `too-many-requests`; AppError `storage_unavailable` where it cannot be counted. */
export interface RequestLimits {
  /** Asked before a token or key is looked at. */
  assertMayTry(address: string): Promise<void>;
  /** Notes a token or key that was not good. */
  failed(address: string): Promise<void>;
  /** Counts a request of somebody who is known. */
  assertWithinRate(caller: Caller): Promise<void>;
}

export function createRequestLimits(
  store: Pick<EphemeralStore, 'get' | 'put' | 'increment'>,
  now: () => number = Date.now,
): RequestLimits {
  const requests = createTally({ store, ...REQUESTS });
  const failures = createTally({ store, ...FAILURES });
  const keptOut = (address: string) => `admin-kept-out:${networkOf(address)}`;

  return {
    async assertMayTry(address) {
      const until = await store.get(keptOut(address));
      if (until === undefined) return;
      const seconds = Math.max(1, (Number(until) - now()) / 1000);
      throw tooMany('Too many tokens and keys from this network were not good.', seconds);
    },
    async failed(address) {
      const { beyond, retryAfter } = await failures(networkOf(address));
      if (beyond === 0) return;
      const seconds = Math.max(1, Math.ceil(retryAfter));
      await store.put(keptOut(address), String(now() + seconds * 1000), seconds);
    },
    async assertWithinRate({ kind, id, tenant }) {
      const { beyond, retryAfter } = await requests(`${tenant.id}:${kind}:${id}`);
      if (beyond > 0) throw tooMany(`More than ${String(REQUESTS.bound)} requests in a minute.`, retryAfter);
    },
  };
}

function tooMany(detail: string, retryAfter: number): Problem {
  return new Problem('too-many-requests', detail, { retryAfter: Math.max(1, retryAfter) });
}
