// Roles that the members of a group hold by it: of one that lives here as of a directory's.

import { z } from 'zod';

import type { NamedGroup } from '../../groups/group-reference.ts';
import type { Groups } from '../../groups/groups.ts';
import type { Roles } from '../../roles/roles.ts';
import { shownWithEtag } from '../changes.ts';
import type { Changes, Target } from '../changes.ts';
import type { Grants } from '../grants.ts';
import type { KeepOwner } from '../keep-owner.ts';
import { giveRoles, shownHeldRoles } from './held-roles.ts';
import { heldRoles, roleNames } from './role-shape.ts';
import type { HeldRoles, RoleNames } from './role-shape.ts';
import { idParam, route } from '../route.ts';
import type { AdminRoute, Answer, Call } from '../route.ts';

export type GroupRoles = Pick<Roles, 'givenToGroup' | 'setRolesOf' | 'unknownAmong' | 'rolesOfGroups'>;

export interface GroupRoleRoutesDeps {
  groups: Pick<Groups, 'withAncestors' | 'lock'>;
  roles: GroupRoles;
  grants: Pick<Grants, 'assertMayGiveRoles'>;
  keepOwner: KeepOwner;
  changes: Changes;
}

const PATH = '/tenants/{tenant}/groups/{groupId}/roles';
const params = z.strictObject({ groupId: idParam });

export function groupRoleRoutes(deps: GroupRoleRoutesDeps): AdminRoute[] {
  const { groups, roles } = deps;
  const target = (tenantId: string, groupId: string): Target<HeldRoles> => ({
    name: 'group',
    lock: () => groups.lock(tenantId, groupId),
    read: async () => {
      const all = await groups.withAncestors(tenantId, groupId);
      return all.length === 0 ? undefined : rolesGivenBy(roles, tenantId, groupId, all);
    },
  });

  return [
    route(
      {
        id: 'getGroupRoles',
        method: 'GET',
        path: PATH,
        tag: 'Groups',
        summary: 'Show the roles that a group gives',
        permission: 'groups:read',
        params,
        answer: heldRoles,
      },
      async ({ tenant, params: { groupId } }) => shownWithEtag(await target(tenant.id, groupId).read(), 'group'),
    ),

    route(
      {
        id: 'setGroupRoles',
        method: 'PUT',
        path: PATH,
        tag: 'Groups',
        summary: 'Say which roles a group gives',
        description: 'Nobody gives, and nobody takes away, a role that permits what they may not do themselves.',
        permission: 'roles:write',
        params,
        body: roleNames,
        answer: heldRoles,
      },
      (call) => setRolesOfGroup(deps, call, call.params.groupId, target(call.tenant.id, call.params.groupId)),
    ),
  ];
}

/** @param all the group, and those that membership in it comes to */
export async function rolesGivenBy(
  roles: GroupRoles,
  tenantId: string,
  id: string,
  all: readonly NamedGroup[],
): Promise<HeldRoles> {
  const group = all.find((one) => one.id === id);
  const given = group ? await roles.givenToGroup(tenantId, group) : [];
  return shownHeldRoles(given, await roles.rolesOfGroups(tenantId, all));
}

export function setRolesOfGroup(
  deps: Pick<GroupRoleRoutesDeps, 'roles' | 'grants' | 'keepOwner' | 'changes'>,
  call: Pick<Call<unknown, unknown, RoleNames>, 'caller' | 'tenant' | 'ifMatch' | 'body'>,
  id: string,
  target: Target<HeldRoles>,
): Promise<Answer<HeldRoles>> {
  const event = { type: 'group.roles_changed', subject: { kind: 'group', id } } as const;
  return deps.changes.amend(call, 'PUT', target, event, (before) =>
    giveRoles(deps, call, { kind: 'group', id }, before),
  );
}
