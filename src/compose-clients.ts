// What the admin API does with applications.

import { createAdministerClients } from './clients/administer-clients.ts';
import { createPostgresClientStore } from './clients/clients-administration-postgres.ts';
import { composeGrants } from './compose-authority.ts';
import type { Base } from './compose-base.ts';
import { createPostgresRoles } from './roles/roles-postgres.ts';
import { createRoles } from './roles/roles.ts';

export function composeClients(base: Base) {
  const { db, encryption } = base;
  return {
    // Uncached: who may give what is decided by how it is now.
    roles: createRoles(createPostgresRoles(db)),
    administerClients: createAdministerClients({ db, store: createPostgresClientStore(db, encryption) }),
    grants: composeGrants(base),
  };
}
