import type { Database } from '../db/database.ts';
import type { ExportedUser, UserExport } from './export-users.ts';
import type { UserProfile, UserStatus } from './users.ts';

interface Row {
  id: string;
  userName: string;
  status: UserStatus;
  profile: UserProfile;
  directory: string | null;
  stableId: string | null;
  dn: string | null;
  directoryState: string | null;
  roles: string[];
  groups: string[];
  createdAt: Date;
  updatedAt: Date;
  lastLoginAt: Date | null;
}

const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';

const NEXT = `
  select u.id, u.username as "userName", u.status, u.profile, u.stable_id as "stableId", u.directory_dn as dn,
         u.directory_state as "directoryState", u.created_at as "createdAt", u.updated_at as "updatedAt",
         u.last_login_at as "lastLoginAt", d.name as directory,
         array(select r.name from role_holders h join roles r on r.tenant_id = h.tenant_id and r.id = h.role_id
               where h.tenant_id = u.tenant_id and h.kind = 'user' and h.holder = u.id::text order by r.name) as roles,
         array(select g.name from group_members m join groups g on g.tenant_id = m.tenant_id and g.id = m.group_id
               where m.tenant_id = u.tenant_id and m.user_id = u.id order by g.name) as groups
    from users u left join directories d on d.tenant_id = u.tenant_id and d.id = u.directory_id
   where u.tenant_id = $1 and u.id > $2
   order by u.id
   limit 500`;

export function createPostgresUserExport(db: Database): UserExport {
  return {
    after: async (tenantId, userId = BEFORE_ALL) => (await db.query<Row>(NEXT, [tenantId, userId])).map(exported),
  };
}

function exported(row: Row): ExportedUser {
  const { id, userName, status, profile, roles, groups, directory, stableId, dn, directoryState } = row;
  return {
    id,
    userName,
    status,
    ...profile,
    ...(roles.length > 0 && { roles }),
    ...(groups.length > 0 && { groups }),
    ...(directory !== null && { directory }),
    ...(stableId !== null && { stableId }),
    ...(dn !== null && { dn }),
    ...(directoryState !== null && { directoryState }),
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    ...(row.lastLoginAt && { lastLoginAt: row.lastLoginAt.toISOString() }),
  };
}
