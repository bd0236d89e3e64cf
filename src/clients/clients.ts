// Relying parties of a tenant. What their metadata may hold is client-metadata.ts's to say; checking a secret is the protocol
// library's.

import type { ClientMetadata } from './client-metadata.ts';

export interface Client {
  clientId: string;
  metadata: ClientMetadata;
  /** Plain here; kept encrypted. Undefined for public clients and those that sign with a key. */
  secret: string | undefined;
}

export interface Clients {
  find(tenantId: string, clientId: string): Promise<Client | undefined>;
  /** All of the tenant's, by client_id. */
  list(tenantId: string): Promise<Client[]>;
}
