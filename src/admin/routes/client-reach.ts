// How far a client reaches: by the roles that it holds in its own name, and by its registered `scope` in the name of everybody who
// signs in to it. Whoever registers or changes one, or knows a secret of it, comes to hold as much.

import type { Roles } from '../../roles/roles.ts';
import type { Grants } from '../grants.ts';
import { adminScopesIn } from '../permissions.ts';
import type { Call } from '../route.ts';

export interface ClientReachDeps {
  roles: Pick<Roles, 'rolesOfClient'>;
  grants: Pick<Grants, 'assertMayGive' | 'assertMayGiveRoles'>;
}

/**
 * @param scopes what is registered, and what is to be
 * @throws Problem `grant-exceeds-own`
 */
export async function assertMayReach(
  { roles, grants }: ClientReachDeps,
  { caller, tenant }: Pick<Call, 'caller' | 'tenant'>,
  clientId: string,
  scopes: readonly (string | undefined)[],
): Promise<void> {
  grants.assertMayGive(
    caller,
    scopes.flatMap((scope) => adminScopesIn(scope)),
  );
  await grants.assertMayGiveRoles(caller, tenant, await roles.rolesOfClient(tenant.id, clientId));
}
