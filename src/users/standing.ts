// Whether a person still stands: active here, there and enabled in the directory, in which groups. Asked at every refresh,
// introspection, userinfo and silent sign-on, and answered no older than the tenant's `directoryFreshness`.

import type { Audit } from '../audit/audit.ts';
import type { Directory } from '../directory/directory.ts';
import { AppError } from '../errors.ts';
import type { Tenant } from '../tenants/tenants.ts';
import type { User, UserEntry, Users } from './users.ts';

/** Both answer the user as it is, or undefined when it may not go on. */
export interface Standing {
  /**
   * While the directory is down its last answer serves, for up to the tenant's `directoryStaleLimit`.
   * @throws AppError `directory_unavailable` beyond that.
   */
  current(tenant: Tenant, userId: string): Promise<User | undefined>;
  /**
   * Asks the directory whatever the age of its last answer, as the end of a sign-in does.
   * @throws AppError `directory_unavailable`
   */
  fresh(tenant: Tenant, userId: string): Promise<User | undefined>;
}

export interface StandingDeps {
  users: Pick<Users, 'find' | 'rememberDirectoryAnswer'>;
  /** Undefined for one that the tenant has no longer. */
  directoryOf(tenant: Tenant, directoryId: string): Directory | undefined;
  audit: Audit;
  now?: () => Date;
}

export function createStanding({ users, directoryOf, audit, now = () => new Date() }: StandingDeps): Standing {
  async function activeUser(tenant: Tenant, userId: string): Promise<User | undefined> {
    const user = await users.find(tenant.id, userId);
    return user?.status === 'active' ? user : undefined;
  }

  async function ask(tenant: Tenant, user: User, known: UserEntry): Promise<User | undefined> {
    const directory = directoryOf(tenant, known.id);
    const checkedAt = now();
    const entry = await directory?.findByStableId(known.stableId);
    const answer =
      directory && entry
        ? { entry, groups: await directory.groupsOf(entry), checkedAt }
        : { entry: undefined, checkedAt };
    const then = await users.rememberDirectoryAnswer(tenant.id, user.id, answer);
    if (then?.directory && then.directory.state !== 'enabled' && known.state === 'enabled') {
      await audit.record({
        type: 'user.refused',
        tenantId: tenant.id,
        subject: { kind: 'user', id: user.id },
        reason: `${then.directory.state}-in-directory`,
      });
    }
    return then && standing(then);
  }

  return {
    async current(tenant, userId) {
      const user = await activeUser(tenant, userId);
      if (!user?.directory) return user;
      const { directoryFreshness, directoryStaleLimit } = tenant.settings.policy;
      const age = (now().getTime() - user.directory.checkedAt.getTime()) / 1000;
      if (age < directoryFreshness) return standing(user);
      try {
        return await ask(tenant, user, user.directory);
      } catch (error) {
        if (isOutage(error) && age < directoryStaleLimit) return standing(user);
        throw error;
      }
    },

    async fresh(tenant, userId) {
      const user = await activeUser(tenant, userId);
      return user?.directory ? ask(tenant, user, user.directory) : user;
    },
  };
}

function standing(user: User): User | undefined {
  return user.status === 'active' && user.directory?.state === 'enabled' ? user : undefined;
}

function isOutage(error: unknown): boolean {
  return error instanceof AppError && error.code === 'directory_unavailable';
}
