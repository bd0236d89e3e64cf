// A tenant with what it is made of. Its clients, roles, keys and users have folders of their own; what the configuration file
// says of it comes in through apply-configuration.ts.

import type { DirectorySettings } from '../directory/directory-settings.ts';
import type { TenantSettings } from './tenant-settings.ts';

/** The tenant that administers the others. It always exists. */
export const ROOT_TENANT = 'root';

/** Who may change an entry, or a role: the configuration file that declares it, or the admin API. */
export type Owner = 'file' | 'api';
/** `system`: what every tenant has. */
export type RoleOwner = Owner | 'system';

export interface Tenant {
  id: string;
  /** Its name in a URL: `/t/acme`. */
  slug: string;
  name: string;
  status: 'active' | 'suspended';
  settings: TenantSettings;
  /** Made with the tenant and never changed; what security/derived-secrets.ts derives cookie keys, salts and nonces from. */
  secret: string;
  /** In the order in which they are asked. */
  directories: readonly TenantDirectory[];
  /** Grows with every change to the tenant or to what belongs to it; db/change-feed.ts tells of it. */
  version: number;
}

export interface TenantDirectory {
  id: string;
  name: string;
  position: number;
  settings: DirectorySettings;
  bindPassword: string | undefined;
}

export interface Tenants {
  bySlug(slug: string): Promise<Tenant | undefined>;
  /** The tenant that has this host to itself; letter case does not matter. */
  byHost(host: string): Promise<Tenant | undefined>;
  byId(id: string): Promise<Tenant | undefined>;
  /** All of them, by slug. */
  list(): Promise<Tenant[]>;
}
