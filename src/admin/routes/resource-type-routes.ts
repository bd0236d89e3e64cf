// What the tenant's own applications protect: resource types with their actions, of which permissions of its roles are made.

import { RESOURCE_TYPE_FIELDS } from '../../roles/resource-types.ts';
import type { ResourceTypes } from '../../roles/resource-types.ts';
import type { RoleDefinitions } from '../../roles/definitions.ts';
import { shownWithEtag } from '../changes.ts';
import type { Changes, Target } from '../changes.ts';
import { Problem } from '../problem.ts';
import {
  newResourceType,
  resourceTypeParams,
  resourceTypePatch,
  resourceTypeShape,
  shownResourceType,
} from './role-shape.ts';
import type { ShownResourceType } from './role-shape.ts';
import { route } from '../route.ts';
import type { AdminRoute } from '../route.ts';

export interface ResourceTypeRoutesDeps {
  resourceTypes: ResourceTypes;
  roleDefinitions: Pick<RoleDefinitions, 'permitting'>;
  changes: Changes;
}

const TAG = 'Roles';
const PATH = '/tenants/{tenant}/resource-types';

export function resourceTypeRoutes({ resourceTypes, roleDefinitions, changes }: ResourceTypeRoutesDeps): AdminRoute[] {
  const target = (tenantId: string, name: string): Target<ShownResourceType> => ({
    name: 'resource type',
    lock: () => resourceTypes.lock(tenantId),
    read: async () => {
      const type = await resourceTypes.find(tenantId, name);
      return type && shownResourceType(type);
    },
  });

  async function assertUnused(tenantId: string, permissions: readonly string[]): Promise<void> {
    const [role] = await roleDefinitions.permitting(tenantId, permissions);
    if (role !== undefined) throw new Problem('conflict', `The role ${role} permits this: change that role first.`);
  }

  return [
    route(
      {
        id: 'listResourceTypes',
        method: 'GET',
        path: PATH,
        tag: TAG,
        summary: 'List the resource types of the tenant',
        permission: 'roles:read',
        lists: RESOURCE_TYPE_FIELDS,
        answer: resourceTypeShape,
      },
      async ({ tenant, list }) => {
        const { items, next } = await resourceTypes.list(tenant.id, list);
        return { body: { items: items.map(shownResourceType), next } };
      },
    ),

    route(
      {
        id: 'createResourceType',
        method: 'POST',
        path: PATH,
        tag: TAG,
        summary: 'Declare a resource type with its actions',
        permission: 'roles:write',
        body: newResourceType,
        status: 201,
        answer: resourceTypeShape,
      },
      (call) => {
        const { tenant, body } = call;
        return changes.create(
          call,
          async () => {
            const made = await resourceTypes.create(tenant.id, body.name, { description: undefined, ...body });
            if (made.ok) return shownResourceType(made.value);
            throw new Problem('conflict', 'There is another resource type of this name.', {
              errors: [{ pointer: '#/name', detail: 'is taken' }],
            });
          },
          ({ name }) => ({ type: 'resource_type.created', subject: { kind: 'resource-type', id: name } }),
          ({ name }) => `/tenants/${tenant.slug}/resource-types/${name}`,
        );
      },
    ),

    route(
      {
        id: 'getResourceType',
        method: 'GET',
        path: `${PATH}/{resourceType}`,
        tag: TAG,
        summary: 'Show a resource type',
        permission: 'roles:read',
        params: resourceTypeParams,
        answer: resourceTypeShape,
      },
      async ({ tenant, params }) => shownWithEtag(await target(tenant.id, params.resourceType).read(), 'resource type'),
    ),

    route(
      {
        id: 'updateResourceType',
        method: 'PATCH',
        path: `${PATH}/{resourceType}`,
        tag: TAG,
        summary: 'Change the actions of a resource type',
        description: 'An action that a role permits stays until no role does.',
        permission: 'roles:write',
        params: resourceTypeParams,
        body: resourceTypePatch,
        answer: resourceTypeShape,
      },
      (call) => {
        const { tenant, body, params } = call;
        const event = {
          type: 'resource_type.changed',
          subject: { kind: 'resource-type', id: params.resourceType },
        } as const;
        return changes.amend(call, 'PATCH', target(tenant.id, params.resourceType), event, async (before) => {
          const { actions = before.actions } = body;
          const gone = before.actions.filter((action) => !actions.includes(action));
          await assertUnused(
            tenant.id,
            gone.map((action) => `${before.name}:${action}`),
          );
          const description = (body.description === undefined ? before.description : body.description) ?? undefined;
          await resourceTypes.change(tenant.id, before.name, { actions, description });
        });
      },
    ),

    route(
      {
        id: 'deleteResourceType',
        method: 'DELETE',
        path: `${PATH}/{resourceType}`,
        tag: TAG,
        summary: 'Delete a resource type that no role permits anything of',
        permission: 'roles:write',
        params: resourceTypeParams,
        status: 204,
      },
      (call) => {
        const { tenant, params } = call;
        const event = {
          type: 'resource_type.deleted',
          subject: { kind: 'resource-type', id: params.resourceType },
        } as const;
        return changes.remove(call, target(tenant.id, params.resourceType), event, async ({ name, actions }) => {
          await assertUnused(
            tenant.id,
            ['*', ...actions].map((action) => `${name}:${action}`),
          );
          await resourceTypes.remove(tenant.id, name);
        });
      },
    ),
  ];
}
