// Why somebody holds which role: given, through a group, or inherited from another role. Pure; roles.ts works out the same roles.

import { membershipIn } from '../groups/group-reference.ts';
import type { NamedGroup } from '../groups/group-reference.ts';
import { effectiveRoles } from './roles.ts';
import type { Role } from './roles.ts';

export type WhyRole =
  /** Given to the user itself. */
  | { by: 'user' }
  /** As the role names the group. */
  | { by: 'group'; reference: string; groupId: string }
  | { by: 'role'; role: string };

export interface ExplainedRole {
  name: string;
  why: WhyRole[];
}

/** @param given names of the roles that were given to the user itself */
export function explainRoles(
  given: readonly string[],
  groups: readonly NamedGroup[],
  roles: readonly Pick<Role, 'name' | 'inherits' | 'groups'>[],
): ExplainedRole[] {
  const isMember = membershipIn(groups);
  const held = roles.filter(({ name, groups: references }) => given.includes(name) || references.some(isMember));
  const names = effectiveRoles(
    held.map(({ name }) => name),
    roles,
  );
  return names.map((name) => ({
    name,
    why: [
      ...(given.includes(name) ? [{ by: 'user' } as const] : []),
      ...throughGroups(roles.find((role) => role.name === name)?.groups ?? [], groups, isMember),
      ...roles
        .filter((role) => names.includes(role.name) && role.name !== name && role.inherits.includes(name))
        .map((role) => ({ by: 'role', role: role.name }) as const),
    ],
  }));
}

/** Which group it was is asked of each by itself; a name that two share, and so means neither, was sorted out before. */
function throughGroups(
  references: readonly string[],
  groups: readonly NamedGroup[],
  isMember: (reference: string) => boolean,
): WhyRole[] {
  return references.filter(isMember).flatMap((reference) => {
    const group = groups.find((one) => membershipIn([one])(reference));
    return group ? [{ by: 'group', reference, groupId: group.id } as const] : [];
  });
}
