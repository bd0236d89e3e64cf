// What a person allowed a client, kept so that the next Grant does not ask again.

import type { Access } from './access.ts';

export interface Consents {
  find(tenantId: string, userId: string, clientId: string): Promise<Access | undefined>;
  /** Adds to what was allowed before. */
  add(tenantId: string, userId: string, clientId: string, allowed: Access): Promise<void>;
  /** By the client's id. */
  list(tenantId: string, userId: string): Promise<Consent[]>;
  /** With the grants that the client got by it, so that its refresh tokens are good no more. Whether there was one. */
  remove(tenantId: string, userId: string, clientId: string): Promise<boolean>;
}

export interface Consent extends Access {
  clientId: string;
  grantedAt: Date;
}
