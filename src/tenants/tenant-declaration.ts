import type { ClientMetadata } from '../clients/client-metadata.ts';
import type { DirectorySettings } from '../directory/directory-settings.ts';
import type { RoleSettings, TenantSettings } from './tenant-settings.ts';

/** One tenant as the configuration file declares it: checked, with defaults filled in and every secret read. */
export interface TenantDeclaration {
  name: string;
  settings: TenantSettings;
  /** By name, in the order in which they are asked. */
  directories: Record<string, DirectoryDeclaration>;
  roles: Record<string, RoleSettings>;
  /** By `client_id`. */
  clients: Record<string, ClientDeclaration>;
}

export interface DirectoryDeclaration {
  settings: DirectorySettings;
  bindPassword: string | undefined;
}

export interface ClientDeclaration {
  metadata: ClientMetadata;
  secret: string | undefined;
}
