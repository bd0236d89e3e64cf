// What the answer to a person's bind means: a table over the result code (RFC 4511 appendix A), what the server tells beside it,
// and what the entry says of itself. Pure; passwords.ts asks it.

import type { Outcome } from '../outcome.ts';
import { accepted, refused } from '../outcome.ts';
import { activeDirectoryBindError } from './active-directory-errors.ts';
import type { BindNotice, BindRefusal, DirectoryUser } from './directory.ts';
import type { PasswordPolicyAnswer } from './ldap/password-policy.ts';
import { POLICY_ERROR, readPasswordPolicy } from './ldap/password-policy.ts';
import type { LdapResult } from './ldap/responses.ts';
import { resultCode } from './ldap/result-codes.ts';

export interface BindCircumstances {
  user: Pick<DirectoryUser, 'state' | 'passwordExpiresAt'>;
  /** A password that ends within so many days is worth a notice. */
  warnDays: number;
  now: Date;
}

const DAY_SECONDS = 86_400;

/** Results that speak of this account. Any other speaks of the server and proves nothing either way. */
const REFUSALS: Readonly<Record<number, BindRefusal>> = {
  // 389-ds, after too many failures.
  [resultCode.constraintViolation]: 'locked',
  // The entry went away after the search.
  [resultCode.noSuchObject]: 'bad-credentials',
  // It has no password.
  [resultCode.inappropriateAuthentication]: 'bad-credentials',
  // 389-ds, where an administrator has inactivated the entry or a role of it: the entry need not show which.
  [resultCode.unwillingToPerform]: 'inactive',
};

/** The policy's error beside invalidCredentials. `expired` is told only after the right password. */
const POLICY_REFUSALS: Readonly<Record<number, BindRefusal>> = {
  [POLICY_ERROR.passwordExpired]: 'expired',
  [POLICY_ERROR.accountLocked]: 'locked',
};

/** Its error beside success. The bind of somebody who must change succeeds, but allows nothing but that change. */
const POLICY_RESTRICTIONS: Readonly<Record<number, BindRefusal>> = {
  ...POLICY_REFUSALS,
  [POLICY_ERROR.changeAfterReset]: 'must-change',
};

/** What the entry says of the account counts even where the server lets it in: a rule of the settings may be what says it. */
const STATE_RESTRICTIONS: Readonly<Record<DirectoryUser['state'], BindRefusal | undefined>> = {
  enabled: undefined,
  disabled: 'disabled',
  expired: 'account-expired',
};

/**
 * Undefined where the answer is about the server and not the account: a fault, never a wrong password.
 *
 * @throws MalformedMessage when what came beside the result cannot be read: a fault as well.
 */
export function bindOutcome(
  result: LdapResult,
  circumstances: BindCircumstances,
): Outcome<BindNotice, BindRefusal> | undefined {
  const { state } = circumstances.user;
  const policy = readPasswordPolicy(result);
  const policyError = policy.error ?? -1;
  if (result.code === resultCode.success) {
    const restriction = STATE_RESTRICTIONS[state] ?? POLICY_RESTRICTIONS[policyError];
    return restriction ? refused(restriction) : accepted(noticeOf(policy, circumstances));
  }
  const refusal = refusalOf(result, policyError);
  return refusal && refused(refusal);
}

function refusalOf({ code, diagnosticMessage }: LdapResult, policyError: number): BindRefusal | undefined {
  if (code !== resultCode.invalidCredentials) return REFUSALS[code];
  const told = activeDirectoryBindError(diagnosticMessage);
  if (told) return told === 'fault' ? undefined : told;
  return POLICY_REFUSALS[policyError] ?? 'bad-credentials';
}

/** Active Directory sends no control, 389-ds may send the time that is left with every bind, however long it is. */
function noticeOf(policy: PasswordPolicyAnswer, { user, warnDays, now }: BindCircumstances): BindNotice {
  const { graceLoginsLeft } = policy;
  if (graceLoginsLeft !== undefined) return { graceLoginsLeft };
  const passwordExpiresIn = policy.timeBeforeExpiration ?? secondsUntil(user.passwordExpiresAt, now);
  const isNear = passwordExpiresIn > 0 && passwordExpiresIn <= warnDays * DAY_SECONDS;
  return isNear ? { passwordExpiresIn } : {};
}

function secondsUntil(time: Date | undefined, now: Date): number {
  return time ? Math.floor((time.getTime() - now.getTime()) / 1000) : Infinity;
}
