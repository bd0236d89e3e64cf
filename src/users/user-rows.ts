// The columns of a user, and what is read off them.

import type { DirectoryGroup } from '../directory/directory.ts';
import { MEMBERSHIP_EDGES, membershipsFrom } from '../groups/local-membership.ts';
import type { MembershipEdge } from '../groups/local-membership.ts';
import type { User, UserEntry } from './users.ts';

export type UserRow = {
  id: string;
  tenant_id: string;
  username: string;
  status: User['status'];
  profile: User['profile'];
  local_name: string | null;
  last_login_at: Date | null;
  proof_generation: number;
  membership_edges: MembershipEdge[] | null;
} & (EntryColumns | { directory_id: null });

/** All of them or none, as the table's checks have it. */
interface EntryColumns {
  directory_id: string;
  stable_id: string;
  directory_dn: string;
  directory_groups: DirectoryGroup[];
  directory_state: UserEntry['state'];
  directory_checked_at: Date;
}

export const COLUMNS = `id, tenant_id, username, status, profile, directory_id, stable_id, directory_dn, directory_groups,
  directory_state, directory_checked_at, local_name, last_login_at, proof_generation, ${MEMBERSHIP_EDGES}`;

export function readUser(row: UserRow): User {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    username: row.username,
    status: row.status,
    profile: row.profile,
    directory: readEntry(row),
    groups: [
      ...(row.directory_id === null ? [] : row.directory_groups),
      ...membershipsFrom(row.id, row.membership_edges ?? []),
    ],
    local: row.local_name === null ? undefined : { name: row.local_name },
    lastLoginAt: row.last_login_at ?? undefined,
    proofGeneration: row.proof_generation,
  };
}

function readEntry(row: UserRow): UserEntry | undefined {
  if (row.directory_id === null) return undefined;
  return {
    id: row.directory_id,
    stableId: row.stable_id,
    dn: row.directory_dn,
    groups: row.directory_groups,
    state: row.directory_state,
    checkedAt: row.directory_checked_at,
  };
}
