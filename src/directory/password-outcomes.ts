// What the answer to the change of a person's password means: a table over the result code (RFC 4511 appendix A), the password
// policy's error and Active Directory's own. Pure; password-change.ts asks it.

import type { Outcome } from '../outcome.ts';
import { accepted, refused } from '../outcome.ts';
import { activeDirectoryChangeError } from './active-directory-errors.ts';
import type { BindRefusal, PasswordRefusal } from './directory.ts';
import { POLICY_ERROR, readPasswordPolicy } from './ldap/password-policy.ts';
import type { LdapResult } from './ldap/responses.ts';
import { resultCode } from './ldap/result-codes.ts';

/** Results that speak of this change. Any other speaks of the server. */
const REFUSALS: Readonly<Record<number, PasswordRefusal>> = {
  // It has no such extended operation (RFC 4511 4.12).
  [resultCode.protocolError]: 'not-allowed',
  [resultCode.strongerAuthRequired]: 'not-allowed',
  // 389-ds without TLS.
  [resultCode.confidentialityRequired]: 'not-allowed',
  [resultCode.constraintViolation]: 'rejected',
  // The entry went away after the search.
  [resultCode.noSuchObject]: 'not-allowed',
  [resultCode.invalidCredentials]: 'bad-credentials',
  [resultCode.insufficientAccessRights]: 'not-allowed',
  [resultCode.unwillingToPerform]: 'not-allowed',
};

const POLICY_REFUSALS: Readonly<Record<number, PasswordRefusal>> = {
  [POLICY_ERROR.accountLocked]: 'locked',
  [POLICY_ERROR.passwordModNotAllowed]: 'not-allowed',
  [POLICY_ERROR.mustSupplyOldPassword]: 'not-allowed',
  [POLICY_ERROR.insufficientPasswordQuality]: 'too-weak',
  [POLICY_ERROR.passwordTooShort]: 'too-short',
  [POLICY_ERROR.passwordTooYoung]: 'too-soon',
  [POLICY_ERROR.passwordInHistory]: 'in-history',
};

/**
 * Undefined where the answer is about the server and not this change: a fault.
 *
 * @throws MalformedMessage when what came beside the result cannot be read: a fault as well.
 */
export function changeOutcome(result: LdapResult): Outcome<void, PasswordRefusal> | undefined {
  const { code, diagnosticMessage } = result;
  if (code === resultCode.success) return accepted(undefined);
  const general = REFUSALS[code];
  if (!general) return undefined;
  const told = code === resultCode.constraintViolation ? activeDirectoryChangeError(diagnosticMessage) : undefined;
  return refused(told ?? POLICY_REFUSALS[readPasswordPolicy(result).error ?? -1] ?? general);
}

/** What keeps somebody from changing their password whose bind was refused for this. Undefined: nothing does. */
export const BIND_REFUSED: Readonly<Record<BindRefusal, PasswordRefusal | undefined>> = {
  'bad-credentials': 'bad-credentials',
  locked: 'locked',
  inactive: 'locked',
  'nearly-locked': 'nearly-locked',
  'must-change': undefined,
  expired: undefined,
  disabled: 'not-allowed',
  'account-expired': 'not-allowed',
  'not-now': 'not-allowed',
};
