// Whether a person still stands: active here, there and enabled in the directory, in which groups. Asked at every refresh,
// introspection, userinfo and silent sign-on, and answered no older than the tenant's `directoryFreshness`. Whoever stands no more
// in the directory loses their sessions, and signs in anew should the entry be enabled again.

import type { Audit } from '../audit/audit.ts';
import type { Database } from '../db/database.ts';
import type { Directory, DirectoryUser } from '../directory/directory.ts';
import { AppError, directoryUnavailable } from '../errors.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Tenant } from '../tenants/tenants.ts';
import type { DirectoryAnswer, NoEntry, RememberedAnswer, User, UserEntry, Users } from './users.ts';

/** Seconds. A sign-in asks about groups at the password, and ends soon after. */
const GROUPS_OF_A_SIGN_IN = 60;

/** Both answer the user as it is, or undefined when it may not go on. */
export interface Standing {
  /**
   * While the directory is down its last answer serves, for up to the tenant's `directoryStaleLimit`.
   * @throws AppError `directory_unavailable` beyond that.
   */
  current(tenant: Tenant, userId: string): Promise<User | undefined>;
  /**
   * Asks the directory about a user who has just been read, whatever the age of its last answer, as the end of a sign-in does; about
   * groups, where that is a minute old.
   * @throws AppError `directory_unavailable`
   */
  fresh(tenant: Tenant, user: User): Promise<User | undefined>;
}

export interface StandingDeps {
  users: Pick<Users, 'find' | 'rememberDirectoryAnswer' | 'hasOthersOf'>;
  /** Undefined for one that the tenant has no longer. */
  directoryOf(tenant: Tenant, directoryId: string): Directory | undefined;
  sessions: Pick<Sessions, 'endOthers'>;
  audit: Audit;
  db: Pick<Database, 'unitOfWork'>;
  now?: () => Date;
}

export function createStanding(deps: StandingDeps): Standing {
  const { users, directoryOf, sessions, audit, db, now = () => new Date() } = deps;

  /** `groupsServe`: seconds for which the groups of the last answer do. */
  async function ask(tenant: Tenant, user: User, known: UserEntry, groupsServe = 0): Promise<User | undefined> {
    const directory = directoryOf(tenant, known.id);
    const checkedAt = now();
    const entry = directory && (await entryOf(directory, tenant, user, known));
    if (entry && saysTheSame(entry, user) && ageOf(known) < groupsServe) return user;
    const kept =
      directory && entry?.state === 'enabled'
        ? await users.rememberDirectoryAnswer(tenant.id, user.id, {
            entry,
            groups: await directory.groupsOf(entry),
            checkedAt,
          })
        : await refuse(user, entry ? { entry, groups: known.groups, checkedAt } : { entry, checkedAt });
    return kept && standing(kept.user);
  }

  /**
   * An entry that is gone looks like one that the service account may not see any more, or that a wrong base leaves out. But then
   * nobody is to be seen, and that all of several have gone at once is taken for a fault.
   */
  async function entryOf(directory: Directory, { id: tenantId }: Tenant, user: User, known: UserEntry) {
    const entry = await directory.findByStableId(known.stableId);
    if (entry || (await directory.showsPeople())) return entry;
    if (!(await users.hasOthersOf(tenantId, known.id, user.id))) return undefined;
    throw directoryUnavailable(new Error(`the directory ${directory.name} shows nobody any more`));
  }

  /** Whoever hears it first ends all that goes on, logins under way included; the audit trail tells of it in the same unit. */
  function refuse({ tenantId, id }: User, answer: DirectoryAnswer | NoEntry): Promise<RememberedAnswer | undefined> {
    return db.unitOfWork(async () => {
      const kept = await users.rememberDirectoryAnswer(tenantId, id, answer);
      if (!kept?.leaves) return kept;
      const reason = `${kept.user.directory?.state}-in-directory`;
      const event = { tenantId, subject: { kind: 'user', id }, reason } as const;
      await audit.record({ type: 'user.refused', ...event });
      const ended = await sessions.endOthers(tenantId, id, undefined);
      if (ended.length > 0) await audit.record({ type: 'session.ended', ...event, detail: { sessions: ended } });
      return kept;
    });
  }

  return {
    async current(tenant, userId) {
      const user = await users.find(tenant.id, userId);
      if (user?.status !== 'active') return undefined;
      if (!user.directory) return user;
      const { directoryFreshness, directoryStaleLimit } = tenant.settings.policy;
      const age = ageOf(user.directory);
      if (age < directoryFreshness) return standing(user);
      try {
        return await ask(tenant, user, user.directory);
      } catch (error) {
        if (isOutage(error) && age < directoryStaleLimit) return standing(user);
        throw error;
      }
    },

    async fresh(tenant, user) {
      if (user.status !== 'active') return undefined;
      const groupsServe = Math.min(GROUPS_OF_A_SIGN_IN, tenant.settings.policy.directoryFreshness);
      return user.directory ? ask(tenant, user, user.directory, groupsServe) : user;
    },
  };

  function ageOf({ checkedAt }: UserEntry): number {
    return (now().getTime() - checkedAt.getTime()) / 1000;
  }
}

/** What was read along with the password, some seconds ago, need not be searched for once more. */
function saysTheSame(entry: DirectoryUser, { directory }: User): boolean {
  return entry.state === 'enabled' && directory?.state === 'enabled' && entry.dn === directory.dn;
}

function standing(user: User): User | undefined {
  return user.status === 'active' && user.directory?.state === 'enabled' ? user : undefined;
}

function isOutage(error: unknown): boolean {
  return error instanceof AppError && error.code === 'directory_unavailable';
}
