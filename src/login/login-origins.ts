// Which application a login came from, remembered longer than the login: a page that has expired still leads back to it.

import type { EphemeralStore } from '../ephemeral/ephemeral-store.ts';

const DAY = 86_400;

export interface LoginOrigins {
  remember(tenantId: string, uid: string, clientId: string): Promise<void>;
  /** The client_id; undefined for a login that is long gone or never was. */
  find(tenantId: string, uid: string): Promise<string | undefined>;
}

export function createLoginOrigins(store: EphemeralStore): LoginOrigins {
  const keyOf = (tenantId: string, uid: string) => `login-origin:${tenantId}:${uid}`;
  return {
    remember: (tenantId, uid, clientId) => store.put(keyOf(tenantId, uid), clientId, DAY),
    find: (tenantId, uid) => store.get(keyOf(tenantId, uid)),
  };
}
