// What the answer to a person's bind means: a table over the result code (RFC 4511 appendix A), what the server tells beside it,
// and what the entry says of itself. Pure; directory-ldap.ts asks it.

import type { Outcome } from '../outcome.ts';
import { accepted, refused } from '../outcome.ts';
import { activeDirectoryBindError } from './active-directory-errors.ts';
import type { BindNotice, BindRefusal, DirectoryUser } from './directory.ts';
import type { PasswordPolicyAnswer } from './ldap-password-policy.ts';
import { POLICY_ERROR, readPasswordPolicy } from './ldap-password-policy.ts';
import type { LdapResult } from './ldap-responses.ts';

export interface BindCircumstances {
  user: Pick<DirectoryUser, 'state' | 'passwordExpiresAt'>;
  /** The server is an Active Directory, which tells more in its diagnostic message. */
  activeDirectory: boolean;
  /** A password that ends within so many days is worth a notice. */
  warnDays: number;
  now: Date;
}

const SUCCESS = 0;
const INVALID_CREDENTIALS = 49;
const UNWILLING_TO_PERFORM = 53;
const DAY_SECONDS = 86_400;

/** Results that speak of this account. Any other speaks of the server and proves nothing either way. */
const REFUSALS: Readonly<Record<number, BindRefusal>> = {
  19: 'locked', // constraintViolation: too many failures, in 389-ds
  32: 'bad-credentials', // noSuchObject: the entry went away after the search
  48: 'bad-credentials', // inappropriateAuthentication: the entry has no password
  [UNWILLING_TO_PERFORM]: 'locked', // an account that 389-ds has inactivated, whatever the password was
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
  if (result.code === SUCCESS) {
    const restriction = STATE_RESTRICTIONS[state] ?? POLICY_RESTRICTIONS[policyError];
    return restriction ? refused(restriction) : accepted(noticeOf(policy, circumstances));
  }
  const refusal = refusalOf(result, policyError, circumstances);
  return refusal && refused(refusal);
}

function refusalOf(
  { code, diagnosticMessage }: LdapResult,
  policyError: number,
  { user, activeDirectory }: BindCircumstances,
): BindRefusal | undefined {
  if (code === UNWILLING_TO_PERFORM && user.state !== 'enabled') return 'inactive';
  if (code !== INVALID_CREDENTIALS) return REFUSALS[code];
  const told = activeDirectory ? activeDirectoryBindError(diagnosticMessage) : undefined;
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
