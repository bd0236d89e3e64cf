// Whether a tenant has somebody who may do everything in it: given `owner` itself or a role that inherits it, or in a group that
// gives one of these.

import { localNameIn } from '../groups/group-reference.ts';
import { OWNER_ROLE } from './built-in-roles.ts';
import { effectiveRoles } from './roles.ts';
import type { Role } from './roles.ts';

/** `by-directory`: a group of a directory gives the role, and who is in it changes without us. */
export type Ownership = 'by-people' | 'by-directory' | 'by-nobody';

/** Ways to come by a role. */
export interface RoleSources {
  /** Names. */
  roles: readonly string[];
  /** Ids and names of groups that live here, or of others. */
  groupIds: readonly string[];
  groupNames: readonly string[];
}

export interface OwnerStore {
  /** Every role of the tenant as it is now, from no cache. */
  list(tenantId: string): Promise<Role[]>;
  /** Whether an active user was given one of the roles, or is in one of the groups that live here, nested ones as well. */
  hasActive(tenantId: string, sources: RoleSources): Promise<boolean>;
  /** Which of these ids are of groups that live here. */
  localGroupsAmong(tenantId: string, ids: readonly string[]): Promise<string[]>;
  /** Nobody else gets it until the unit of work ends. */
  lock(tenantId: string): Promise<void>;
}

export interface Owners extends Pick<OwnerStore, 'lock'> {
  now(tenantId: string): Promise<Ownership>;
}

export function createOwners(store: OwnerStore): Owners {
  return {
    lock: store.lock,

    async now(tenantId) {
      const all = await store.list(tenantId);
      const owning = all.filter(({ name }) => effectiveRoles([name], all).includes(OWNER_ROLE));
      const references = owning.flatMap(({ groups }) => groups);
      const groupNames = references.flatMap((reference) => localNameIn(reference) ?? []);
      const groupIds = references.filter((reference) => localNameIn(reference) === undefined);
      const roles = owning.map(({ name }) => name);
      if (await store.hasActive(tenantId, { roles, groupIds, groupNames })) return 'by-people';
      const local = await store.localGroupsAmong(tenantId, groupIds);
      return groupIds.length > local.length ? 'by-directory' : 'by-nobody';
    },
  };
}
