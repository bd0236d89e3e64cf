// Relying parties of a tenant. What their metadata may hold is client-metadata.ts's to say; checking a secret is the protocol
// library's.

import type { ClientMetadata } from './client-metadata.ts';

export interface Client {
  clientId: string;
  metadata: ClientMetadata;
  /** The one that the configuration file gives. Plain here; kept encrypted. */
  secret: string | undefined;
  /** Those that the admin API made, the newest first; some may have expired meanwhile, for clients are cached. */
  secrets: readonly MadeSecret[];
}

export interface MadeSecret {
  /** Plain here; kept encrypted. */
  secret: string;
  /** Undefined for one that lives until it is taken away. */
  expiresAt: Date | undefined;
}

export interface Clients {
  find(tenantId: string, clientId: string): Promise<Client | undefined>;
  /** All of the tenant's, by client_id. */
  list(tenantId: string): Promise<Client[]>;
}
