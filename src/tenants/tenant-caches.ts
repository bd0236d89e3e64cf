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

/** Of one kind, over all tenants; a client is about 3 KB. */
const MOST_ENTRIES = 5000;

export function createTenantCaches(): TenantCaches {
  /** How often each tenant was forgotten: what was read before, or is being read, is under another id than what is asked for now. */
  const rounds = new Map<string, number>();
  const roundOf = (tenantId: string) => rounds.get(tenantId) ?? 0;
  return {
    of<Value extends object>(read: Read<Value>) {
      const entries = new LRUCache<string, Value, { tenantId: string; key: string }>({
        max: MOST_ENTRIES,
        fetchMethod: (_id, _stale, { context: { tenantId, key } }) => read(tenantId, key),
      });
      return async (tenantId, key) => {
        const id = `${tenantId}/${roundOf(tenantId)}/${key}`;
        return entries.get(id) ?? entries.fetch(id, { context: { tenantId, key } });
      };
    },
    forget(tenantId) {
      rounds.set(tenantId, roundOf(tenantId) + 1);
    },
  };
}
