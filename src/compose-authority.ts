// Who may do what: roles and groups as the admin API reads and makes them, API keys, and who calls.

import { createReadAccessToken } from './admin/authentication/access-token.ts';
import { createAuthenticate } from './admin/authentication/authenticate.ts';
import { createGrants } from './admin/grants.ts';
import { createKeepOwner } from './admin/keep-owner.ts';
import { createProofCheck } from './admin/authentication/proof-of-possession.ts';
import { createTokenCaller } from './admin/authentication/token-caller.ts';
import { createPostgresTokenGrounds } from './admin/authentication/token-grounds-postgres.ts';
import { createPostgresApiKeys } from './api-keys/api-keys-postgres.ts';
import { createApiKeys } from './api-keys/api-keys.ts';
import { createPostgresClients } from './clients/clients-postgres.ts';
import type { Base } from './compose-base.ts';
import type { People } from './compose-people.ts';
import { createPostgresGroups } from './groups/groups-postgres.ts';
import { createPostgresRoleDefinitions } from './roles/definitions-postgres.ts';
import { createRoleDefinitions } from './roles/definitions.ts';
import { createPostgresOwners } from './roles/owners-postgres.ts';
import { createOwners } from './roles/owners.ts';
import { createPostgresResourceTypes } from './roles/resource-types-postgres.ts';
import { createPostgresRoles } from './roles/roles-postgres.ts';
import { createRoles } from './roles/roles.ts';

export type Authority = ReturnType<typeof composeAuthority>;

/** Without a cache: a role that has just come to permit more is not given away by what it was before. */
export function composeAuthority(base: Base, people: Pick<People, 'standing'>) {
  const { db, encryption, store } = base;
  const roleStore = createPostgresRoles(db);
  const roles = createRoles(roleStore);
  const groups = createPostgresGroups(db);
  const apiKeys = createApiKeys({ ...base, store: createPostgresApiKeys(db) });
  const tokenCaller = createTokenCaller({
    ...people,
    roles,
    clients: createPostgresClients(db, encryption),
    grounds: createPostgresTokenGrounds(db),
  });
  return {
    roles,
    groups,
    roleDefinitions: createRoleDefinitions({ ...roleStore, store: createPostgresRoleDefinitions(db) }),
    resourceTypes: createPostgresResourceTypes(db),
    apiKeys,
    grants: createGrants({ roles, groups }),
    keepOwner: createKeepOwner(createOwners({ ...createPostgresOwners(db), list: roleStore.list })),
    authenticate: createAuthenticate({
      apiKeys,
      tokenCaller,
      readAccessToken: createReadAccessToken(base),
      checkProof: createProofCheck(store),
    }),
  };
}
