// The roles that every tenant has. Their rows say who holds them; what they permit is said here, for this version of the program.

import { ADMIN_PERMISSIONS, EVERYTHING, isOfAdminApi, typeOf } from '../admin/permissions.ts';
import type { RoleOwner } from '../tenants/tenants.ts';

export const BUILT_IN_ROLES = ['owner', 'admin', 'helpdesk', 'auditor'] as const;
export type BuiltInRole = (typeof BUILT_IN_ROLES)[number];

/** Whoever holds it may do everything in its tenant; a tenant that has one keeps one. */
export const OWNER_ROLE = 'owner';

/** Left to owners: each of these leads to everything else, or cannot be taken back. */
const OWNERS_ONLY = ['tenants:write', 'settings:write', 'directories:write', 'keys:write'];

interface BuiltIn {
  description: string;
  permissions: readonly string[];
}

const DEFINITIONS: Readonly<Record<BuiltInRole, BuiltIn>> = {
  owner: { description: 'May do everything', permissions: [EVERYTHING] },
  admin: {
    description: 'Runs the tenant: everything but its settings, directories and signing keys, and what owners may do',
    permissions: ADMIN_PERMISSIONS.filter((permission) => !OWNERS_ONLY.includes(permission)),
  },
  helpdesk: {
    description: 'Helps people back in: sees them, takes away their second factors, ends their sessions',
    permissions: ['users:read', 'factors:read', 'factors:write', 'sessions:read', 'sessions:write'],
  },
  auditor: {
    description: 'Reads the audit trail, and what it speaks of; changes nothing',
    permissions: [
      ...['audit:read', 'tenants:read', 'settings:read', 'directories:read', 'users:read', 'groups:read', 'roles:read'],
      ...['clients:read', 'sessions:read', 'api-keys:read', 'webhooks:read', 'keys:read'],
    ],
  },
};

export function isBuiltIn(name: string): name is BuiltInRole {
  return BUILT_IN_ROLES.some((one) => one === name);
}

interface StoredRole {
  name: string;
  owner: RoleOwner;
  permissions: readonly string[];
}

/**
 * Roles as they are in force. One under a name of ours that is not the program's, as the version before made `owner`, is none of ours
 * until the tenant is served by this version (tenants/apply-configuration.ts). `admin` holds whatever the tenant's own applications know, so as to give it to people.
 */
export function withBuiltIns<Role extends StoredRole>(
  roles: readonly Role[],
  resourceTypes: readonly string[],
): Role[] {
  const named = roles.flatMap(({ permissions }) => permissions).filter((permission) => !isOfAdminApi(permission));
  const own = new Set([...resourceTypes, ...named.map(typeOf)]);
  return roles.map((role) => {
    if (role.owner !== 'system' || !isBuiltIn(role.name)) return role;
    const { permissions } = DEFINITIONS[role.name];
    const ofApplications = role.name === 'admin' ? [...own].sort().map((type) => `${type}:*`) : [];
    return { ...role, permissions: [...permissions, ...ofApplications] };
  });
}

/** Undefined for one that is no built-in role. */
export function descriptionOf({ name, owner }: Pick<StoredRole, 'name' | 'owner'>): string | undefined {
  return owner === 'system' && isBuiltIn(name) ? DEFINITIONS[name].description : undefined;
}
