// Giving somebody a new password in their directory, at sign-in: the current one proven under the limits of a sign-in, the new one
// held against the rules for passwords and then the directory's own, and what follows from it. Whether somebody may do that now,
// having shown by their second factor that it is them, is the caller's to ask. Neither password is kept anywhere.

import { byUser } from '../audit/audit.ts';
import type { Audit } from '../audit/audit.ts';
import type { Database } from '../db/database.ts';
import type { PasswordRefusal } from '../directory/directory.ts';
import { isUnanswered } from '../directory/unanswered.ts';
import type { EphemeralStore } from '../ephemeral/ephemeral-store.ts';
import type { Outcome } from '../outcome.ts';
import { accepted, refused } from '../outcome.ts';
import { evaluate } from '../security/attempt-limiter.ts';
import type { AttemptLimiter, Blocked, Reservation } from '../security/attempt-limiter.ts';
import { normalizeLoginName } from '../security/login-name.ts';
import { checkPassword } from '../security/password-policy.ts';
import type { PasswordWeakness } from '../security/password-policy.ts';
import { isPassword } from '../security/password-text.ts';
import type { Tenant } from '../tenants/tenants.ts';
import type { AccountChanged } from '../users/account-changed.ts';
import { knownWordsOf } from '../users/new-password.ts';
import type { User } from '../users/users.ts';
import { createBindTurns } from './bind-turns.ts';
import type { EntryReading } from './bind-turns.ts';
import type { NamedDirectory } from './first-factor.ts';
import { allowancesOf } from './lockout-allowance.ts';
import type { LockoutLimits } from './lockout-allowance.ts';
import { auditingOutages, createReservePassword, entrySubject, orTheLast, typedSubject } from './password-attempts.ts';
import type { PasswordReservation } from './password-attempts.ts';

export interface PasswordChangeRequest {
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
export type PasswordChangeRefusal =
  Exclude<PasswordRefusal, 'locked' | 'nearly-locked'> | PasswordWeakness | 'same' | 'account-disabled';

/**
 * @throws AppError `directory_unavailable`: the new password may have been taken or not. `storage_unavailable`: likewise; the
 * directory alone decides which password is right, so a sign-in with that one goes on. Where it may have been taken, what was opened
 * under the old one ends all the same.
 */
export type ChangePassword = (change: PasswordChangeRequest) => Promise<Outcome<void, PasswordChangeRefusal> | Blocked>;

export interface ChangePasswordOptions {
  limiter: AttemptLimiter;
  lockoutLimits: LockoutLimits;
  accountChanged: AccountChanged;
  audit: Audit;
  store: EphemeralStore;
  db: Pick<Database, 'unitOfWork'>;
}

interface Changeable extends EntryReading {
  source: NamedDirectory;
}

export function createChangePassword(options: ChangePasswordOptions): ChangePassword {
  const { limiter, lockoutLimits, accountChanged, audit, store, db } = options;
  const reserve = createReservePassword(limiter);
  const turns = createBindTurns(store);

  return async (change) => {
    const refusal = { type: 'password.refused', ...byUser(change.tenant.id, change.user.id) } as const;
    const outcome = await auditingOutages(audit, refusal, () => attempt(change));
    if (!outcome.ok) await audit.record({ ...refusal, reason: outcome.reason });
    return outcome;
  };

  async function attempt(change: PasswordChangeRequest): Promise<Outcome<void, PasswordChangeRefusal> | Blocked> {
    const acceptable = checkNext(change);
    if (!acceptable.ok) return acceptable;
    const found = await changeableOf(change);
    if (!found.ok) return found;
    const reservation = await reserveFor(change, found.value);
    if (!reservation.ok) return reservation;

    let isTaken = false;
    try {
      const outcome = await evaluate(
        reservation.value,
        () => ask(change, found.value, reservation.value),
        isUnanswered,
      );
      if (!outcome.ok) return await notTaken(reservation.value, outcome.reason);
      isTaken = true;
      await followUp(change, found.value, 'password.changed');
    } catch (fault) {
      // Once more after a fault of our own storage, which may be over with a new connection. The first fault is the one to tell.
      if (isTaken || isUnanswered(fault)) {
        await followUp(change, found.value, 'password.change_uncertain').catch(() => undefined);
      }
      throw fault;
    }
    await reservation.value.succeeded();
    return accepted(undefined);
  }

  function ask({ current, next }: PasswordChangeRequest, found: Changeable, { mayTryLast }: PasswordReservation) {
    const { directory } = found.source;
    return turns.ofSomebody(directory, found, (entry) =>
      orTheLast(mayTryLast, (last) => directory.changePassword(entry, current, next, last)),
    );
  }

  function followUp(
    { tenant, user, keptSession }: PasswordChangeRequest,
    { source: { directory } }: Changeable,
    type: 'password.changed' | 'password.change_uncertain',
  ) {
    const event = { type, detail: { directory: directory.name } };
    const notice = { kind: 'password-changed' } as const;
    return db.unitOfWork(() => accountChanged({ tenantId: tenant.id, userId: user.id, event, notice, keptSession }));
  }

  async function reserveFor(
    { tenant, user, address, isTrusted }: PasswordChangeRequest,
    { source, entry }: Changeable,
  ) {
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
  if (reason === 'bad-credentials' || reason === 'locked' || reason === 'nearly-locked')
    return refused('bad-credentials');
  await reservation.release();
  return refused(reason);
}

/** Before the directory is asked, so that a password that would not do costs no attempt. */
function checkNext(change: PasswordChangeRequest): Outcome<undefined, PasswordChangeRefusal> {
  const { tenant, user, current, next, withSecondFactor } = change;
  if (!isPassword(current)) return refused('bad-credentials');
  if (next === current) return refused('same');
  const checked = checkPassword(next, { withSecondFactor, knownWords: knownWordsOf(tenant, user) });
  return checked.ok && !isPassword(next) ? refused('rejected') : checked;
}

/** As the directory has it now. */
async function changeableOf({
  user,
  directories,
}: PasswordChangeRequest): Promise<Outcome<Changeable, 'not-allowed' | 'account-disabled'>> {
  const source = directories.find(({ id }) => id === user.directory?.id);
  if (!user.directory || !source?.directory.changesPasswords) return refused('not-allowed');
  if (user.status !== 'active') return refused('account-disabled');
  const readAt = performance.now();
  const entry = await source.directory.findByStableId(user.directory.stableId);
  return entry?.state === 'enabled' ? accepted({ source, entry, readAt }) : refused('account-disabled');
}
