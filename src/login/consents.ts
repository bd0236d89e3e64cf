// What a person allowed a client, kept so that the next Grant does not ask again.

import type { Access } from './access.ts';

export interface Consents {
  find(tenantId: string, userId: string, clientId: string): Promise<Access | undefined>;
  /** Adds to what was allowed before. */
  add(tenantId: string, userId: string, clientId: string, allowed: Access): Promise<void>;
}
