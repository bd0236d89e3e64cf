// Roles of a tenant: what each permits, and who holds it. Giving and taking one is done at the user, group or client.

import { z } from 'zod';

import { HOLDER_FIELDS, MOST_PERMITTED, ROLE_FIELDS } from '../../roles/definitions.ts';
import type { RoleDefinitions, RoleRefusal, RoleSettings } from '../../roles/definitions.ts';
import type { ResourceTypes } from '../../roles/resource-types.ts';
import type { Caller } from '../caller.ts';
import { shownWithEtag } from '../changes.ts';
import type { Changes, Target } from '../changes.ts';
import { invalid } from '../checked.ts';
import type { Grants } from '../grants.ts';
import type { KeepOwner } from '../keep-owner.ts';
import { covers } from '../permissions.ts';
import { Problem, notFound } from '../problem.ts';
import { assertKnownPermissions, knownPermissions } from './known-permissions.ts';
import {
  holderShape,
  newRole,
  permissionShape,
  roleParams,
  rolePatch,
  roleShape,
  shownHolder,
  shownRole,
} from './role-shape.ts';
import type { ShownRole } from './role-shape.ts';
import { route } from '../route.ts';
import type { AdminRoute } from '../route.ts';

export interface RoleRoutesDeps {
  roleDefinitions: RoleDefinitions;
  resourceTypes: Pick<ResourceTypes, 'all'>;
  grants: Pick<Grants, 'assertMayGive'>;
  keepOwner: KeepOwner;
  changes: Changes;
}

const TAG = 'Roles';
const PATH = '/tenants/{tenant}/roles';

export function roleRoutes(deps: RoleRoutesDeps): AdminRoute[] {
  return [...readRoutes(deps), ...writeRoutes(deps)];
}

function readRoutes({ roleDefinitions: definitions, resourceTypes }: RoleRoutesDeps): AdminRoute[] {
  return [
    route(
      {
        id: 'listRoles',
        method: 'GET',
        path: PATH,
        tag: TAG,
        summary: 'List the roles',
        permission: 'roles:read',
        lists: ROLE_FIELDS,
        answer: roleShape,
      },
      async ({ tenant, list }) => {
        const { items, next } = await definitions.list(tenant.id, list);
        const roles = await definitions.inForce(tenant.id);
        return { body: { items: items.map((role) => shownRole(role, roles)), next } };
      },
    ),

    route(
      {
        id: 'getRole',
        method: 'GET',
        path: `${PATH}/{role}`,
        tag: TAG,
        summary: 'Show a role with what it permits',
        permission: 'roles:read',
        params: roleParams,
        answer: roleShape,
      },
      async ({ tenant, params }) => shownWithEtag(await targetOf(definitions, tenant.id, params.role).read(), 'role'),
    ),

    route(
      {
        id: 'listRoleHolders',
        method: 'GET',
        path: `${PATH}/{role}/holders`,
        tag: TAG,
        summary: 'List those to whom a role was given',
        description: 'Whoever holds it through a group, or through a role that inherits it, is not among them.',
        permission: 'roles:read',
        params: roleParams,
        query: z.strictObject({ kind: z.enum(['user', 'group', 'client']).default('user') }),
        lists: HOLDER_FIELDS,
        answer: holderShape,
      },
      async ({ tenant, params, query, list }) => {
        if (!(await definitions.find(tenant.id, params.role))) throw notFound('role');
        const { items, next } = await definitions.holders(tenant.id, params.role, query.kind, list);
        return { body: { items: items.map(shownHolder), next } };
      },
    ),

    route(
      {
        id: 'listPermissions',
        method: 'GET',
        path: '/tenants/{tenant}/permissions',
        tag: TAG,
        summary: 'List the permissions that there are',
        permission: 'roles:read',
        answer: z.strictObject({ items: z.array(permissionShape) }).meta({ id: 'Permissions' }),
      },
      async ({ tenant }) => ({ body: { items: knownPermissions(await resourceTypes.all(tenant.id)) } }),
    ),
  ];
}

