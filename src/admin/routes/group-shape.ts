// Groups that live here, as the admin API shows them and takes them.

import { z } from 'zod';

import { isGroupName } from '../../groups/group-name.ts';
import type { GroupManager, GroupMember, LocalGroup } from '../../groups/groups.ts';
import { idParam } from '../route.ts';

const time = z.iso.datetime();

const groupName = z
  .string()
  .trim()
  .min(1)
  .max(120)
  .refine(isGroupName, 'no id, no DN, nothing that begins with local:, no control characters, no doubled spaces')
  .describe('Unique in the tenant, whatever the letter case');
const description = z.string().max(1000);

export const groupShape = z.strictObject({
  id: idParam,
  name: z.string(),
  description: z.string().optional(),
  createdAt: time,
  updatedAt: time,
});
export type ShownGroup = z.output<typeof groupShape>;

export const newGroup = z.strictObject({ name: groupName, description: description.optional() });
export const groupPatch = z.strictObject({
  name: groupName.optional(),
  description: description.nullable().optional(),
});

const namedGroup = z.strictObject({ id: idParam, name: z.string() });

export const memberShape = z.strictObject({
  id: idParam,
  kind: z.enum(['user', 'group']),
  name: z.string().describe("A user's name, or the group's"),
  membership: z.enum(['direct', 'nested']),
  via: z
    .array(namedGroup)
    .describe(
      "The groups through which the membership runs, from the member's own group upwards; empty for a direct one",
    ),
  addedAt: time.describe("To the member's own group"),
});
export type ShownMember = z.output<typeof memberShape>;

export const newMember = z.union([z.strictObject({ userId: idParam }), z.strictObject({ groupId: idParam })]);

export const managerShape = z.strictObject({ userId: idParam, username: z.string(), addedAt: time });
export type ShownManager = z.output<typeof managerShape>;

export const rolesShape = z.strictObject({
  roles: z.array(z.string()).describe('Given to the group here'),
  effectiveRoles: z
    .array(z.string())
    .describe(
      'All that its members hold by it: by the configuration file as well, by the groups it is in, and inherited',
    ),
});
export type ShownRoles = z.output<typeof rolesShape>;

export const newRoles = z.strictObject({ roles: z.array(z.string().min(1).max(200)).max(200) });
export type NewRoles = z.output<typeof newRoles>;

export function shownGroup({ description: text, createdAt, updatedAt, id, name }: LocalGroup): ShownGroup {
  const told = text === undefined ? {} : { description: text };
  return { id, name, ...told, createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() };
}

export function shownMember({ via, addedAt, id, kind, name }: GroupMember): ShownMember {
  const membership = via.length === 0 ? 'direct' : 'nested';
  return { id, kind, name, membership, via: [...via], addedAt: addedAt.toISOString() };
}

export function shownManager({ addedAt, ...manager }: GroupManager): ShownManager {
  return { ...manager, addedAt: addedAt.toISOString() };
}
