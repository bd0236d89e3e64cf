// Who may change the membership of one group that lives here, and nothing else.

import { z } from 'zod';

import type { Groups } from '../../groups/groups.ts';
import type { Changes, Target, WriteEvent } from '../changes.ts';
import type { Grants } from '../grants.ts';
import { managerShape, shownManager } from './group-shape.ts';
import type { ShownManager } from './group-shape.ts';
import { shownWithEtag } from '../changes.ts';
import { Problem, notFound } from '../problem.ts';
import { idParam, route } from '../route.ts';
import type { AdminRoute } from '../route.ts';

export interface GroupManagerRoutesDeps {
  groups: Groups;
  grants: Pick<Grants, 'assertMayJoin'>;
  changes: Changes;
}

const TAG = 'Groups';
const PATH = '/tenants/{tenant}/groups/{groupId}/managers';
const ofGroup = z.strictObject({ groupId: idParam });
const ofManager = ofGroup.extend({ userId: idParam });

export function groupManagerRoutes({ groups, grants, changes }: GroupManagerRoutesDeps): AdminRoute[] {
  const read = async (tenantId: string, groupId: string, userId: string) => {
    const manager = await groups.manager(tenantId, groupId, userId);
    return manager && shownManager(manager);
  };
  const target = (tenantId: string, groupId: string, userId: string): Target<ShownManager> => ({
    name: 'manager',
    lock: () => groups.lock(tenantId, groupId),
    read: () => read(tenantId, groupId, userId),
  });

  async function add(tenantId: string, groupId: string, userId: string): Promise<ShownManager> {
    const added = await groups.addManager(tenantId, groupId, userId);
    if (!added.ok && added.reason === 'already') throw new Problem('conflict', 'This user manages the group already.');
    if (!added.ok) throw notFound(added.reason === 'unknown-group' ? 'group' : 'user');
    const shown = await read(tenantId, groupId, userId);
    if (!shown) throw new Error('a manager is not there after being added');
    return shown;
  }

  return [
    route(
      {
        id: 'listGroupManagers',
        method: 'GET',
        path: PATH,
        tag: TAG,
        summary: 'List who manages the membership of a group',
        permission: 'groups:read',
        params: ofGroup,
        lists: { id: { type: 'id' } },
        answer: managerShape,
      },
      async ({ tenant, params: { groupId }, list }) => {
        if (!(await groups.find(tenant.id, groupId))) throw notFound('group');
        const { items, next } = await groups.managers(tenant.id, groupId, list);
        return { body: { items: items.map(shownManager), next } };
      },
    ),

    route(
      {
        id: 'addGroupManager',
        method: 'POST',
        path: PATH,
        tag: TAG,
        summary: 'Let a user manage the membership of a group',
        description: 'They may read the group and add and remove its members, and nothing else.',
        permission: 'groups:write',
        params: ofGroup,
        body: z.strictObject({ userId: idParam }).meta({ id: 'NewGroupManager' }),
        status: 201,
        answer: managerShape,
      },
      (call) => {
        const { caller, tenant, params: named, body } = call;
        const { groupId } = named;
        return changes.create(
          call,
          async () => {
            await grants.assertMayJoin(caller, tenant, groupId);
            return add(tenant.id, groupId, body.userId);
          },
          ({ userId }) => eventOf('group.manager_added', groupId, userId),
          ({ userId }) => `/tenants/${tenant.slug}/groups/${groupId}/managers/${userId}`,
        );
      },
    ),

    route(
      {
        id: 'getGroupManager',
        method: 'GET',
        path: `${PATH}/{userId}`,
        tag: TAG,
        summary: 'Show whether a user manages the membership of a group',
        permission: 'groups:read',
        params: ofManager,
        answer: managerShape,
      },
      async ({ tenant, params: { groupId, userId } }) =>
        shownWithEtag(await read(tenant.id, groupId, userId), 'manager'),
    ),

    route(
      {
        id: 'removeGroupManager',
        method: 'DELETE',
        path: `${PATH}/{userId}`,
        tag: TAG,
        summary: 'Let a user no longer manage the membership of a group',
        permission: 'groups:write',
        params: ofManager,
        status: 204,
      },
      (call) => {
        const { tenant, params: named } = call;
        const { groupId, userId } = named;
        const event = eventOf('group.manager_removed', groupId, userId);
        return changes.remove(call, target(tenant.id, groupId, userId), event, () =>
          groups.removeManager(tenant.id, groupId, userId),
        );
      },
    ),
  ];
}

function eventOf(type: 'group.manager_added' | 'group.manager_removed', groupId: string, user: string): WriteEvent {
  return { type, subject: { kind: 'group', id: groupId }, detail: { user } };
}
