// Who people are: directories, and what became of somebody in them.

import type { Base } from './compose-base.ts';
import { warn } from './compose-core.ts';
import { createDirectories } from './directory/directories.ts';
import { createLdapDirectory } from './directory/directory-ldap.ts';
import { createPostgresConsents } from './login/consents-postgres.ts';
import type { Tenant } from './tenants/tenants.ts';
import { createStanding } from './users/standing.ts';

export type People = ReturnType<typeof composePeople>;

export function composePeople({ db, users, sessions, audit, metrics, log }: Base) {
  const directories = createDirectories(
    ({ name, settings, bindPassword = '' }, { slug }) =>
      createLdapDirectory({
        name,
        settings,
        bindPassword,
        observe: metrics.directoryAnswered,
        serverChanged: (change) => {
          const whose = { tenant: slug, directory: name };
          metrics.directoryServerChanged({ ...whose, ...change });
          if (change.state === 'down') log.warn({ ...whose, ...change }, 'a directory server is down');
          else if (change.state === 'up') log.info({ ...whose, ...change }, 'a directory server is up');
        },
        lockoutHidden: (policy) =>
          log.warn({ directory: name, policy }, 'the service account may not read a lockout policy that people have'),
      }),
    warn(log, 'a directory could not be closed'),
  );
  const directoryOf = (tenant: Tenant, id: string) => directories.of(tenant).find((one) => one.id === id)?.directory;
  return {
    directories,
    directoryOf,
    standing: createStanding({ users, directoryOf, sessions, audit, db }),
    consents: createPostgresConsents(db),
  };
}
