// People as their administrators change them: one by one, and in bulk.

import { createUserTargets } from './admin/routes/user-target.ts';
import type { Authority } from './compose-authority.ts';
import type { Base } from './compose-base.ts';
import { warn } from './compose-core.ts';
import type { DeliveryParts } from './compose-delivery.ts';
import { createAsk } from './policy/ask.ts';
import { createSignOut } from './users/account-changed.ts';
import { createUserAdministration } from './users/administer-users.ts';
import { createPostgresDirectoryGroupUsers } from './users/directory-group-users-postgres.ts';
import { createPostgresUserExport } from './users/export-postgres.ts';
import { createApplyBatch } from './users/import-batch.ts';
import { createPostgresUserImports } from './users/import-postgres.ts';
import { createImportUsers } from './users/import-users.ts';
import { createNewPassword } from './users/new-password.ts';
import { createPostgresUserRecords } from './users/user-records-postgres.ts';

export function composeUsers(base: Base, { notify }: DeliveryParts, { grants }: Authority) {
  const { db } = base;
  const userRecords = createPostgresUserRecords(db);
  const userAdministration = createUserAdministration({ ...base, notify, userRecords, signOut: createSignOut(base) });
  return {
    userAdministration,
    userTargets: createUserTargets({ ...base, userAdministration, grants }),
    newPassword: createNewPassword({
      ask: createAsk(base),
      hash: ({ id }, password) => base.hashInLane(id, password),
    }),
    directoryGroupUsers: createPostgresDirectoryGroupUsers(db),
    ...composeBulk(base),
  };
}

function composeBulk(base: Base) {
  const imports = createPostgresUserImports(base.db);
  return {
    userImports: imports,
    userExport: createPostgresUserExport(base.db),
    importUsers: createImportUsers({
      ...base,
      imports,
      applyBatch: createApplyBatch({
        ...base,
        imports,
        // Apart from what administrators do one by one: they are not to wait for a file.
        hash: ({ id }, password) => base.hashInLane(`${id} import`, password),
      }),
      onFault: warn(base.log, 'an import broke off'),
    }),
  };
}
