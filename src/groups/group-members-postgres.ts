import { validate as isUuid } from 'uuid';

import type { Database } from '../db/database.ts';
import { listRows } from '../db/listing.ts';
import { accepted, refused } from '../outcome.ts';
import type { Outcome } from '../outcome.ts';
import type { GroupMember, GroupMembers, GroupName, MemberRef, MemberRefusal } from './groups.ts';
import { edgesUpFrom, membershipsFrom } from './local-membership.ts';
import type { LocalMembership, MembershipEdge } from './local-membership.ts';
import { refusalToNest } from './nesting.ts';
import type { Nesting } from './nesting.ts';

interface MemberRow {
  id: string;
  kind: MemberRef['kind'];
  name: string;
  /** The group that it is a direct member of. */
  group_id: string;
  added_at: Date;
}

const SELECT_MEMBERS = `
  select m.member_id as id, m.kind, coalesce(u.username, g.name) as name, m.group_id, m.added_at
    from group_members m
    left join users u on u.tenant_id = m.tenant_id and u.id = m.user_id
    left join groups g on g.tenant_id = m.tenant_id and g.id = m.member_group_id`;

/** $2: groups, the nearest first. Who is in several of them is listed by the first. */
const OF_ANY_GROUP = `
  m.tenant_id = $1 and m.group_id = any($2::uuid[])
  and not exists (select 1 from group_members o
                   where o.tenant_id = m.tenant_id and o.member_id = m.member_id and o.group_id = any($2::uuid[])
                     and array_position($2::uuid[], o.group_id) < array_position($2::uuid[], m.group_id))`;

const COLUMNS = {
  id: { sql: 'm.member_id', type: 'uuid' },
  kind: { sql: 'm.kind', type: 'text' },
  name: { sql: 'coalesce(u.username, g.name)', type: 'text', fold: true },
} as const;

export function postgresGroupMembers(db: Database): GroupMembers {
  return {
    async members(tenantId, groupId, effective, request) {
      const ways = effective ? await waysInto(db, tenantId, groupId) : new Map([[groupId, []]]);
      const where = effective ? OF_ANY_GROUP : 'm.tenant_id = $1 and m.group_id = $2';
      const values = [tenantId, effective ? [...ways.keys()] : groupId];
      const listed = { select: SELECT_MEMBERS, where, values, columns: COLUMNS };
      const { items, next } = await listRows<MemberRow>(db, listed, request);
      return { items: items.map((row) => memberOf(row, ways.get(row.group_id) ?? [])), next };
    },

    async member(tenantId, groupId, memberId) {
      if (!isUuid(groupId) || !isUuid(memberId)) return undefined;
      const all = await memberships(db, tenantId, memberId);
      const membership = all.find(({ id }) => id === groupId);
      if (!membership) return undefined;
      const via = membership.via.flatMap((name) => all.find((group) => group.name === name) ?? []);
      const [own = membership] = via;
      const text = `${SELECT_MEMBERS} where m.tenant_id = $1 and m.group_id = $2 and m.member_id = $3`;
      const row = await db.one<MemberRow>(text, [tenantId, own.id, memberId]);
      return row && memberOf(row, via);
    },

    addMember: (tenantId, groupId, member) =>
      db.unitOfWork(async () => {
        if (!isUuid(groupId)) return refused('unknown-group');
        if (!isUuid(member.id)) return refused('unknown-member');
        return member.kind === 'user'
          ? addUser(db, tenantId, groupId, member.id)
          : nest(db, tenantId, { group: groupId, member: member.id });
      }),

    async removeMember(tenantId, groupId, memberId) {
      if (!isUuid(groupId) || !isUuid(memberId)) return false;
      const text = 'delete from group_members where tenant_id = $1 and group_id = $2 and member_id = $3 returning 1';
      return (await db.one(text, [tenantId, groupId, memberId])) !== undefined;
    },

    async withAncestors(tenantId, groupId) {
      if (!isUuid(groupId)) return [];
      const text = 'select id, name from groups where tenant_id = $1 and id = $2';
      const group = await db.one<GroupName>(text, [tenantId, groupId]);
      if (!group) return [];
      return [{ local: true, ...group, via: [] }, ...(await memberships(db, tenantId, groupId))];
    },

    membershipsOf: async (tenantId, userId) => (isUuid(userId) ? memberships(db, tenantId, userId) : []),
  };
}

