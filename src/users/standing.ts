// Whether a person still stands: active here, there and enabled in the directory, in which groups. Asked at every refresh,
// introspection, userinfo and silent sign-on, and answered no older than the tenant's `directoryFreshness`.

import { AppError } from '../errors.ts';
import type { Directory } from '../directory/directory.ts';
import type { Audit } from '../audit/audit.ts';
import type { Tenant } from '../tenants/tenants.ts';
import type { User, Users } from './users.ts';

export interface Standing {
  /**
   * The user as it is now; undefined when it may not go on.
   * @throws AppError `directory_unavailable` when the last answer is older than `directoryStaleLimit` and no new one is to be had.
   */
  current(tenant: Tenant, userId: string): Promise<User | undefined>;
  /** The same, but asks the directory whatever the age of its last answer; a sign-in ends with it. */
  fresh(tenant: Tenant, userId: string): Promise<User | undefined>;
}

export interface StandingDeps {
  users: Pick<Users, 'find' | 'rememberDirectoryAnswer'>;
  directoryOf(tenant: Tenant, directoryId: string): Promise<Directory | undefined>;
  audit: Audit;
  now?: () => number;
}

export function createStanding({ users, directoryOf, audit, now = Date.now }: StandingDeps): Standing {
  async function check(tenant: Tenant, userId: string, freshness: number): Promise<User | undefined> {
    const user = await users.find(tenant.id, userId);
    if (user?.status !== 'active') return undefined;
    if (!user.directory) return user;
    const age = (now() - user.directory.checkedAt.getTime()) / 1000;
    if (age < freshness) return user;
    try {
      return await askDirectory(tenant, user);
    } catch (error) {
      const isOutage = error instanceof AppError && error.code === 'directory_unavailable';
      if (isOutage && freshness > 0 && age < tenant.settings.policy.directoryStaleLimit) return user;
      throw error;
    }
  }

  async function askDirectory(tenant: Tenant, user: User): Promise<User | undefined> {
    if (!user.directory) return user;
    const directory = await directoryOf(tenant, user.directory.id);
    const entry = await directory?.findByStableId(user.directory.stableId);
    if (!directory || !entry || entry.disabled) {
      await audit.record({
        type: 'user.refused',
        tenantId: tenant.id,
        subject: { kind: 'user', id: user.id },
        reason: entry ? 'disabled-in-directory' : 'gone-from-directory',
      });
      return undefined;
    }
    return users.rememberDirectoryAnswer(tenant.id, user.id, { entry, groups: await directory.groupsOf(entry) });
  }

  return {
    current: (tenant, userId) => check(tenant, userId, tenant.settings.policy.directoryFreshness),
    fresh: (tenant, userId) => check(tenant, userId, 0),
  };
}
