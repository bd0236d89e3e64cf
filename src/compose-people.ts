// Who people are: directories, and what became of somebody in them.

import type { Base } from './compose-base.ts';
import { warn } from './compose-core.ts';
import { createDirectories } from './directory/directories.ts';
import { createLdapDirectory } from './directory/directory-ldap.ts';
import { createPostgresConsents } from './login/consents-postgres.ts';
import type { Tenant } from './tenants/tenants.ts';
import { createStanding } from './users/standing.ts';

export type People = ReturnType<typeof composePeople>;

export function composePeople({ db, users, audit, metrics, log }: Base) {
  const directories = createDirectories(
    ({ name, settings, bindPassword = '' }) =>
      createLdapDirectory({
        name,
        settings,
        bindPassword,
        observe: (operation, server, seconds, ok) => metrics.directoryAnswered({ operation, server, seconds, ok }),
      }),
    warn(log, 'a directory could not be closed'),
  );
  const directoryOf = (tenant: Tenant, id: string) => directories.of(tenant).find((one) => one.id === id)?.directory;
  return {
    directories,
    directoryOf,
    standing: createStanding({ users, directoryOf, audit }),
    consents: createPostgresConsents(db),
  };
}
