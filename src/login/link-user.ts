// The first sign-in makes the user, each later one finds it: by the directory's immutable id, never by a name.

import type { Audit } from '../audit/audit.ts';
import type { Database } from '../db/database.ts';
import type { Directory } from '../directory/directory.ts';
import type { SignedIn } from '../first-factors/first-factor.ts';
import type { Tenant } from '../tenants/tenants.ts';
import type { DirectoryAnswer, User, Users } from '../users/users.ts';

export interface LinkUserDeps {
  users: Pick<Users, 'find' | 'updateByEntry' | 'linkDirectoryUser'>;
  directoryOf(tenant: Tenant, directoryId: string): Directory | undefined;
  audit: Audit;
  db: Pick<Database, 'unitOfWork'>;
  now?: () => Date;
}

/** The user whose password was proven; undefined when it vanished in between. */
export type LinkUser = (tenant: Tenant, signedIn: SignedIn) => Promise<User | undefined>;

export function createLinkUser({ users, directoryOf, audit, db, now = () => new Date() }: LinkUserDeps): LinkUser {
  return async (tenant, signedIn) => {
    if (signedIn.kind === 'local') return users.find(tenant.id, signedIn.userId);
    const { directoryId, entry } = signedIn;
    const directory = directoryOf(tenant, directoryId);
    if (!directory) return undefined;
    const checkedAt = now();
    const answer = { entry, groups: await directory.groupsOf(entry), checkedAt };
    const known = await users.updateByEntry(tenant.id, directoryId, answer);
    return known ?? make(tenant, directoryId, directory, answer);
  };

  function make({ id: tenantId }: Tenant, directoryId: string, directory: Directory, answer: DirectoryAnswer) {
    return db.unitOfWork(async () => {
      const { user, created } = await users.linkDirectoryUser(tenantId, directoryId, answer);
      if (created) {
        const subject = { kind: 'user', id: user.id } as const;
        const detail = { directory: directory.name };
        await audit.record({ type: 'user.created', tenantId, subject, detail });
      }
      return user;
    });
  }
}
