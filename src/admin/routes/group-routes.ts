// Groups that live here: made, renamed, nested, given roles. Who is in them is group-member-routes.ts's.

import { z } from 'zod';

import type { Groups } from '../../groups/groups.ts';
import type { Outcome } from '../../outcome.ts';
import { shownWithEtag } from '../changes.ts';
import type { Changes, Target } from '../changes.ts';
import type { Grants } from '../grants.ts';
import type { KeepOwner } from '../keep-owner.ts';
import { groupMemberRoutes } from './group-member-routes.ts';
import { groupManagerRoutes } from './group-manager-routes.ts';
import { groupRoleRoutes } from './group-role-routes.ts';
import type { GroupRoles } from './group-role-routes.ts';
import { groupPatch, groupShape, newGroup, shownGroup } from './group-shape.ts';
import type { ShownGroup } from './group-shape.ts';
import { may } from '../caller.ts';
import { Problem } from '../problem.ts';
import { idParam, route } from '../route.ts';
import type { AdminRoute, Call } from '../route.ts';

export interface GroupRoutesDeps {
  groups: Groups;
  roles: GroupRoles;
  grants: Pick<Grants, 'assertMayGiveRoles' | 'assertMayJoin'>;
  keepOwner: KeepOwner;
  changes: Changes;
}

const TAG = 'Groups';
const PATH = '/tenants/{tenant}/groups';
const params = z.strictObject({ groupId: idParam });

export function groupRoutes(deps: GroupRoutesDeps): AdminRoute[] {
  return [...ownRoutes(deps), ...groupMemberRoutes(deps), ...groupManagerRoutes(deps), ...groupRoleRoutes(deps)];
}

function ownRoutes({ groups, roles, grants, keepOwner, changes }: GroupRoutesDeps): AdminRoute[] {
  const target = (tenantId: string, groupId: string): Target<ShownGroup> => ({
    name: 'group',
    lock: () => groups.lock(tenantId, groupId),
    read: async () => {
      const group = await groups.find(tenantId, groupId);
      return group && shownGroup(group);
    },
  });

  /** References in the configuration may wait for a group of this name, and give its members roles; one that loses it, loses these. */
  async function assertMayName({ caller, tenant }: Call, ...names: string[]): Promise<void> {
    const named = names.map((name) => ({ local: true, id: '', name }) as const);
    const given = await roles.rolesOfGroups(tenant.id, named);
    await grants.assertMayGiveRoles(caller, tenant, given);
  }

  return [
    route(
      {
        id: 'listGroups',
        method: 'GET',
        path: PATH,
        tag: TAG,
        summary: 'List the groups that live here',
        description: 'Whoever may read none but manages some is shown these alone.',
        permission: 'groups:read',
        also: 'own-groups',
        lists: {
          id: { type: 'id' },
          name: { type: 'text', sortable: true },
          createdAt: { type: 'time' },
        },
        answer: groupShape,
      },
      async ({ caller, tenant, list }) => {
        const among = may(caller, 'groups:read') ? undefined : [...caller.managedGroups];
        const { items, next } = await groups.list(tenant.id, list, among);
        return { body: { items: items.map(shownGroup), next } };
      },
    ),

    route(
      {
        id: 'createGroup',
        method: 'POST',
        path: PATH,
        tag: TAG,
        summary: 'Make a group',
        permission: 'groups:write',
        body: newGroup,
        status: 201,
        answer: groupShape,
      },
      (call) => {
        const { tenant, body } = call;
        return changes.create(
          call,
          async () => {
            await assertMayName(call, body.name);
            return shownGroup(unlessTaken(await groups.create(tenant.id, { description: undefined, ...body })));
          },
          ({ id }) => ({ type: 'group.created', subject: { kind: 'group', id } }),
          ({ id }) => `/tenants/${tenant.slug}/groups/${id}`,
        );
      },
    ),

    route(
      {
        id: 'getGroup',
        method: 'GET',
        path: `${PATH}/{groupId}`,
        tag: TAG,
        summary: 'Show a group',
        permission: 'groups:read',
        also: 'own-groups',
        params,
        answer: groupShape,
      },
      async ({ tenant, params: { groupId } }) => shownWithEtag(await target(tenant.id, groupId).read(), 'group'),
    ),

    route(
      {
        id: 'updateGroup',
        method: 'PATCH',
        path: `${PATH}/{groupId}`,
        tag: TAG,
        summary: 'Rename or describe a group',
        permission: 'groups:write',
        params,
        body: groupPatch,
        answer: groupShape,
      },
      (call) => {
        const { tenant, params: named, body } = call;
        const event = { type: 'group.changed', subject: { kind: 'group', id: named.groupId } } as const;
        return changes.amend(call, 'PATCH', target(tenant.id, named.groupId), event, async (before) => {
          const { name = before.name } = body;
          const { description = before.description } = body;
          if (name !== before.name) await assertMayName(call, before.name, name);
          const change = () => groups.change(tenant.id, before.id, { name, description: description ?? undefined });
          unlessTaken(await keepOwner(tenant.id, change));
        });
      },
    ),

    route(
      {
        id: 'deleteGroup',
        method: 'DELETE',
        path: `${PATH}/{groupId}`,
        tag: TAG,
        summary: 'Delete a group',
        description: 'Its members stay what they are; what they had by it, they lose.',
        permission: 'groups:write',
        params,
        status: 204,
      },
      (call) => {
        const { caller, tenant, params: named } = call;
        const event = { type: 'group.deleted', subject: { kind: 'group', id: named.groupId } } as const;
        return changes.remove(call, target(tenant.id, named.groupId), event, async ({ id }) => {
          // Else whoever may not take a role from the group, or somebody out of it, could take the group.
          await grants.assertMayJoin(caller, tenant, id);
          await keepOwner(tenant.id, async () => {
            await roles.setRolesOf(tenant.id, { kind: 'group', id }, []);
            await groups.remove(tenant.id, id);
          });
        });
      },
    ),
  ];
}

function unlessTaken<T>(outcome: Outcome<T, 'taken'>): T {
  if (outcome.ok) return outcome.value;
  throw new Problem('conflict', 'There is another group of this name.', {
    errors: [{ pointer: '#/name', detail: 'is taken' }],
  });
}
