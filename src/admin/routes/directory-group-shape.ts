// Groups of a directory, as the admin API shows them.

import { z } from 'zod';

import type { DirectoryGroupEntry } from '../../directory/directory.ts';
import type { DirectoryGroupUser } from '../../users/directory-group-users.ts';
import { idParam } from '../route.ts';

export const directoryGroupShape = z
  .strictObject({
    id: z.string().describe('The immutable id that the directory gave it'),
    dn: z.string(),
    name: z.string(),
  })
  .meta({ id: 'DirectoryGroup' });

export const directoryGroupsShape = z
  .strictObject({
    items: z.array(directoryGroupShape),
    truncated: z
      .boolean()
      .describe('There are more; which of them these are is for the directory to choose: search for a name'),
  })
  .meta({ id: 'DirectoryGroups' });

export const directoryMemberShape = z
  .strictObject({
    id: idParam,
    userName: z.string(),
    membership: z.enum(['direct', 'nested']),
    via: z
      .array(z.string())
      .describe('DNs of the groups through which the membership runs, from the own group upwards'),
    checkedAt: z.iso.datetime().describe('When the directory said so'),
  })
  .meta({ id: 'DirectoryGroupMember' });

export const directoryEntriesShape = z
  .strictObject({
    items: z.array(z.strictObject({ dn: z.string() })),
    truncated: z.boolean(),
  })
  .meta({ id: 'DirectoryGroupEntries' });

export function shownDirectoryGroup({ id, dn, name }: DirectoryGroupEntry): z.output<typeof directoryGroupShape> {
  return { id, dn, name };
}

export function shownDirectoryMember(user: DirectoryGroupUser): z.output<typeof directoryMemberShape> {
  const { id, username, via, checkedAt } = user;
  const membership = via.length === 0 ? 'direct' : 'nested';
  return { id, userName: username, membership, via: [...via], checkedAt: checkedAt.toISOString() };
}
