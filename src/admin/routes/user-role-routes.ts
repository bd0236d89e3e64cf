// Which roles a user was given, and which they hold by whatever way.

import { z } from 'zod';

import type { Roles } from '../../roles/roles.ts';
import { shownWithEtag } from '../changes.ts';
import type { Changes } from '../changes.ts';
import type { Grants } from '../grants.ts';
import type { KeepOwner } from '../keep-owner.ts';
import { idParam, route } from '../route.ts';
import type { AdminRoute, Call } from '../route.ts';
import { giveRoles, shownHeldRoles } from './held-roles.ts';
import { heldRoles, roleNames, roleWithWays, shownRoleWithWays } from './role-shape.ts';
import type { HeldRoles } from './role-shape.ts';
import { USER_PATH, subjectOf } from './user-target.ts';
import type { UserTargets } from './user-target.ts';

export interface UserRoleRoutesDeps {
  roles: Pick<Roles, 'givenTo' | 'setRolesOf' | 'unknownAmong' | 'rolesOfUser' | 'waysOfUser' | 'permissionsOf'>;
  grants: Pick<Grants, 'assertMayGiveRoles'>;
  keepOwner: KeepOwner;
  userTargets: UserTargets;
  changes: Changes;
}

const TAG = 'Users';
const params = z.strictObject({ userId: idParam });
type OfUser = Pick<Call<z.output<typeof params>>, 'caller' | 'tenant' | 'params'>;

const effectiveShape = z
  .strictObject({
    roles: z.array(roleWithWays),
    permissions: z.array(z.string()).describe('What these permit together'),
  })
  .meta({ id: 'EffectiveRoles' });

export function userRoleRoutes(deps: UserRoleRoutesDeps): AdminRoute[] {
  const { roles, userTargets, changes } = deps;

  async function read(call: OfUser): Promise<HeldRoles> {
    const { id, tenantId, groups } = await userTargets.existing(call);
    const given = await roles.givenTo(tenantId, { kind: 'user', id });
    return shownHeldRoles(given, await roles.rolesOfUser({ tenantId, userId: id, groups }));
  }

  return [
    route(
      {
        id: 'getUserRoles',
        method: 'GET',
        path: `${USER_PATH}/roles`,
        tag: TAG,
        summary: 'Show the roles that a user was given',
        permission: 'users:read',
        params,
        answer: heldRoles,
      },
      async (call) => shownWithEtag(await read(call), 'user'),
    ),

    route(
      {
        id: 'setUserRoles',
        method: 'PUT',
        path: `${USER_PATH}/roles`,
        tag: TAG,
        summary: 'Give a user these roles and no others',
        description:
          'Nobody gives, and nobody takes away, a role that permits what they may not do themselves. Roles that the configuration file ' +
          'gave stay.',
        permission: 'roles:write',
        params,
        body: roleNames,
        answer: heldRoles,
      },
      (call) => {
        const { userId: id } = call.params;
        const target = userTargets.partOf(call, 'user', () => read(call));
        const event = { type: 'user.roles_changed', subject: subjectOf(id) } as const;
        return changes.amend(call, 'PUT', target, event, (before) =>
          giveRoles(deps, call, { kind: 'user', id }, before),
        );
      },
    ),

    route(
      {
        id: 'getUserEffectiveRoles',
        method: 'GET',
        path: `${USER_PATH}/effective-roles`,
        tag: TAG,
        summary: 'Show all roles that a user holds, with the ways they came by each, and what they permit',
        permission: 'users:read',
        params,
        answer: effectiveShape,
      },
      async (call) => {
        const { id: userId, tenantId, groups } = await userTargets.existing(call);
        const held = await roles.waysOfUser({ tenantId, userId, groups });
        const names = held.map(({ name }) => name);
        return {
          body: { roles: held.map(shownRoleWithWays), permissions: await roles.permissionsOf(tenantId, names) },
        };
      },
    ),
  ];
}
