// The administration of groups: those that live here, and those of directories.

import { directoryGroupRoutes } from './admin/routes/directory-group-routes.ts';
import type { DirectoryGroupRoutesDeps } from './admin/routes/directory-group-routes.ts';
import { groupRoutes } from './admin/routes/group-routes.ts';
import type { GroupRoutesDeps } from './admin/routes/group-routes.ts';
import type { AdminRoute } from './admin/route.ts';
import type { Base } from './compose-base.ts';
import { createPostgresGroups } from './groups/groups-postgres.ts';
import { createPostgresDirectoryGroupUsers } from './users/directory-group-users-postgres.ts';

type Parts = Pick<Base, 'db'> & Omit<GroupRoutesDeps, 'groups'> & Omit<DirectoryGroupRoutesDeps, 'directoryGroupUsers'>;

export function composeGroupRoutes(parts: Parts): AdminRoute[] {
  const { db } = parts;
  return [
    ...groupRoutes({ ...parts, groups: createPostgresGroups(db) }),
    ...directoryGroupRoutes({ ...parts, directoryGroupUsers: createPostgresDirectoryGroupUsers(db) }),
  ];
}
