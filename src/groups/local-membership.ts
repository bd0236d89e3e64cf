// The groups that live here and that a person is in, directly or through others: worked out from the memberships that lead up
// from the person, which a user is read together with.

export interface LocalMembership {
  local: true;
  /** A UUIDv7. */
  id: string;
  name: string;
  /** Names of the groups through which the membership runs, from the user's own group upwards; empty for a direct one. */
  via: readonly string[];
}

/** That a user or a group is a direct member of a group, whose name comes along. */
export interface MembershipEdge {
  member: string;
  group: string;
  name: string;
}

/**
 * A query of the edges that lead up from a user or a group, as JSON, null where there are none: each once, so that this ends, and
 * costs no more than there are.
 *
 * @param tenantId SQL
 * @param memberId SQL
 */
export function edgesUpFrom(tenantId: string, memberId: string): string {
  return `
    with recursive up (member_id, group_id) as (
      select m.user_id, m.group_id from group_members m where m.tenant_id = ${tenantId} and m.user_id = ${memberId}
      union
      select m.member_group_id, m.group_id from group_members m
       where m.tenant_id = ${tenantId} and m.member_group_id = ${memberId}
      union
      select m.member_group_id, m.group_id from up
        join group_members m on m.tenant_id = ${tenantId} and m.member_group_id = up.group_id)
    select jsonb_agg(jsonb_build_object('member', up.member_id, 'group', g.id, 'name', g.name)
                     order by g.id, up.member_id) as edges
      from up join groups g on g.tenant_id = ${tenantId} and g.id = up.group_id`;
}

/** Of the row of `users`. One condition is all that it costs somebody who is in no group. */
export const MEMBERSHIP_EDGES = `
  case when exists (select 1 from group_members m where m.tenant_id = users.tenant_id and m.user_id = users.id)
    then (${edgesUpFrom('users.tenant_id', 'users.id')}) end as membership_edges`;

/** Each group once, by the shortest path; nearest first. */
export function membershipsFrom(memberId: string, edges: readonly MembershipEdge[]): LocalMembership[] {
  const above = Map.groupBy(edges, ({ member }) => member);
  const found = new Map<string, LocalMembership>();
  const climb = (member: string, via: readonly string[]): LocalMembership[] =>
    (above.get(member) ?? []).flatMap(({ group: id, name }) => {
      if (found.has(id)) return [];
      const membership: LocalMembership = { local: true, id, name, via };
      found.set(id, membership);
      return [membership];
    });
  let level = climb(memberId, []);
  while (level.length > 0) level = level.flatMap(({ id, name, via }) => climb(id, [...via, name]));
  return [...found.values()];
}

export function isLocal<Group extends object>(group: Group): group is Extract<Group, { local: true }> {
  return 'local' in group;
}
