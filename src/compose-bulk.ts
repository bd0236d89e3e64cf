// Users in bulk, and the explanation of a sign-in.

import { createExplain } from './admin/explain/explain.ts';
import { composeGrants } from './compose-authority.ts';
import type { Base } from './compose-base.ts';
import { warn } from './compose-core.ts';
import type { DeliveryParts } from './compose-delivery.ts';
import { namedDirectories } from './compose-login.ts';
import type { People } from './compose-people.ts';
import type { SecondFactors } from './compose-second-factors.ts';
import { createPostgresRoles } from './roles/roles-postgres.ts';
import { createPostgresAttemptStates } from './security/attempt-limiter-postgres.ts';
import { deliverable } from './tenants/deliverable.ts';
import { createPostgresUserExport } from './users/export-postgres.ts';
import { createPostgresReadEnrolmentState } from './users/enrolment-state-postgres.ts';
import { createApplyBatch } from './users/import-batch.ts';
import { createPostgresUserImports } from './users/import-postgres.ts';
import { createImportUsers } from './users/import-users.ts';

export function composeBulk(base: Base) {
  const imports = createPostgresUserImports(base.db);
  return {
    ...base,
    userImports: imports,
    userExport: createPostgresUserExport(base.db),
    grants: composeGrants(base),
    importUsers: createImportUsers({
      ...base,
      imports,
      applyBatch: createApplyBatch({ ...base, imports }),
      onFault: warn(base.log, 'an import broke off'),
    }),
  };
}

export function composeExplain(
  base: Base,
  { directories }: People,
  { channels }: DeliveryParts,
  factors: SecondFactors,
) {
  const { audit, db } = base;
  return {
    audit,
    explain: createExplain({
      ...base,
      ...factors,
      directoriesOf: (tenant) => namedDirectories(directories, tenant),
      rolesIn: createPostgresRoles(db).list,
      attemptStates: createPostgresAttemptStates(db),
      enrolmentState: createPostgresReadEnrolmentState(db),
      served: (tenant) => deliverable(tenant, channels),
    }),
  };
}
