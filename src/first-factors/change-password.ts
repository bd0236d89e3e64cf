// Giving somebody a new password in their directory, at sign-in: the current one proven under the limits of a sign-in, the new one
// held against the rules for passwords and then the directory's own, and what follows from it. Whether somebody may do that now,
// having shown by their second factor that it is them, is the caller's to ask. Neither password is kept anywhere.

import { byUser } from '../audit/audit.ts';
import type { Audit } from '../audit/audit.ts';
import type { Database } from '../db/database.ts';
import type { DirectoryUser, PasswordRefusal } from '../directory/directory.ts';
import type { Outcome } from '../outcome.ts';
import { accepted, refused } from '../outcome.ts';
import { evaluate } from '../security/attempt-limiter.ts';
import type { AttemptLimiter, Blocked, Reservation } from '../security/attempt-limiter.ts';
import { normalizeLoginName } from '../security/login-name.ts';
import { checkPassword } from '../security/password-policy.ts';
import type { PasswordWeakness } from '../security/password-policy.ts';
import type { Tenant } from '../tenants/tenants.ts';
import type { AccountChanged } from '../users/account-changed.ts';
import type { User } from '../users/users.ts';
import type { NamedDirectory } from './directory-password.ts';
import { allowancesOf } from './lockout-allowance.ts';
import type { LockoutLimits } from './lockout-allowance.ts';
import { auditingOutages, createReservePassword, entrySubject, isPassword, typedSubject } from './password-attempts.ts';

export interface PasswordChange {
  tenant: Tenant;
  user: User;
  /** The tenant's, in their order. */
  directories: readonly NamedDirectory[];
  current: string;
  next: string;
  /** The tenant asks this person for a second factor, so the new password need not stand alone. */
  withSecondFactor: boolean;
  /** The client's address, for the limiter. */
  address: string;
  /** Whether this is a browser that the person trusts; undefined where nobody can trust one. */
  isTrusted: boolean | undefined;
  /** The one session of the person that goes on. */
  keptSession: string | undefined;
}

/**
 * `bad-credentials`: the current password was wrong, or the account is locked. `same`: as the current one. `too-weak`, `in-history`,
 * `too-soon`, `rejected`: by the directory's rules. `not-allowed`: not to be changed here.
 */
export type PasswordChangeRefusal = Exclude<PasswordRefusal, 'locked'> | PasswordWeakness | 'same' | 'account-disabled';

/**
 * @throws AppError `directory_unavailable`: the new password may have been taken or not. It counts as no failure.
 * `storage_unavailable`: likewise; the directory alone decides which password is right, so a sign-in with that one goes on.
 */
export type ChangePassword = (change: PasswordChange) => Promise<Outcome<void, PasswordChangeRefusal> | Blocked>;

export interface ChangePasswordOptions {
  limiter: AttemptLimiter;
  lockoutLimits: LockoutLimits;
  accountChanged: AccountChanged;
  audit: Audit;
  db: Pick<Database, 'unitOfWork'>;
}

interface Changeable {
  source: NamedDirectory;
  entry: DirectoryUser;
}

export function createChangePassword(options: ChangePasswordOptions): ChangePassword {
  const { limiter, lockoutLimits, accountChanged, audit, db } = options;
  const reserve = createReservePassword(limiter);

  return async (change) => {
    const refusal = { type: 'password.refused', ...byUser(change.tenant.id, change.user.id) } as const;
    const outcome = await auditingOutages(audit, refusal, () => attempt(change));
    if (!outcome.ok) await audit.record({ ...refusal, reason: outcome.reason });
    return outcome;
  };

  async function attempt(change: PasswordChange): Promise<Outcome<void, PasswordChangeRefusal> | Blocked> {
    const acceptable = checkNext(change);
    if (!acceptable.ok) return acceptable;
    const found = await changeableOf(change);
    if (!found.ok) return found;
    const reservation = await reserveFor(change, found.value);
    if (!reservation.ok) return reservation;

    const { directory } = found.value.source;
    const { tenant, user, current, next, keptSession } = change;
    const outcome = await evaluate(reservation.value, () => directory.changePassword(found.value.entry, current, next));
    if (!outcome.ok) return notTaken(reservation.value, outcome.reason);
    const event = { type: 'password.changed', detail: { directory: directory.name } } as const;
    const notice = { kind: 'password-changed' } as const;
    await db.unitOfWork(() => accountChanged({ tenantId: tenant.id, userId: user.id, event, notice, keptSession }));
    await reservation.value.succeeded();
    return accepted(undefined);
  }

  async function reserveFor({ tenant, user, address, isTrusted }: PasswordChange, { source, entry }: Changeable) {
    const name = normalizeLoginName(user.username);
    return reserve({
      tenantId: tenant.id,
      subjects: [entrySubject(source.id, entry.stableId), ...(name.ok ? [typedSubject(name.value)] : [])],
      address,
      allowances: allowancesOf([await lockoutLimits(source)], isTrusted !== undefined),
      account: { kind: 'directory', directoryId: source.id, entry },
      trustedBy: () => Promise.resolve(isTrusted ? user.id : undefined),
    });
  }
}

/** Only what may have been a guess counts. That it was none does not prove that it was right: no counter starts anew. */
async function notTaken(reservation: Reservation, reason: PasswordRefusal) {
  if (reason === 'bad-credentials' || reason === 'locked') return refused('bad-credentials');
  await reservation.release();
  return refused(reason);
}

/** Before the directory is asked, so that a password that would not do costs no attempt. */
function checkNext(change: PasswordChange): Outcome<undefined, PasswordChangeRefusal> {
  const { tenant, user, current, next, withSecondFactor } = change;
  if (!isPassword(current)) return refused('bad-credentials');
  if (next === current) return refused('same');
  const checked = checkPassword(next, { withSecondFactor, knownWords: knownWordsOf(tenant, user) });
  return checked.ok && !isPassword(next) ? refused('rejected') : checked;
}

function knownWordsOf({ slug, name }: Tenant, { username, profile }: User): string[] {
  const { name: fullName, givenName, familyName, nickname, email } = profile;
  return [slug, name, username, fullName, givenName, familyName, nickname, email].filter((word) => word !== undefined);
}

/** As the directory has it now. */
async function changeableOf({
  user,
  directories,
}: PasswordChange): Promise<Outcome<Changeable, 'not-allowed' | 'account-disabled'>> {
  const source = directories.find(({ id }) => id === user.directory?.id);
  if (!user.directory || !source?.directory.changesPasswords) return refused('not-allowed');
  if (user.status !== 'active') return refused('account-disabled');
  const entry = await source.directory.findByStableId(user.directory.stableId);
  return entry?.state === 'enabled' ? accepted({ source, entry }) : refused('account-disabled');
}
