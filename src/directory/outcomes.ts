// What the answer to a person's bind means: a table over the result code (RFC 4511 appendix A) and the password policy
// response control. Pure; directory-ldap.ts asks it.

import type { Outcome } from '../outcome.ts';
import { accepted, refused } from '../outcome.ts';
import type { BindNotice, BindRefusal } from './directory.ts';
import type { PasswordPolicyAnswer } from './ldap-password-policy.ts';

export interface BindAnswer {
  code: number;
  policy: PasswordPolicyAnswer;
  /** The entry itself says that the account is disabled (directory.ts, `DirectoryUser`). */
  entryDisabled: boolean;
}

const SUCCESS = 0;
const INVALID_CREDENTIALS = 49;

/** Results that speak of this account. Any other speaks of the server and proves nothing either way. */
const REFUSALS: Readonly<Record<number, BindRefusal>> = {
  19: 'locked', // constraintViolation: too many failures, in 389-ds
  32: 'bad-credentials', // noSuchObject: the entry went away after the search
  48: 'bad-credentials', // inappropriateAuthentication: the entry has no password
  53: 'locked', // unwillingToPerform: an inactivated account in 389-ds, whatever the password was
};

/** The control's error beside invalidCredentials. slapd tells `expired` only after the right password. */
const POLICY_REFUSALS: Readonly<Record<number, BindRefusal>> = { 0: 'expired', 1: 'locked' };

/** Its error beside success. In slapd the bind of somebody who must change succeeds, but allows nothing but that change. */
const POLICY_RESTRICTIONS: Readonly<Record<number, BindRefusal>> = { ...POLICY_REFUSALS, 2: 'must-change' };

/** Undefined where the answer is about the server and not the account: a fault, never a wrong password. */
export function bindOutcome({ code, policy, entryDisabled }: BindAnswer): Outcome<BindNotice, BindRefusal> | undefined {
  const error = policy.error ?? -1;
  if (code === SUCCESS) {
    const restriction = entryDisabled ? 'disabled' : POLICY_RESTRICTIONS[error];
    return restriction ? refused(restriction) : accepted(noticeOf(policy));
  }
  const refusal = code === INVALID_CREDENTIALS ? (POLICY_REFUSALS[error] ?? 'bad-credentials') : REFUSALS[code];
  return refusal && refused(refusal);
}

function noticeOf({ timeBeforeExpiration, graceLoginsLeft }: PasswordPolicyAnswer): BindNotice {
  return {
    ...(timeBeforeExpiration !== undefined && { passwordExpiresIn: timeBeforeExpiration }),
    ...(graceLoginsLeft !== undefined && { graceLoginsLeft }),
  };
}
