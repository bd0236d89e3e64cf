// Nobody gives what they do not hold: asked wherever a role, a membership, a key or somebody's account would give it.

import type { Groups } from '../groups/groups.ts';
import type { Roles } from '../roles/roles.ts';
import type { Tenant } from '../tenants/tenants.ts';
import type { User } from '../users/users.ts';
import { holdsAll, may } from './caller.ts';
import type { Caller } from './caller.ts';
import { isOfAdminApi } from './permissions.ts';
import { Problem } from './problem.ts';

export interface Grants {
  /** @throws Problem `grant-exceeds-own` when these roles (with all they inherit) permit what the caller does not hold. */
  assertMayGiveRoles(caller: Caller, tenant: Pick<Tenant, 'id'>, roles: readonly string[]): Promise<void>;
  /** The same for permissions themselves (an API key's, a role's). */
  assertMayGive(caller: Caller, permissions: readonly string[]): void;
  /** The same for what membership in a local group gives, through the groups it is nested in as well. */
  assertMayJoin(caller: Caller, tenant: Pick<Tenant, 'id'>, groupId: string): Promise<void>;
  /**
   * That an administrator is not taken over by whoever resets their factors, sends them a link, or changes them.
   * @throws Problem `grant-exceeds-own` when the user may do through the admin API what the caller may not.
   */
  assertMayManage(caller: Caller, tenant: Tenant, user: User): Promise<void>;
}

export interface GrantsDeps {
  roles: Pick<Roles, 'rolesOfUser' | 'rolesOfGroups' | 'permissionsOf'>;
  groups: Pick<Groups, 'withAncestors'>;
}

export function createGrants({ roles, groups }: GrantsDeps): Grants {
  function assertMayGive(caller: Caller, permissions: readonly string[]): void {
    if (holdsAll(caller, permissions)) return;
    const beyond = permissions.filter((permission) => !may(caller, permission));
    throw new Problem('grant-exceeds-own', `This would give what you do not hold: ${shortened(beyond)}.`);
  }
  const assertMayGiveRoles: Grants['assertMayGiveRoles'] = async (caller, { id }, names) => {
    assertMayGive(caller, await roles.permissionsOf(id, names));
  };

  return {
    assertMayGive,
    assertMayGiveRoles,

    async assertMayJoin(caller, tenant, groupId) {
      const joined = await groups.withAncestors(tenant.id, groupId);
      await assertMayGiveRoles(caller, tenant, await roles.rolesOfGroups(tenant.id, joined));
    },

    async assertMayManage(caller, { id: tenantId }, user) {
      const held = await roles.rolesOfUser({ tenantId, userId: user.id, groups: user.groups });
      const permissions = (await roles.permissionsOf(tenantId, held)).filter(isOfAdminApi);
      if (holdsAll(caller, permissions)) return;
      throw new Problem('grant-exceeds-own', 'This account may do more through this API than you may.');
    },
  };
}

const MOST_NAMED = 10;

function shortened(permissions: readonly string[]): string {
  const named = permissions.slice(0, MOST_NAMED).join(', ');
  return permissions.length > MOST_NAMED ? `${named} …` : named;
}
