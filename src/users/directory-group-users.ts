// Who of the people known here was in a group of their directory when it was asked about them last.

import type { ListRequest, Page } from '../listing.ts';

export interface DirectoryGroupUser {
  id: string;
  username: string;
  /** DNs of the groups through which the membership runs, from the user's own group upwards; empty for a direct one. */
  via: readonly string[];
  /** When the directory said so. */
  checkedAt: Date;
}

export interface DirectoryGroupUsers {
  /** @param groupId the one that the directory gave it */
  list(tenantId: string, directoryId: string, groupId: string, request: ListRequest): Promise<Page<DirectoryGroupUser>>;
}
