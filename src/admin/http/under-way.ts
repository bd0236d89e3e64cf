// How much one caller, and one tenant, has under way at once in this process: each request may hold a connection to the database, and
// each import what it reads.

import type { Caller } from '../caller.ts';
import { Problem } from '../problem.ts';
import type { AdminRoute } from '../route.ts';

/** At once. */
const OF_A_CALLER = 8;
const OF_A_TENANT = 16;
/** Of each of the routes that take or give a stream. */
const STREAMS = 2;

export interface UnderWay {
  /**
   * Answers what is to be called once, when the request is done. Streams count for themselves, by the tenant in the path.
   * @throws Problem `too-many-requests`
   */
  enter(caller: Caller, route: Pick<AdminRoute, 'id' | 'takes' | 'gives'>, tenantSlug: string | undefined): () => void;
}

export function isStreaming({ takes, gives }: Pick<AdminRoute, 'takes' | 'gives'>): boolean {
  return takes !== undefined || gives !== undefined;
}

export function createUnderWay(): UnderWay {
  const counts = new Map<string, number>();

  function leave(keys: readonly string[]): void {
    for (const key of keys) {
      const left = (counts.get(key) ?? 0) - 1;
      if (left > 0) counts.set(key, left);
      else counts.delete(key);
    }
  }

  return {
    enter({ kind, id, tenant }, route, tenantSlug = '') {
      const bounds: Record<string, number> = isStreaming(route)
        ? // By whose it is as well: of another tenant's administrator nobody knows yet whether they may name this one.
          { [`${route.id}:${tenant.id}:${tenantSlug}`]: STREAMS }
        : { [`${tenant.id}:${kind}:${id}`]: OF_A_CALLER, [tenant.id]: OF_A_TENANT };
      for (const [key, bound] of Object.entries(bounds)) {
        if ((counts.get(key) ?? 0) < bound) continue;
        throw new Problem('too-many-requests', `More than ${String(bound)} at once.`, { retryAfter: 1 });
      }
      const keys = Object.keys(bounds);
      for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
      return () => {
        leave(keys);
      };
    },
  };
}
