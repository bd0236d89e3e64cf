// What the roles of a tenant are: made, changed and removed. Who holds them is roles.ts's.

import type { ListFields, ListRequest, Page } from '../listing.ts';
import { accepted, refused } from '../outcome.ts';
import type { Outcome } from '../outcome.ts';
import type { Owner, RoleOwner } from '../tenants/tenants.ts';
import { isBuiltIn } from './built-in-roles.ts';
import { effectiveRoles, permissionsAmong } from './roles.ts';
import type { Role, RoleHolder } from './roles.ts';

export interface RoleDefinition {
  id: string;
  name: string;
  description: string | undefined;
  owner: RoleOwner;
  permissions: readonly string[];
  inherits: readonly string[];
  createdAt: Date;
  updatedAt: Date;
}

export type RoleSettings = Pick<RoleDefinition, 'description' | 'permissions' | 'inherits'>;

export const ROLE_FIELDS = {
  id: { type: 'id' },
  name: { type: 'text', sortable: true, caseExact: true },
} as const satisfies ListFields;

export interface ListedHolder extends RoleHolder {
  /** A user's name; undefined for others, and for a user who is gone. */
  username: string | undefined;
  /** Who gave it. */
  owner: Owner;
}

export const HOLDER_FIELDS = { id: { type: 'text', caseExact: true } } as const satisfies ListFields;

export interface RoleDefinitionStore {
  list(tenantId: string, request: ListRequest): Promise<Page<RoleDefinition>>;
  find(tenantId: string, name: string): Promise<RoleDefinition | undefined>;
  /** Until the unit of work ends nobody else changes a role of the tenant; other processes are told. */
  lock(tenantId: string): Promise<void>;
  insert(tenantId: string, name: string, settings: RoleSettings): Promise<boolean>;
  update(tenantId: string, name: string, settings: RoleSettings): Promise<void>;
  remove(tenantId: string, name: string): Promise<void>;
  /** Of one kind, to which the role was given. */
  holders(tenantId: string, name: string, kind: RoleHolder['kind'], request: ListRequest): Promise<Page<ListedHolder>>;
  /** Names of the roles made here that name one of these permissions. */
  permitting(tenantId: string, permissions: readonly string[]): Promise<string[]>;
  /** Names of the roles that inherit this one. */
  heirs(tenantId: string, name: string): Promise<string[]>;
}

/** `too-many`: this role, or one that inherits it, would permit more than `MOST_PERMITTED`. */
export type RoleRefusal = 'taken' | 'unknown-role' | 'circle' | 'too-many';

/** With what it inherits: of every role in a list all of it is shown. */
export const MOST_PERMITTED = 1000;

export interface RoleDefinitions extends Omit<RoleDefinitionStore, 'insert' | 'update' | 'remove' | 'heirs'> {
  create(tenantId: string, name: string, settings: RoleSettings): Promise<Outcome<void, RoleRefusal>>;
  change(tenantId: string, name: string, settings: RoleSettings): Promise<Outcome<void, RoleRefusal>>;
  /** Whoever holds it loses it. Refused while other roles inherit it. */
  remove(tenantId: string, name: string): Promise<Outcome<void, 'inherited'>>;
  /** Every role of the tenant, with what it permits by now. */
  inForce(tenantId: string): Promise<Role[]>;
  /** What the role would permit with these settings. */
  permissionsWith(tenantId: string, settings: RoleSettings): Promise<string[]>;
}

export interface RoleDefinitionsDeps {
  store: RoleDefinitionStore;
  /** Every role of the tenant as it is in force, from no cache. */
  list(tenantId: string): Promise<Role[]>;
}

export function createRoleDefinitions({ store, list }: RoleDefinitionsDeps): RoleDefinitions {
  async function problemWith(
    tenantId: string,
    name: string,
    settings: RoleSettings,
  ): Promise<Exclude<RoleRefusal, 'taken'> | undefined> {
    const { inherits } = settings;
    const roles = await list(tenantId);
    if (inherits.some((one) => one !== name && !roles.some((role) => role.name === one))) return 'unknown-role';
    const reached = effectiveRoles(
      inherits,
      roles.filter((role) => role.name !== name),
    );
    const all = roles.filter((role) => reached.includes(role.name));
    const leadsBack = inherits.includes(name) || all.some((role) => role.inherits.includes(name));
    if (leadsBack) return 'circle';
    const after = [...roles.filter((role) => role.name !== name), { ...settings, name }];
    const permitsTooMuch = heirsOf(name, after).some((heir) => permissionsAmong([heir], after).length > MOST_PERMITTED);
    return permitsTooMuch ? 'too-many' : undefined;
  }

  return {
    ...store,

    async create(tenantId, name, settings) {
      // Even where a process of the version before has made the tenant without it.
      if (isBuiltIn(name)) return refused('taken');
      await store.lock(tenantId);
      const problem = await problemWith(tenantId, name, settings);
      if (problem) return refused(problem);
      return (await store.insert(tenantId, name, settings)) ? accepted(undefined) : refused('taken');
    },

    async change(tenantId, name, settings) {
      await store.lock(tenantId);
      const problem = await problemWith(tenantId, name, settings);
      if (problem) return refused(problem);
      await store.update(tenantId, name, settings);
      return accepted(undefined);
    },

    async remove(tenantId, name) {
      await store.lock(tenantId);
      if ((await store.heirs(tenantId, name)).length > 0) return refused('inherited');
      await store.remove(tenantId, name);
      return accepted(undefined);
    },

    inForce: list,

    async permissionsWith(tenantId, { permissions, inherits }) {
      const inherited = permissionsAmong(inherits, await list(tenantId));
      return [...new Set([...permissions, ...inherited])].sort();
    },
  };
}

/** The role itself, and those that inherit it, however far. */
function heirsOf(name: string, roles: readonly Pick<Role, 'name' | 'inherits'>[]): string[] {
  const heirs = new Set([name]);
  // A set that grows goes on to what was added.
  for (const one of heirs) {
    for (const role of roles) if (role.inherits.includes(one)) heirs.add(role.name);
  }
  return [...heirs];
}
