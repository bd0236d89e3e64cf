// The administration of people.

import type { Changes } from './admin/changes.ts';
import type { AdminRoute } from './admin/route.ts';
import { userConsentRoutes } from './admin/routes/user-consent-routes.ts';
import { userFactorRoutes } from './admin/routes/user-factor-routes.ts';
import { userGroupRoutes } from './admin/routes/user-group-routes.ts';
import { userLinkRoutes } from './admin/routes/user-link-routes.ts';
import { userRoleRoutes } from './admin/routes/user-role-routes.ts';
import { userRoutes } from './admin/routes/user-routes.ts';
import { userSessionRoutes } from './admin/routes/user-session-routes.ts';
import { userStatusRoutes } from './admin/routes/user-status-routes.ts';
import { createUserTargets } from './admin/routes/user-target.ts';
import { composeGrants } from './compose-authority.ts';
import type { Base } from './compose-base.ts';
import type { DeliveryParts } from './compose-delivery.ts';
import type { OneTimeLinks } from './compose-links.ts';
import type { People } from './compose-people.ts';
import { createPostgresGroups } from './groups/groups-postgres.ts';
import { createAsk } from './policy/ask.ts';
import { createSignOut } from './users/account-changed.ts';
import { createUserAdministration } from './users/administer-users.ts';
import { createNewPassword } from './users/new-password.ts';
import { createPostgresUserRecords } from './users/user-records-postgres.ts';

export function composeUserRoutes(
  base: Base &
    Pick<People, 'consents'> &
    Pick<DeliveryParts, 'notify'> & { changes: Changes } & Pick<OneTimeLinks, 'links' | 'sendLink'>,
): AdminRoute[] {
  const groups = createPostgresGroups(base.db);
  const userAdministration = createUserAdministration({
    ...base,
    userRecords: createPostgresUserRecords(base.db),
    signOut: createSignOut(base),
    isLastOwner: base.roles.isLastOwner,
  });
  const grants = composeGrants(base);
  const userTargets = createUserTargets({ ...base, userAdministration, grants });
  const newPassword = createNewPassword({ ...base, ask: createAsk(base) });
  const parts = { ...base, groups, userAdministration, grants, userTargets, newPassword };
  return [
    ...userRoutes(parts),
    ...userStatusRoutes(parts),
    ...userSessionRoutes(parts),
    ...userFactorRoutes(parts),
    ...userLinkRoutes(parts),
    ...userConsentRoutes(parts),
    ...userRoleRoutes(parts),
    ...userGroupRoutes(parts),
  ];
}
