// Groups that live here, as the admin API shows them and takes them.

import { z } from 'zod';

import { isGroupName } from '../../groups/group-name.ts';
import type { GroupManager, GroupMember, LocalGroup } from '../../groups/groups.ts';
import { idParam, time } from '../route.ts';

const groupName = z
  .string()
  .trim()
  .min(1)
  .max(120)
  .refine(isGroupName, 'no id, no DN, nothing that begins with local:, no control characters, no doubled spaces')
  .describe('Unique in the tenant, whatever the letter case');
const description = z.string().max(1000);

export const groupShape = z
  .strictObject({
    id: idParam,
    name: z.string(),
    description: z.string().nullable(),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'Group' });
export type ShownGroup = z.output<typeof groupShape>;

export const newGroup = z
  .strictObject({ name: groupName, description: description.optional() })
  .meta({ id: 'NewGroup', examples: [{ name: 'editors' }] });
export const groupPatch = z
  .strictObject({
    name: groupName.optional(),
    description: description.nullable().optional(),
  })
  .meta({ id: 'GroupPatch' });

const namedGroup = z.strictObject({ id: idParam, name: z.string() });

export const memberShape = z
  .strictObject({
    id: idParam,
    kind: z.enum(['user', 'group']).describe('Which of them the id is of'),
    name: z.string().describe("A user's name, or the group's"),
    membership: z.enum(['direct', 'nested']).describe('nested: by way of a group that is a member'),
    via: z
      .array(namedGroup)
      .describe(
        "The groups through which the membership runs, from the member's own group upwards; empty for a direct one",
      ),
    addedAt: time.describe("To the member's own group"),
  })
  .meta({ id: 'GroupMember' });
export type ShownMember = z.output<typeof memberShape>;

export const newMember = z
  .union([z.strictObject({ userId: idParam }), z.strictObject({ groupId: idParam })])
  .meta({ id: 'NewGroupMember', examples: [{ userId: '01981b6e-8f4e-7b1c-9f2a-3d1c5a7e9b10' }] });

export const managerShape = z
  .strictObject({ userId: idParam, userName: z.string(), addedAt: time })
  .meta({ id: 'GroupManager' });
export type ShownManager = z.output<typeof managerShape>;

export function shownGroup({ description: text, createdAt, updatedAt, id, name }: LocalGroup): ShownGroup {
  const times = { createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() };
  return { id, name, description: text ?? null, ...times };
}

export function shownMember({ via, addedAt, id, kind, name }: GroupMember): ShownMember {
  const membership = via.length === 0 ? 'direct' : 'nested';
  return { id, kind, name, membership, via: [...via], addedAt: addedAt.toISOString() };
}

export function shownManager({ userId, username, addedAt }: GroupManager): ShownManager {
  return { userId, userName: username, addedAt: addedAt.toISOString() };
}