const EDGES_UP = edgesUpFrom('$1', '$2');

async function memberships(db: Database, tenantId: string, memberId: string): Promise<LocalMembership[]> {
  const row = await db.one<{ edges: MembershipEdge[] | null }>(EDGES_UP, [tenantId, memberId]);
  return membershipsFrom(memberId, row?.edges ?? []);
}

/** The group and those nested in it, the nearest first, each with the groups through which its members are in the group. */
async function waysInto(
  db: Database,
  tenantId: string,
  groupId: string,
): Promise<ReadonlyMap<string, readonly GroupName[]>> {
  const rows = await db.query<GroupName & { above: string }>(
    `with recursive down (above, id) as (
       select m.group_id, m.member_group_id from group_members m
        where m.tenant_id = $1 and m.group_id = $2 and m.kind = 'group'
       union
       select m.group_id, m.member_group_id from down
         join group_members m on m.tenant_id = $1 and m.group_id = down.id and m.kind = 'group')
     select down.above, g.id, g.name from down join groups g on g.tenant_id = $1 and g.id = down.id order by g.id`,
    [tenantId, groupId],
  );
  const below = Map.groupBy(rows, ({ above }) => above);
  const ways = new Map<string, readonly GroupName[]>([[groupId, []]]);
  // What is added while it is gone through comes last: nearest first.
  for (const [above, way] of ways) {
    for (const { id, name } of below.get(above) ?? []) if (!ways.has(id)) ways.set(id, [{ id, name }, ...way]);
  }
  return ways;
}

async function addUser(
  db: Database,
  tenantId: string,
  groupId: string,
  userId: string,
): Promise<Outcome<void, MemberRefusal>> {
  if (!(await isKept(db, 'groups', tenantId, groupId))) return refused('unknown-group');
  if (!(await isKept(db, 'users', tenantId, userId))) return refused('unknown-member');
  const added = await db.one(
    `insert into group_members (tenant_id, group_id, kind, user_id) values ($1, $2, 'user', $3)
     on conflict do nothing returning 1`,
    [tenantId, groupId, userId],
  );
  return added ? accepted(undefined) : refused('already');
}

/** One after the other in a tenant: two that are each no circle could together be one. */
async function nest(db: Database, tenantId: string, nesting: Nesting): Promise<Outcome<void, MemberRefusal>> {
  await db.query(`select pg_advisory_xact_lock(hashtext('nested groups'), hashtext($1))`, [tenantId]);
  if (!(await isKept(db, 'groups', tenantId, nesting.group))) return refused('unknown-group');
  if (!(await isKept(db, 'groups', tenantId, nesting.member))) return refused('unknown-member');
  const nestings = await db.query<Nesting>(
    `select group_id as "group", member_group_id as member from group_members where tenant_id = $1 and kind = 'group'`,
    [tenantId],
  );
  const refusal = refusalToNest(nesting, nestings);
  if (refusal) return refused(refusal);
  const added = await db.one(
    `insert into group_members (tenant_id, group_id, kind, member_group_id) values ($1, $2, 'group', $3)
     on conflict do nothing returning 1`,
    [tenantId, nesting.group, nesting.member],
  );
  return added ? accepted(undefined) : refused('already');
}

const KEPT = {
  users: 'select 1 from users where tenant_id = $1 and id = $2 for key share',
  groups: 'select 1 from groups where tenant_id = $1 and id = $2 for key share',
} as const;

/** Whether there is one, which then is not deleted before the unit of work ends. */
async function isKept(db: Database, table: keyof typeof KEPT, tenantId: string, id: string): Promise<boolean> {
  return (await db.one(KEPT[table], [tenantId, id])) !== undefined;
}

function memberOf({ id, kind, name, added_at }: MemberRow, via: readonly GroupName[]): GroupMember {
  return { id, kind, name, via: via.map((group) => ({ id: group.id, name: group.name })), addedAt: added_at };
}
