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
  directory: { id: string; groups: readonly NamedGroup[] } | undefined;
}

/** A name that is not unique in a directory; see `IsAmbiguousGroupName`. */
export interface GroupNames {
  isAmbiguous(tenantId: string, directoryId: string, name: string): Promise<boolean>;
}

export interface RoleStore {
  /** Every role of the tenant. */
  list(tenantId: string): Promise<Role[]>;
  /** Names of the roles that were given to the holder itself. */
  heldBy(tenantId: string, holder: RoleHolder): Promise<string[]>;
  /** Makes these the roles that the admin API gave to a user, and takes others of that kind away. */
  setRolesOfUser(
    tenantId: string,
    userId: string,
    roles: readonly string[],
  ): Promise<Outcome<void, 'unknown-user' | 'unknown-role'>>;
}

export interface Roles {
  /** Names of all roles that the person holds, given, through groups or inherited; sorted. */
  rolesOfUser(person: Person): Promise<string[]>;
  /** Names of all roles that the client itself holds, given or inherited; sorted. */
  rolesOfClient(tenantId: string, clientId: string): Promise<string[]>;
  /** What the roles together permit, inherited permissions included; sorted. */
  permissionsOf(tenantId: string, roles: readonly string[]): Promise<string[]>;
  setRolesOfUser: RoleStore['setRolesOfUser'];
}

export function createRoles(store: RoleStore, groupNames: GroupNames): Roles {
  /** Roles that the person's groups give. The directory is asked only about names that a role uses and a group of the person bears. */
  async function grantedByGroups(roles: readonly Role[], { tenantId, directory }: Person): Promise<string[]> {
    if (!directory) return [];
    const isMember = membershipIn(directory.groups, (name) => groupNames.isAmbiguous(tenantId, directory.id, name));
    const granted: string[] = [];
    for (const { name, groups } of roles) {
      if (await some(groups, isMember)) granted.push(name);
    }
    return granted;
  }

  return {
    async rolesOfUser(person) {
      const roles = await store.list(person.tenantId);
      const held = await store.heldBy(person.tenantId, { kind: 'user', id: person.userId });
      const others = roles.filter((role) => !held.includes(role.name));
      return effectiveRoles([...held, ...(await grantedByGroups(others, person))], roles);
    },

    async rolesOfClient(tenantId, clientId) {
      const held = await store.heldBy(tenantId, { kind: 'client', id: clientId });
      return effectiveRoles(held, await store.list(tenantId));
    },

    async permissionsOf(tenantId, names) {
      const roles = await store.list(tenantId);
      const effective = new Set(effectiveRoles(names, roles));
      return [...new Set(roles.filter((role) => effective.has(role.name)).flatMap((role) => role.permissions))].sort();
    },

    setRolesOfUser: (tenantId, userId, roles) => store.setRolesOfUser(tenantId, userId, roles),
  };
}

/** The roles held and all that they inherit, however far and in whatever circle; sorted. A role that does not exist gives nothing. */
export function effectiveRoles(held: Iterable<string>, roles: readonly Pick<Role, 'name' | 'inherits'>[]): string[] {
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

async function some<T>(values: readonly T[], test: (value: T) => Promise<boolean>): Promise<boolean> {
  for (const value of values) if (await test(value)) return true;
  return false;
}
