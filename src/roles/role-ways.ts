// By which ways somebody came to hold a role: it was given to them, to a group that they are in, or inherited by another role.

import { membershipIn } from '../groups/group-reference.ts';
import type { NamedGroup } from '../groups/group-reference.ts';

export type RoleWay =
  | { by: 'given' }
  /** The group that holds it, by its id. */
  | { by: 'group'; group: Pick<NamedGroup, 'id' | 'name'> }
  /** The role that they hold and that inherits this one. */
  | { by: 'inherited'; role: string };

export interface HeldRole {
  name: string;
  /** All of them; there is at least one. */
  ways: readonly RoleWay[];
}

interface Inheriting {
  name: string;
  inherits: readonly string[];
  /** References to groups whose members hold it. */
  groups: readonly string[];
}

/** @param given names of the roles that were given to the person; what is no role gives nothing. Answers them sorted by name. */
export function roleWays(
  given: readonly string[],
  groups: readonly NamedGroup[],
  roles: readonly Inheriting[],
): HeldRole[] {
  const byName = new Map(roles.map((role) => [role.name, role]));
  const found = new Map<string, RoleWay[]>();
  const pending: [Inheriting | undefined, RoleWay][] = [
    ...given.map((name): [Inheriting | undefined, RoleWay] => [byName.get(name), { by: 'given' }]),
    ...waysThroughGroups(groups, roles),
  ];
  for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
    const [role, way] = next;
    if (!role) continue;
    const ways = found.get(role.name);
    found.set(role.name, [...(ways ?? []), way]);
    // What it inherits is told once, however many ways lead to it.
    if (ways) continue;
    for (const name of role.inherits) pending.push([byName.get(name), { by: 'inherited', role: role.name }]);
  }
  return [...found].map(([name, ways]) => ({ name, ways })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function waysThroughGroups(groups: readonly NamedGroup[], roles: readonly Inheriting[]): [Inheriting, RoleWay][] {
  const given = roles.filter((role) => role.groups.length > 0);
  return groups.flatMap((group) => {
    const isMember = membershipIn([group]);
    const way: RoleWay = { by: 'group', group: { id: group.id, name: group.name } };
    return given.filter((role) => role.groups.some(isMember)).map((role): [Inheriting, RoleWay] => [role, way]);
  });
}
