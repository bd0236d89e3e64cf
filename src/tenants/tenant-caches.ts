// What every request reads of its tenant and what seldom changes: read once, and again after something of the tenant changed
// (db/change-feed.ts tells).

import { LRUCache } from 'lru-cache';

type Read<Value> = (tenantId: string, key: string) => Promise<Value | undefined>;

export interface TenantCaches {
  /**
   * A `read` that remembers. All who ask share the answer, so nobody may change it. That there is nothing is not remembered:
   * whoever makes names up drives nothing out.
   */
  of<Value extends object>(read: Read<Value>): Read<Value>;
  forget(tenantId: string): void;
}

/** Of one kind, over all tenants, as JSON; a client is 2 KB, and 64 at most. */
const MOST_BYTES = 32 * 1024 * 1024;

export function createTenantCaches(): TenantCaches {
  /** How often each tenant was forgotten: what was read before, or is being read, is under another id than what is asked for now. */
  const rounds = new Map<string, number>();
  const roundOf = (tenantId: string) => rounds.get(tenantId) ?? 0;
  return {
    of<Value extends object>(read: Read<Value>) {
      const entries = new LRUCache<string, Value>({ maxSize: MOST_BYTES, sizeCalculation: bytesOf });
      /** Beside the entries, not among them: what is being read may be nothing, or more than there is room for. */
      const reads = new Map<string, Promise<Value | undefined>>();
      return async (tenantId, key) => {
        const id = `${tenantId}/${roundOf(tenantId)}/${key}`;
        const knownOrComing = entries.get(id) ?? reads.get(id);
        if (knownOrComing) return knownOrComing;
        const reading = read(tenantId, key)
          .then((value) => {
            if (value) entries.set(id, value);
            return value;
          })
          .finally(() => reads.delete(id));
        reads.set(id, reading);
        return reading;
      };
    },
    forget(tenantId) {
      rounds.set(tenantId, roundOf(tenantId) + 1);
    },
  };
}

/** With what an entry takes besides: what is small, or a function, does not come in any number either. */
function bytesOf(value: object, id: string): number {
  return 1000 + id.length + String(JSON.stringify(value)).length;
}
