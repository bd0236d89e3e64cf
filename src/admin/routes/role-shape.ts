// Roles and resource types as the admin API shows and takes them.

import { z } from 'zod';

import type { ListedHolder, RoleDefinition } from '../../roles/definitions.ts';
import type { HeldRole } from '../../roles/role-ways.ts';
import { permissionsAmong } from '../../roles/roles.ts';
import type { Role } from '../../roles/roles.ts';
import type { ResourceType } from '../../roles/resource-types.ts';
import { ADMIN_RESOURCES } from '../permissions.ts';
import { time } from '../route.ts';

const description = z.string().max(500);
const names = z.array(z.string().min(1).max(100)).max(100);

export const roleParams = z.strictObject({ role: z.string().min(1).max(100).describe('Its name') });

export const roleShape = z
  .strictObject({
    name: z.string(),
    description: z.string().nullable(),
    managedBy: z
      .enum(['file', 'api', 'system'])
      .describe('file: it is changed in the configuration file. system: it is built in'),
    permissions: z.array(z.string()).describe('As `type:action`; `type:*` and `*:*` stand for all'),
    inherits: z.array(z.string()).describe('Roles whose permissions this one has too'),
    effectivePermissions: z.array(z.string()).describe('What it permits, with what it inherits'),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'Role' });
export type ShownRole = z.output<typeof roleShape>;

const permissions = z
  .array(z.string().max(200))
  .max(200)
  .describe("As `type:action`, or `type:*`: the admin API's, or a resource type's of the tenant");

export const newRole = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, 'use letters, digits, and inner hyphens, dots and underscores'),
    description: description.optional(),
    permissions: permissions.default([]),
    inherits: names.default([]),
  })
  .meta({ id: 'NewRole', examples: [{ name: 'clerk', permissions: ['users:read'] }] });

export const rolePatch = z
  .strictObject({
    description: description.nullable().optional(),
    permissions: permissions.optional(),
    inherits: names.optional(),
  })
  .meta({ id: 'RolePatch' });

/** Of a user, a group or a client, whoever gave them. */
export const heldRoles = z
  .strictObject({
    roles: z
      .array(
        z.strictObject({
          name: z.string(),
          managedBy: z.enum(['file', 'api']).describe('Who gave it, and may take it away'),
        }),
      )
      .describe('Given to the user, the group or the client itself'),
    effectiveRoles: z
      .array(z.string())
      .describe('All that these come to: with what comes by way of groups, and with what is inherited'),
  })
  .meta({ id: 'HeldRoles' });
export type HeldRoles = z.output<typeof heldRoles>;

/** A role that somebody holds, with how they came by it. */
export const roleWithWays = z
  .strictObject({
    name: z.string(),
    ways: z
      .array(
        z.discriminatedUnion('by', [
          z.strictObject({ by: z.literal('given').describe('To the user') }),
          z.strictObject({ by: z.literal('group'), group: z.strictObject({ id: z.string(), name: z.string() }) }),
          z.strictObject({ by: z.literal('inherited'), role: z.string().describe('The role that inherits it') }),
        ]),
      )
      .describe('All of them; there is at least one'),
  })
  .meta({ id: 'RoleWithWays' });

/** Those that are to have been given here, and no others. */
export const roleNames = z
  .strictObject({ roles: z.array(z.string().min(1).max(200)).max(200).describe('Names') })
  .meta({ id: 'RoleNames' });
export type RoleNames = z.output<typeof roleNames>;

export const holderShape = z
  .strictObject({
    kind: z.enum(['user', 'group', 'client']),
    id: z.string().describe("A user's id, a client_id, or what a group is referred to by"),
    userName: z.string().nullable().describe('Of a user'),
    managedBy: z.enum(['file', 'api']).describe('Who gave it'),
  })
  .meta({ id: 'Holder' });

export const permissionShape = z
  .strictObject({
    permission: z.string(),
    resourceType: z.string(),
    action: z.string(),
    managedBy: z.enum(['system', 'api']).describe("system: the admin API's own"),
  })
  .meta({ id: 'Permission' });

const word = z.string().regex(/^[a-z0-9][a-z0-9_.-]{0,63}$/, 'use a-z, 0-9, and inner hyphens, dots and underscores');

export const resourceTypeParams = z.strictObject({ resourceType: z.string().min(1).max(100).describe('Its name') });

export const resourceTypeShape = z
  .strictObject({
    name: z.string(),
    actions: z.array(z.string()),
    description: z.string().nullable(),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'ResourceType' });
export type ShownResourceType = z.output<typeof resourceTypeShape>;

const actions = z.array(word).min(1).max(100);

export const newResourceType = z
  .strictObject({
    name: word.refine((name) => !Object.hasOwn(ADMIN_RESOURCES, name), 'is one of the admin API'),
    actions,
    description: description.optional(),
  })
  .meta({ id: 'NewResourceType', examples: [{ name: 'invoice', actions: ['read', 'approve'] }] });

export const resourceTypePatch = z
  .strictObject({
    actions: actions.optional(),
    description: description.nullable().optional(),
  })
  .meta({ id: 'ResourceTypePatch' });

/** What a built-in role permits is not kept with it. */
export function shownRole(role: RoleDefinition, inForce: readonly Role[]): ShownRole {
  const { permissions: own = role.permissions } = inForce.find(({ name }) => name === role.name) ?? {};
  return {
    name: role.name,
    description: role.description ?? null,
    managedBy: role.owner,
    permissions: [...own],
    inherits: [...role.inherits],
    effectivePermissions: permissionsAmong([role.name], inForce),
    createdAt: role.createdAt.toISOString(),
    updatedAt: role.updatedAt.toISOString(),
  };
}

export function shownRoleWithWays({ name, ways }: HeldRole): z.output<typeof roleWithWays> {
  return { name, ways: [...ways] };
}

export function shownHolder({ kind, id, username, owner }: ListedHolder): z.output<typeof holderShape> {
  return { kind, id, userName: username ?? null, managedBy: owner };
}

export function shownResourceType({
  name,
  actions: known,
  description: text,
  ...rest
}: ResourceType): ShownResourceType {
  return {
    name,
    actions: [...known],
    description: text ?? null,
    createdAt: rest.createdAt.toISOString(),
    updatedAt: rest.updatedAt.toISOString(),
  };
}
