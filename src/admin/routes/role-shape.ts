// Roles and resource types as the admin API shows and takes them.

import { z } from 'zod';

import type { ListedHolder, RoleDefinition } from '../../roles/definitions.ts';
import { permissionsAmong } from '../../roles/roles.ts';
import type { Role } from '../../roles/roles.ts';
import type { ResourceType } from '../../roles/resource-types.ts';
import { ADMIN_RESOURCES } from '../permissions.ts';

const time = z.iso.datetime();
const description = z.string().max(500);
const names = z.array(z.string().min(1).max(100)).max(100);

export const roleParams = z.strictObject({ role: z.string().min(1).max(100).describe('Its name') });

export const roleShape = z.strictObject({
  name: z.string(),
  description: z.string().optional(),
  managedBy: z.enum(['file', 'api', 'system']),
  permissions: z.array(z.string()),
  inherits: z.array(z.string()).describe('Roles whose permissions this one has too'),
  effectivePermissions: z.array(z.string()).describe('What it permits, with what it inherits'),
  createdAt: time,
  updatedAt: time,
});
export type ShownRole = z.output<typeof roleShape>;

const permissions = z
  .array(z.string().max(200))
  .max(200)
  .describe("As `type:action`, or `type:*`: the admin API's, or a resource type's of the tenant");

export const newRole = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, 'use letters, digits, and inner hyphens, dots and underscores'),
  description: description.optional(),
  permissions: permissions.default([]),
  inherits: names.default([]),
});

export const rolePatch = z.strictObject({
  description: description.nullable().optional(),
  permissions: permissions.optional(),
  inherits: names.optional(),
});

export const holderShape = z.strictObject({
  kind: z.enum(['user', 'group', 'client']),
  id: z.string().describe("A user's id, a client_id, or what a group is referred to by"),
  username: z.string().optional(),
  managedBy: z.enum(['file', 'api']).describe('Who gave it'),
});

export const permissionShape = z.strictObject({
  permission: z.string(),
  resourceType: z.string(),
  action: z.string(),
  managedBy: z.enum(['system', 'api']).describe("system: the admin API's own"),
});

const word = z.string().regex(/^[a-z0-9][a-z0-9_.-]{0,63}$/, 'use a-z, 0-9, and inner hyphens, dots and underscores');

export const resourceTypeParams = z.strictObject({ resourceType: z.string().min(1).max(100).describe('Its name') });

export const resourceTypeShape = z.strictObject({
  name: z.string(),
  actions: z.array(z.string()),
  description: z.string().optional(),
  createdAt: time,
  updatedAt: time,
});
export type ShownResourceType = z.output<typeof resourceTypeShape>;

const actions = z.array(word).min(1).max(100);

export const newResourceType = z.strictObject({
  name: word.refine((name) => !Object.hasOwn(ADMIN_RESOURCES, name), 'is one of the admin API'),
  actions,
  description: description.optional(),
});

export const resourceTypePatch = z.strictObject({
  actions: actions.optional(),
  description: description.nullable().optional(),
});

/** What a built-in role permits is not kept with it. */
export function shownRole(role: RoleDefinition, inForce: readonly Role[]): ShownRole {
  const { permissions: own = role.permissions } = inForce.find(({ name }) => name === role.name) ?? {};
  return {
    name: role.name,
    ...(role.description !== undefined && { description: role.description }),
    managedBy: role.owner,
    permissions: [...own],
    inherits: [...role.inherits],
    effectivePermissions: permissionsAmong([role.name], inForce),
    createdAt: role.createdAt.toISOString(),
    updatedAt: role.updatedAt.toISOString(),
  };
}

export function shownHolder({ kind, id, username, owner }: ListedHolder): z.output<typeof holderShape> {
  return { kind, id, ...(username !== undefined && { username }), managedBy: owner };
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
    ...(text !== undefined && { description: text }),
    createdAt: rest.createdAt.toISOString(),
    updatedAt: rest.updatedAt.toISOString(),
  };
}
