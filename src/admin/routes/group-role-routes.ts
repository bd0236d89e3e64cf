// Roles that the members of a group hold by it: of one that lives here as of a directory's.

import { z } from 'zod';

import type { NamedGroup } from '../../groups/group-reference.ts';
import type { Groups } from '../../groups/groups.ts';
import type { Roles, SetRolesRefusal } from '../../roles/roles.ts';
import { shownWithEtag } from '../changes.ts';
import type { Changes, Target } from '../changes.ts';
import { invalid } from '../checked.ts';
import type { Grants } from '../grants.ts';
import { newRoles, rolesShape } from './group-shape.ts';
import type { NewRoles, ShownRoles } from './group-shape.ts';
import { Problem } from '../problem.ts';
import { idParam, route } from '../route.ts';
import type { AdminRoute, Answer, Call } from '../route.ts';

export type GroupRoles = Pick<Roles, 'givenTo' | 'setRolesOf' | 'rolesOfGroups'>;

export interface GroupRoleRoutesDeps {
  groups: Pick<Groups, 'withAncestors' | 'lock'>;
  roles: GroupRoles;
  grants: Pick<Grants, 'assertMayGiveRoles'>;
  changes: Changes;
}

const PATH = '/tenants/{tenant}/groups/{groupId}/roles';
const params = z.strictObject({ groupId: idParam });

export function groupRoleRoutes(deps: GroupRoleRoutesDeps): AdminRoute[] {
  const { groups, roles } = deps;
  const target = (tenantId: string, groupId: string): Target<ShownRoles> => ({
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
        answer: rolesShape,
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
        body: newRoles,
        answer: rolesShape,
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
): Promise<ShownRoles> {
  const given = await roles.givenTo(tenantId, { kind: 'group', id });
  return {
    roles: given.filter(({ owner }) => owner === 'api').map(({ name }) => name),
    effectiveRoles: await roles.rolesOfGroups(tenantId, all),
  };
}

export function setRolesOfGroup(
  { roles, grants, changes }: Pick<GroupRoleRoutesDeps, 'roles' | 'grants' | 'changes'>,
  call: Pick<Call<unknown, unknown, NewRoles>, 'caller' | 'tenant' | 'ifMatch' | 'body'>,
  id: string,
  target: Target<ShownRoles>,
): Promise<Answer<ShownRoles>> {
  const { caller, tenant, body } = call;
  const event = { type: 'group.roles_changed', subject: { kind: 'group', id } } as const;
  return changes.amend(call, 'PUT', target, event, async (before) => {
    const wanted = new Set(body.roles);
    await grants.assertMayGiveRoles(caller, tenant, [...wanted.symmetricDifference(new Set(before.roles))]);
    const set = await roles.setRolesOf(tenant.id, { kind: 'group', id }, [...wanted]);
    if (!set.ok) throw refusalOf(set.reason);
  });
}

export function refusalOf(reason: SetRolesRefusal): Problem {
  if (reason === 'last-owner') return new Problem('last-owner', 'Nobody else would be an owner of this tenant.');
  return invalid([{ pointer: '#/roles', detail: 'names what is no role of this tenant' }]);
}
