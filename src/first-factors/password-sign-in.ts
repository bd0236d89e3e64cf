// Signing in with a name and a password, whoever holds the password: the name is resolved, the attempt reserved, the password
// proven, and all of it audited with the true reason, of which the person learns no more than is theirs to know.

import type { Audit } from '../audit/audit.ts';
import { isUnanswered } from '../directory/unanswered.ts';
import type { EphemeralStore } from '../ephemeral/ephemeral-store.ts';
import type { Outcome } from '../outcome.ts';
import { refused } from '../outcome.ts';
import { ALLOWANCE, evaluate } from '../security/attempt-limiter.ts';
import type { AttemptLimiter, Blocked } from '../security/attempt-limiter.ts';
import { normalizeLoginName } from '../security/login-name.ts';
import type { PasswordHash } from '../security/password-hash.ts';
import { isPassword } from '../security/password-text.ts';
import { createDirectoryPassword } from './directory-password.ts';
import type { Account, Allowances, Candidate, FirstFactorRefusal, NamedDirectory, SignedIn } from './first-factor.ts';
import { localPassword, meansLocal } from './local-password.ts';
import type { LocalAccounts } from './local-password.ts';
import type { LockoutLimits } from './lockout-allowance.ts';
import { auditingOutages, createReservePassword, typedSubject } from './password-attempts.ts';
import type { PasswordReservation } from './password-attempts.ts';

export interface SignInRequest {
  tenantId: string;
  /** The tenant's, in their order. */
  directories: readonly NamedDirectory[];
  /** As typed. */
  username: string;
  password: string;
  /** The client's address, for the limiter. */
  address: string;
  /** Who owns the account, if this is a browser that they trust; to be left out where nobody can trust one. */
  trustedBy?: ((account: Account) => Promise<string | undefined>) | undefined;
}

/** `bad-credentials` is all that is told without the right password; the others come only after it. */
export type SignInRefusal =
  'bad-credentials' | 'must-change' | 'expired' | 'account-disabled' | 'account-expired' | 'not-now';

export interface PasswordSignInOptions {
  localAccounts: LocalAccounts;
  passwordHash: PasswordHash;
  limiter: AttemptLimiter;
  lockoutLimits: LockoutLimits;
  store: EphemeralStore;
  audit: Audit;
}

/**
 * @throws AppError `directory_unavailable`, `storage_unavailable` or `overloaded`; counted as a failure only where the directory got
 * the password and gave no answer, since it may have counted one. Success itself
 * is audited when the login is finished; here only that the password has to be changed first.
 */
export type PasswordSignIn = (request: SignInRequest) => Promise<Outcome<SignedIn, SignInRefusal> | Blocked>;

/** What a person is told of each reason. */
const TOLD: Record<FirstFactorRefusal, SignInRefusal> = {
  unknown: 'bad-credentials',
  ambiguous: 'bad-credentials',
  malformed: 'bad-credentials',
  'bad-credentials': 'bad-credentials',
  locked: 'bad-credentials',
  inactive: 'bad-credentials',
  'nearly-locked': 'bad-credentials',
  'must-change': 'must-change',
  expired: 'expired',
  disabled: 'account-disabled',
  'account-expired': 'account-expired',
  'not-now': 'not-now',
};

export function createPasswordSignIn(options: PasswordSignInOptions): PasswordSignIn {
  const { localAccounts, passwordHash, limiter, audit } = options;
  const directoryPassword = createDirectoryPassword(options);
  const reserve = createReservePassword(limiter);

  return async (request) => {
    const resolved = await auditingOutages(audit, unavailable(request), () => resolve(request));
    const { candidate } = resolved;
    const { tenantId, address, trustedBy } = request;
    const { account } = candidate;
    const reservation = await reserve({ tenantId, address, trustedBy, account, ...resolved });
    if (reservation.ok) return judge(request, candidate, reservation.value);
    await audit.record({ type: 'login.blocked', tenantId, reason: reservation.reason, ...candidate.who });
    return reservation;
  };

  /** Who the name means, and what attempts on it are counted on. */
  async function resolve({ tenantId, directories, trustedBy, ...typed }: SignInRequest): Promise<Resolved> {
    const name = normalizeLoginName(typed.username);
    if (!name.ok || !isPassword(typed.password)) return NO_ATTEMPT;
    const factor = meansLocal(name.value, directories)
      ? localPassword(tenantId, localAccounts, passwordHash)
      : directoryPassword(directories, trustedBy !== undefined);
    const { candidate, allowances } = await factor.find(name.value);
    return { candidate, subjects: [...candidate.subjects, typedSubject(name.value)], allowances };
  }

  async function judge(
    request: SignInRequest,
    candidate: Candidate,
    reservation: PasswordReservation,
  ): Promise<Outcome<SignedIn, SignInRefusal>> {
    const { tenantId, password } = request;
    const prove = () => evaluate(reservation, () => candidate.prove(password, reservation.mayTryLast), isUnanswered);
    const outcome = await auditingOutages(audit, { ...unavailable(request), ...candidate.who }, prove);
    if (outcome.ok) {
      await reservation.succeeded();
      const reason = outcome.value.kind === 'directory' ? outcome.value.mustChange : undefined;
      if (reason) await audit.record({ type: 'password.change_required', tenantId, reason, ...candidate.who });
      return outcome;
    }
    const told = TOLD[outcome.reason];
    const passwordWasRight = told !== 'bad-credentials';
    if (passwordWasRight) await reservation.succeeded();
    const type = passwordWasRight ? 'login.refused' : 'login.failed';
    await audit.record({ type, tenantId, reason: outcome.reason, ...candidate.who });
    return refused(told);
  }
}

function unavailable({ tenantId }: SignInRequest) {
  return { type: 'login.unavailable', tenantId } as const;
}

interface Resolved {
  candidate: Candidate;
  subjects: readonly string[];
  allowances: Allowances;
}

/** For what nobody can have as a name or as a password. Such attempts are the address's and the tenant's alone. */
const NO_ATTEMPT: Resolved = {
  candidate: { subjects: [], who: {}, prove: () => Promise.resolve(refused('malformed')) },
  subjects: [],
  allowances: { anywhere: ALLOWANCE, trusted: undefined },
};