function writeRoutes(deps: RoleRoutesDeps): AdminRoute[] {
  const { roleDefinitions: definitions, resourceTypes, grants, keepOwner, changes } = deps;

  /** Whoever changes a role gives to its holders, or takes from them, what is different. */
  async function assertMayMake(tenantId: string, caller: Caller, settings: RoleSettings, before: readonly string[]) {
    const after = await definitions.permissionsWith(tenantId, settings);
    const given = after.filter((permission) => !covers(before, permission));
    const taken = before.filter((permission) => !covers(after, permission));
    grants.assertMayGive(caller, [...given, ...taken]);
  }

  return [
    route(
      {
        id: 'createRole',
        method: 'POST',
        path: PATH,
        tag: TAG,
        summary: 'Make a role',
        permission: 'roles:write',
        body: newRole,
        status: 201,
        answer: roleShape,
      },
      (call) => {
        const { caller, tenant, body } = call;
        const { name, ...rest } = body;
        const settings = settingsOf({ description: undefined, ...rest });
        return changes.create(
          call,
          async () => {
            await definitions.lock(tenant.id);
            await assertKnownPermissions(resourceTypes, tenant.id, body.permissions);
            await assertMayMake(tenant.id, caller, settings, []);
            const created = await definitions.create(tenant.id, name, settings);
            if (!created.ok) throw refusal(created.reason);
            const made = await targetOf(definitions, tenant.id, name).read();
            if (!made) throw new Error('a role is gone after it was made');
            return made;
          },
          () => ({ type: 'role.created', subject: { kind: 'role', id: name } }),
          () => `/tenants/${tenant.slug}/roles/${name}`,
        );
      },
    ),

    route(
      {
        id: 'updateRole',
        method: 'PATCH',
        path: `${PATH}/{role}`,
        tag: TAG,
        summary: 'Change what a role permits',
        permission: 'roles:write',
        params: roleParams,
        body: rolePatch,
        answer: roleShape,
      },
      (call) => {
        const { caller, tenant, body, params } = call;
        const event = { type: 'role.changed', subject: { kind: 'role', id: params.role } } as const;
        return changes.amend(call, 'PATCH', targetOf(definitions, tenant.id, params.role), event, async (before) => {
          await assertKnownPermissions(resourceTypes, tenant.id, body.permissions ?? []);
          const description = (body.description === undefined ? before.description : body.description) ?? undefined;
          const { permissions = before.permissions, inherits = before.inherits } = body;
          const settings = settingsOf({ description, permissions, inherits });
          await assertMayMake(tenant.id, caller, settings, before.effectivePermissions);
          const change = () => definitions.change(tenant.id, params.role, settings);
          const changed = await keepOwner(tenant.id, change);
          if (!changed.ok) throw refusal(changed.reason);
        });
      },
    ),

    route(
      {
        id: 'deleteRole',
        method: 'DELETE',
        path: `${PATH}/{role}`,
        tag: TAG,
        summary: 'Delete a role',
        description: 'Whoever holds it loses it. One that other roles inherit stays.',
        permission: 'roles:write',
        params: roleParams,
        status: 204,
      },
      (call) => {
        const { caller, tenant, params } = call;
        const event = { type: 'role.deleted', subject: { kind: 'role', id: params.role } } as const;
        return changes.remove(call, targetOf(definitions, tenant.id, params.role), event, async (before) => {
          grants.assertMayGive(caller, before.effectivePermissions);
          const removed = await keepOwner(tenant.id, () => definitions.remove(tenant.id, params.role));
          if (!removed.ok) throw new Problem('conflict', 'Another role inherits this one: change that one first.');
        });
      },
    ),
  ];
}

function targetOf(definitions: RoleDefinitions, tenantId: string, name: string): Target<ShownRole> {
  return {
    name: 'role',
    lock: () => definitions.lock(tenantId),
    read: async () => {
      const role = await definitions.find(tenantId, name);
      return role && shownRole(role, await definitions.inForce(tenantId));
    },
  };
}

function settingsOf({ permissions, inherits, description }: RoleSettings): RoleSettings {
  return { description, permissions: [...new Set(permissions)].sort(), inherits: [...new Set(inherits)].sort() };
}

function refusal(reason: RoleRefusal): Problem {
  if (reason === 'taken') {
    return new Problem('conflict', 'There is another role of this name.', {
      errors: [{ pointer: '#/name', detail: 'is taken' }],
    });
  }
  if (reason === 'too-many') {
    const most = String(MOST_PERMITTED);
    return new Problem('conflict', `With what it inherits a role permits ${most} things at most, and so do its heirs.`);
  }
  const detail = reason === 'circle' ? 'leads back to the role itself' : 'names a role that does not exist';
  return invalid([{ pointer: '#/inherits', detail }]);
}
