// Roles of a tenant: who holds which, through a group or another role as well, and what they permit. Group membership itself is
// the directory's and groups/'s; how configuration names a group is groups/group-reference.ts's. Making roles is definitions.ts's.

import { membershipIn } from '../groups/group-reference.ts';
import type { NamedGroup } from '../groups/group-reference.ts';
import type { Outcome } from '../outcome.ts';
import type { Owner, RoleOwner } from '../tenants/tenants.ts';
import { roleWays } from './role-ways.ts';
import type { HeldRole } from './role-ways.ts';

export interface Role {
  name: string;
  /** `system`: built in. */
  owner: RoleOwner;
  /** As `invoice:approve`. */
  permissions: readonly string[];
  /** Roles whose permissions this one has too. */
  inherits: readonly string[];
  /** References to groups whose members hold it. */
  groups: readonly string[];
}

export interface RoleHolder {
  kind: 'user' | 'client' | 'group';
  /** A user's id, a client_id, or a reference to a group (groups/group-reference.ts): of one that lives here, its id. */
  id: string;
}

/** A person as far as roles depend on it. */
export interface Person {
  tenantId: string;
  userId: string;
  groups: readonly NamedGroup[];
}

/** A role that was given to a holder itself. */
export interface GivenRole {
  name: string;
  /** Who gave it, and may take it away. */
  owner: Owner;
}

export type SetRolesRefusal = 'unknown-user' | 'unknown-role';

export interface RoleStore {
  /** Every role of the tenant. */
  list(tenantId: string): Promise<Role[]>;
  /** Those that were given to the holder itself, by name. */
  givenTo(tenantId: string, holder: RoleHolder): Promise<GivenRole[]>;
  /** Makes these the roles that the holder itself was given here; what the configuration file gave stays. */
  setRolesOf(tenantId: string, holder: RoleHolder, roles: readonly string[]): Promise<Outcome<void, SetRolesRefusal>>;
}

export interface Roles extends Pick<RoleStore, 'givenTo' | 'setRolesOf'> {
  /** Names of all roles that the person holds: given, through groups, and inherited; sorted. */
  rolesOfUser(person: Person): Promise<string[]>;
  /** The same roles, each with the ways in which they came by it. */
  waysOfUser(person: Person): Promise<HeldRole[]>;
  /** Names of all roles that the client itself holds: given, and inherited; sorted. */
  rolesOfClient(tenantId: string, clientId: string): Promise<string[]>;
  /** Those that were given to the group itself, however the configuration file refers to it; by name. */
  givenToGroup(tenantId: string, group: NamedGroup): Promise<GivenRole[]>;
  /** Names of all roles that whoever is in these groups holds through them: given, and inherited; sorted. */
  rolesOfGroups(tenantId: string, groups: readonly NamedGroup[]): Promise<string[]>;
  /** Those of the names that are no role of the tenant. */
  unknownAmong(tenantId: string, names: readonly string[]): Promise<string[]>;
  /** What the roles together permit, with what they inherit; sorted. */
  permissionsOf(tenantId: string, roles: readonly string[]): Promise<string[]>;
}

export function createRoles(store: RoleStore): Roles {
  const given = async (tenantId: string, holder: RoleHolder) =>
    (await store.givenTo(tenantId, holder)).map(({ name }) => name);

  return {
    async rolesOfUser({ tenantId, userId, groups }) {
      const roles = await store.list(tenantId);
      const own = await given(tenantId, { kind: 'user', id: userId });
      return effectiveRoles([...own, ...throughGroups(groups, roles)], roles);
    },

    async waysOfUser({ tenantId, userId, groups }) {
      return roleWays(await given(tenantId, { kind: 'user', id: userId }), groups, await store.list(tenantId));
    },

    async rolesOfClient(tenantId, clientId) {
      const own = await given(tenantId, { kind: 'client', id: clientId });
      return effectiveRoles(own, await store.list(tenantId));
    },

    async givenToGroup(tenantId, group) {
      const given = await store.givenTo(tenantId, { kind: 'group', id: group.id });
      const named = throughGroups([group], await store.list(tenantId));
      const byReference = new Set(named).difference(new Set(given.map(({ name }) => name)));
      const all = [...given, ...[...byReference].map((name) => ({ name, owner: 'file' as const }))];
      return all.sort((a, b) => (a.name < b.name ? -1 : 1));
    },

    async rolesOfGroups(tenantId, groups) {
      const roles = await store.list(tenantId);
      return effectiveRoles(throughGroups(groups, roles), roles);
    },

    async unknownAmong(tenantId, names) {
      const known = new Set((await store.list(tenantId)).map(({ name }) => name));
      return names.filter((name) => !known.has(name));
    },

    async permissionsOf(tenantId, names) {
      return permissionsAmong(names, await store.list(tenantId));
    },

    givenTo: store.givenTo,
    setRolesOf: store.setRolesOf,
  };
}

function throughGroups(groups: readonly NamedGroup[], roles: readonly Role[]): string[] {
  const isMember = membershipIn(groups);
  return roles.filter((role) => role.groups.some(isMember)).map((role) => role.name);
}

type Inheriting = Pick<Role, 'name' | 'inherits'>;

/** The roles held and all that they inherit, however far and in whatever circle; sorted. What is no role gives nothing. */
export function effectiveRoles(held: readonly string[], roles: readonly Inheriting[]): string[] {
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

/** What these roles permit, with what they inherit; sorted. */
export function permissionsAmong(
  names: readonly string[],
  roles: readonly (Inheriting & Pick<Role, 'permissions'>)[],
): string[] {
  const effective = new Set(effectiveRoles(names, roles));
  const permissions = roles.filter((role) => effective.has(role.name)).flatMap((role) => role.permissions);
  return [...new Set(permissions)].sort();
}
