// The roles of a user, a group or an application: one answer, and one way to give them, for all of these.

import type { GivenRole, RoleHolder, Roles, SetRolesRefusal } from '../../roles/roles.ts';
import { asPointer, invalid } from '../checked.ts';
import type { Grants } from '../grants.ts';
import type { KeepOwner } from '../keep-owner.ts';
import { notFound } from '../problem.ts';
import type { Problem } from '../problem.ts';
import type { Call } from '../route.ts';
import type { HeldRoles, RoleNames } from './role-shape.ts';

export interface GiveRolesDeps {
  roles: Pick<Roles, 'setRolesOf' | 'unknownAmong'>;
  grants: Pick<Grants, 'assertMayGiveRoles'>;
  keepOwner: KeepOwner;
}

/** @param effectiveRoles all that these come to */
export function shownHeldRoles(given: readonly GivenRole[], effectiveRoles: readonly string[]): HeldRoles {
  return { roles: given.map(({ name, owner }) => ({ name, managedBy: owner })), effectiveRoles: [...effectiveRoles] };
}

/**
 * Makes these the roles that the holder was given here; what the configuration file gave stays. In the unit of work that locked it.
 * @throws Problem `grant-exceeds-own` for a role, given or taken away, that permits what the caller may not do; `last-owner`
 */
export async function giveRoles(
  { roles, grants, keepOwner }: GiveRolesDeps,
  { caller, tenant, body }: Pick<Call<unknown, unknown, RoleNames>, 'caller' | 'tenant' | 'body'>,
  holder: RoleHolder,
  { roles: before }: HeldRoles,
): Promise<void> {
  const unknown = new Set(await roles.unknownAmong(tenant.id, body.roles));
  if (unknown.size > 0) throw unknownRoles(body.roles, unknown);
  const wanted = new Set(body.roles);
  const given = new Set(before.map(({ name }) => name));
  const taken = before.filter(({ name, managedBy }) => managedBy === 'api' && !wanted.has(name));
  await grants.assertMayGiveRoles(caller, tenant, [...wanted.difference(given), ...taken.map(({ name }) => name)]);
  const set = await keepOwner(tenant.id, () => roles.setRolesOf(tenant.id, holder, [...wanted]));
  if (!set.ok) throw refusalOf(set.reason, body.roles);
}

function refusalOf(reason: SetRolesRefusal, names: readonly string[]): Problem {
  switch (reason) {
    case 'unknown-user':
      return notFound('user');
    // Deleted since it was asked.
    case 'unknown-role':
      return unknownRoles(names, new Set(names));
  }
}

function unknownRoles(names: readonly string[], unknown: ReadonlySet<string>): Problem {
  const errors = names.flatMap((name, index) =>
    unknown.has(name) ? [asPointer(['roles', index], 'is not a role of this tenant')] : [],
  );
  return invalid(errors);
}
