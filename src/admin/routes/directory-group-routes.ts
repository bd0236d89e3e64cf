// Groups of a directory as it has them, and the roles that they give here.

import { z } from 'zod';

import type { Directory, DirectoryGroupEntry } from '../../directory/directory.ts';
import type { DirectoryAdministration } from '../../tenants/administer-directories.ts';
import type { Tenant } from '../../tenants/tenants.ts';
import type { DirectoryGroupUsers } from '../../users/directory-group-users.ts';
import { shownWithEtag } from '../changes.ts';
import type { Changes } from '../changes.ts';
import {
  directoryEntriesShape,
  directoryGroupShape,
  directoryGroupsShape,
  directoryMemberShape,
  shownDirectoryGroup,
  shownDirectoryMember,
} from './directory-group-shape.ts';
import type { Grants } from '../grants.ts';
import type { KeepOwner } from '../keep-owner.ts';
import { rolesGivenBy, setRolesOfGroup } from './group-role-routes.ts';
import type { GroupRoles } from './group-role-routes.ts';
import { heldRoles, roleNames } from './role-shape.ts';
import { notFound } from '../problem.ts';
import { idParam, route } from '../route.ts';
import type { AdminRoute } from '../route.ts';

export interface DirectoryGroupRoutesDeps {
  directoryOf(tenant: Tenant, id: string): Directory | undefined;
  directoryAdministration: Pick<DirectoryAdministration, 'lock'>;
  directoryGroupUsers: DirectoryGroupUsers;
  roles: GroupRoles;
  grants: Pick<Grants, 'assertMayGiveRoles'>;
  keepOwner: KeepOwner;
  changes: Changes;
}

const TAG = 'Directories';
const ALL = '/tenants/{tenant}/directories/{directoryId}/groups';
const ONE = `${ALL}/{stableId}`;
const ofDirectory = z.strictObject({ directoryId: idParam });
const ofGroup = ofDirectory.extend({
  stableId: z.string().min(1).max(200).describe('The immutable id that the directory gave it'),
});
/** Of one answer: the directory is asked for as many, and holds no place in between. */
const limit = z.coerce.number().int().min(1).max(1000).default(100);

export function directoryGroupRoutes(deps: DirectoryGroupRoutesDeps): AdminRoute[] {
  return [...listingRoutes(deps), ...roleRoutes(deps)];
}

type Finding = Pick<DirectoryGroupRoutesDeps, 'directoryOf'>;

function directoryIn({ directoryOf }: Finding, tenant: Tenant, id: string): Directory {
  const directory = directoryOf(tenant, id);
  if (!directory) throw notFound('directory');
  return directory;
}

async function groupIn(
  deps: Finding,
  tenant: Tenant,
  { directoryId, stableId }: z.output<typeof ofGroup>,
): Promise<DirectoryGroupEntry> {
  const group = await directoryIn(deps, tenant, directoryId).findGroup(stableId);
  if (!group) throw notFound('group');
  return group;
}

function listingRoutes(deps: DirectoryGroupRoutesDeps): AdminRoute[] {
  return [
    route(
      {
        id: 'listDirectoryGroups',
        method: 'GET',
        path: ALL,
        tag: TAG,
        summary: 'List the groups of a directory',
        description: 'The directory is asked.',
        permission: 'groups:read',
        params: ofDirectory,
        query: z.strictObject({
          search: z.string().min(1).max(256).optional().describe('Text that the name has anywhere in it'),
          limit,
        }),
        answer: directoryGroupsShape,
      },
      async ({ tenant, params, query }) => {
        const found = await directoryIn(deps, tenant, params.directoryId).listGroups(query);
        return { body: { items: found.groups.map(shownDirectoryGroup), truncated: found.truncated } };
      },
    ),

    route(
      {
        id: 'getDirectoryGroup',
        method: 'GET',
        path: ONE,
        tag: TAG,
        summary: 'Show a group of a directory',
        description: 'The directory is asked.',
        permission: 'groups:read',
        params: ofGroup,
        answer: directoryGroupShape,
      },
      async ({ tenant, params }) => shownWithEtag(shownDirectoryGroup(await groupIn(deps, tenant, params)), 'group'),
    ),

    route(
      {
        id: 'listDirectoryGroupMembers',
        method: 'GET',
        path: `${ONE}/members`,
        tag: TAG,
        summary: 'List the users who are in a group of a directory',
        description: 'People who have signed in here, as the directory said of each when it was asked last.',
        permission: 'groups:read',
        params: ofGroup,
        lists: { id: { type: 'id' }, userName: { type: 'text' } },
        answer: directoryMemberShape,
      },
      async ({ tenant, params: { directoryId, stableId }, list }) => {
        directoryIn(deps, tenant, directoryId);
        const { items, next } = await deps.directoryGroupUsers.list(tenant.id, directoryId, stableId, list);
        return { body: { items: items.map(shownDirectoryMember), next } };
      },
    ),

    route(
      {
        id: 'listDirectoryGroupEntries',
        method: 'GET',
        path: `${ONE}/entries`,
        tag: TAG,
        summary: 'List the direct members of a group as its directory has them',
        description: 'The directory is asked. People and groups, known here or not.',
        permission: 'groups:read',
        params: ofGroup,
        query: z.strictObject({ limit }),
        answer: directoryEntriesShape,
      },
      async ({ tenant, params: { directoryId, stableId }, query }) => {
        const found = await directoryIn(deps, tenant, directoryId).groupMembers(stableId, query.limit);
        if (!found) throw notFound('group');
        return { body: { items: found.dns.map((dn) => ({ dn })), truncated: found.truncated } };
      },
    ),
  ];
}

function roleRoutes(deps: DirectoryGroupRoutesDeps): AdminRoute[] {
  const read = async (tenant: Tenant, named: z.output<typeof ofGroup>) =>
    rolesGivenBy(deps.roles, tenant.id, named.stableId, [await groupIn(deps, tenant, named)]);

  return [
    route(
      {
        id: 'getDirectoryGroupRoles',
        method: 'GET',
        path: `${ONE}/roles`,
        tag: TAG,
        summary: 'Show the roles that a group of a directory gives',
        permission: 'groups:read',
        params: ofGroup,
        answer: heldRoles,
      },
      async ({ tenant, params }) => shownWithEtag(await read(tenant, params), 'group'),
    ),

    route(
      {
        id: 'setDirectoryGroupRoles',
        method: 'PUT',
        path: `${ONE}/roles`,
        tag: TAG,
        summary: 'Say which roles a group of a directory gives',
        description: 'Nobody gives, and nobody takes away, a role that permits what they may not do themselves.',
        permission: 'roles:write',
        params: ofGroup,
        body: roleNames,
        answer: heldRoles,
      },
      async (call) => {
        const { tenant, params } = call;
        // Asked before anything is locked: a directory may let wait.
        const group = await groupIn(deps, tenant, params);
        return setRolesOfGroup(deps, call, group.id, {
          name: 'group',
          lock: () => deps.directoryAdministration.lock(tenant.id, params.directoryId),
          read: () => rolesGivenBy(deps.roles, tenant.id, group.id, [group]),
        });
      },
    ),
  ];
}
