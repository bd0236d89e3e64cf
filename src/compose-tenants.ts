// Tenants as their administrators change them: as a whole, their settings, their directories.

import type { Base } from './compose-base.ts';
import { createLdapDirectory } from './directory/directory-ldap.ts';
import { createDirectoryTrials } from './directory/directory-trials.ts';
import { declaredRoles } from './roles/roles-postgres.ts';
import { createDirectoryAdministration } from './tenants/administer-directories.ts';
import { createSettingsAdministration } from './tenants/administer-settings.ts';
import { createTenantAdministration } from './tenants/administer-tenants.ts';
import { createPostgresDirectoryStore } from './tenants/directories-administration-postgres.ts';
import { createTenantRules } from './tenants/tenant-rules.ts';
import { createPostgresTenantStore } from './tenants/tenants-administration-postgres.ts';
import { declaredTenants } from './tenants/tenants-postgres.ts';

export function composeTenants(base: Base) {
  const { db, encryption } = base;
  const store = createPostgresTenantStore(db);
  const declared = declaredTenants(db, encryption);
  const { hostsOfOthers } = store;
  const tenantRules = createTenantRules({ ...base, hostsOfOthers, roles: declaredRoles(db) });
  const directories = createPostgresDirectoryStore(db, encryption);
  return {
    tenantAdministration: createTenantAdministration({ ...base, store, declared }),
    settingsAdministration: createSettingsAdministration({ ...base, store, declared, rules: tenantRules }),
    directoryAdministration: createDirectoryAdministration(directories, tenantRules, base.isAllowedServer),
    directoryTrials: createDirectoryTrials(({ name, settings, bindPassword = '' }, told) =>
      createLdapDirectory({
        name,
        settings,
        bindPassword,
        observe: ({ server, seconds, describe }) =>
          told({ server, milliseconds: Math.round(seconds * 1000), ...describe() }),
      }),
    ),
  };
}
