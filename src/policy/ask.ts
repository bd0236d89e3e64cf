// Puts the question of policy (required-proof.ts) about a person, once for all who have it: a login, a session, an account.

import type { Roles } from '../roles/roles.ts';
import type { User } from '../users/users.ts';
import { needsRoles } from './required-proof.ts';
import type { ProofQuestion } from './required-proof.ts';

/** What is known without looking anything up. */
export interface AskedOf extends Omit<ProofQuestion, 'groups' | 'roles'> {
  /** Undefined until it is known who it is. */
  user: User | undefined;
}

export type Ask = (asked: AskedOf) => Promise<ProofQuestion>;

export function createAsk({ roles }: { roles: Pick<Roles, 'rolesOfUser'> }): Ask {
  return async ({ user, ...asked }) => ({
    ...asked,
    groups: user?.groups ?? [],
    roles: user && needsRoles(asked.policy, asked.client) ? await roles.rolesOfUser({ ...user, userId: user.id }) : [],
  });
}
