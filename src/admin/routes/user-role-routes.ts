// Which roles a user was given, and which they hold by whatever way.

import { z } from 'zod';

import type { HeldRole } from '../../roles/role-ways.ts';
import type { Roles, SetRolesRefusal } from '../../roles/roles.ts';
import { shownWithEtag } from '../changes.ts';
import type { Changes } from '../changes.ts';
import type { Grants } from '../grants.ts';
import { Problem, notFound } from '../problem.ts';
import { idParam, route } from '../route.ts';
import type { AdminRoute, Call } from '../route.ts';
import { USER_PATH, lastOwner, subjectOf } from './user-target.ts';
import type { UserTargets } from './user-target.ts';

export interface UserRoleRoutesDeps {
  roles: Pick<Roles, 'givenTo' | 'setRolesOf' | 'waysOfUser' | 'permissionsOf'>;
  grants: Pick<Grants, 'assertMayGiveRoles'>;
  userTargets: UserTargets;
  changes: Changes;
}

const TAG = 'Users';
const params = z.strictObject({ userId: idParam });
type OfUser = Pick<Call<z.output<typeof params>>, 'caller' | 'tenant' | 'params'>;

const givenShape = z
  .strictObject({
    roles: z.array(
      z.strictObject({
        name: z.string(),
        managedBy: z.enum(['file', 'api']).describe('Who gave it, and may take it away'),
      }),
    ),
  })
  .meta({ id: 'UserRoles' });

const wayShape = z.discriminatedUnion('by', [
  z.strictObject({ by: z.literal('given') }),
  z.strictObject({ by: z.literal('group'), group: z.strictObject({ id: z.string(), name: z.string() }) }),
  z.strictObject({ by: z.literal('inherited'), role: z.string() }),
]);

const effectiveShape = z
  .strictObject({
    roles: z.array(z.strictObject({ name: z.string(), ways: z.array(wayShape) })),
    permissions: z.array(z.string()).describe('What these permit together'),
  })
  .meta({ id: 'EffectiveRoles' });

export function userRoleRoutes({ roles, grants, userTargets, changes }: UserRoleRoutesDeps): AdminRoute[] {
  async function read(call: OfUser): Promise<z.output<typeof givenShape>> {
    const { id, tenantId } = await userTargets.existing(call);
    const given = await roles.givenTo(tenantId, { kind: 'user', id });
    return { roles: given.map(({ name, owner }) => ({ name, managedBy: owner })) };
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
        answer: givenShape,
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
          'What is given must not permit more than you may do yourself. Roles that the configuration file gave stay.',
        permission: 'roles:write',
        params,
        body: z.strictObject({ roles: z.array(z.string().min(1).max(200)).max(200) }),
        answer: givenShape,
      },
      (call) => {
        const {
          caller,
          tenant,
          params: { userId: id },
          body,
        } = call;
        const target = userTargets.partOf(call, 'user', () => read(call));
        const event = { type: 'user.roles_changed', subject: subjectOf(id) } as const;
        return changes.amend(call, 'PUT', target, event, async (before) => {
          const wanted = new Set(body.roles);
          const given = new Set(before.roles.map(({ name }) => name));
          await grants.assertMayGiveRoles(caller, tenant, [...wanted.difference(given)]);
          const set = await roles.setRolesOf(tenant.id, { kind: 'user', id }, [...wanted]);
          if (!set.ok) throw problemOf(set.reason);
        });
      },
    ),

    route(
      {
        id: 'getUserEffectiveRoles',
        method: 'GET',
        path: `${USER_PATH}/effectiveRoles`,
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
        return { body: { roles: held.map(shownRole), permissions: await roles.permissionsOf(tenantId, names) } };
      },
    ),
  ];
}

function shownRole({ name, ways }: HeldRole) {
  return { name, ways: [...ways] };
}

function problemOf(reason: SetRolesRefusal): Problem {
  switch (reason) {
    case 'last-owner':
      return lastOwner();
    case 'unknown-user':
      return notFound('user');
    case 'unknown-role':
      return new Problem('invalid-request', 'There is no such role.', {
        errors: [{ pointer: '#/roles', detail: 'names a role that does not exist' }],
      });
  }
}
