// Roles of a tenant: who holds which, through a group or another role as well, and what they permit. Group membership itself is
// the directory's; how configuration names a group is groups/group-reference.ts's.

import { membershipIn } from '../groups/group-reference.ts';
import type { NamedGroup } from '../groups/group-reference.ts';
import type { Outcome } from '../outcome.ts';

export interface Role {
  name: string;
  /** As `invoice:approve`. */
  permissions: readonly string[];
  /** Roles whose permissions this one has too. */
  inherits: readonly string[];
  /** References to groups whose members hold it. */
  groups: readonly string[];
}

export interface RoleHolder {
  kind: 'user' | 'client';
  id: string;
}

/** A person as far as roles depend on it; `directory` is undefined for a local user. */
export interface Person {
  tenantId: string;
  userId: string;
  directory: { groups: readonly NamedGroup[] } | undefined;
}

export interface RoleStore {
  /** Every role of the tenant. */
  list(tenantId: string): Promise<Role[]>;
  /** Names of the roles that were given to the holder itself. */
  heldBy(tenantId: string, holder: RoleHolder): Promise<string[]>;
  /** Makes a role without permissions, to be changed through the admin API, unless there is one of this name. */
  ensureRole(tenantId: string, name: string): Promise<void>;
  /** Makes these the roles that the user itself was given. */
  setRolesOfUser(
    tenantId: string,
    userId: string,
    roles: readonly string[],
  ): Promise<Outcome<void, 'unknown-user' | 'unknown-role'>>;
}

export interface Roles extends Pick<RoleStore, 'ensureRole' | 'setRolesOfUser'> {
  /** Names of all roles that the person holds: given, through groups, and inherited; sorted. */
  rolesOfUser(person: Person): Promise<string[]>;
  /** Names of all roles that the client itself holds: given, and inherited; sorted. */
  rolesOfClient(tenantId: string, clientId: string): Promise<string[]>;
  /** What the roles together permit, with what they inherit; sorted. */
  permissionsOf(tenantId: string, roles: readonly string[]): Promise<string[]>;
}

export function createRoles(store: RoleStore): Roles {
  return {
    async rolesOfUser({ tenantId, userId, directory }) {
      const roles = await store.list(tenantId);
      const given = await store.heldBy(tenantId, { kind: 'user', id: userId });
      const isMember = membershipIn(directory?.groups ?? []);
      const throughGroups = roles.filter((role) => role.groups.some(isMember)).map((role) => role.name);
      return effectiveRoles([...given, ...throughGroups], roles);
    },

    async rolesOfClient(tenantId, clientId) {
      const given = await store.heldBy(tenantId, { kind: 'client', id: clientId });
      return effectiveRoles(given, await store.list(tenantId));
    },

    async permissionsOf(tenantId, names) {
      const roles = await store.list(tenantId);
      const effective = new Set(effectiveRoles(names, roles));
      const permissions = roles.filter((role) => effective.has(role.name)).flatMap((role) => role.permissions);
      return [...new Set(permissions)].sort();
    },

    ensureRole: store.ensureRole,
    setRolesOfUser: store.setRolesOfUser,
  };
}

/** The roles held and all that they inherit, however far and in whatever circle; sorted. What is no role gives nothing. */
export function effectiveRoles(held: readonly string[], roles: readonly Pick<Role, 'name' | 'inherits'>[]): string[] {
  const inherits = new Map(roles.map((role) => [role.name, role.inherits]));
  const effective = new Set<string>();
  const pending = [...held];
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const inherited = inherits.get(name);
    if (!inherited || effective.has(name)) continue;
    effective.add(name);
    pending.push(...inherited);
  }
  return [...effective].sort();
}
