// The password policy response control (draft-behera-ldap-password-policy-10, 6.2): what OpenLDAP and 389-ds tell beside the
// result of a bind. What it means for a person is outcomes.ts's business.

import { berCursor } from './ldap-ber.ts';

export const PASSWORD_POLICY_CONTROL = '1.3.6.1.4.1.42.2.27.8.5.1';

export interface PasswordPolicyAnswer {
  /** 0 expired, 1 locked, 2 change after reset; 3 to 8 concern changing a password. */
  error?: number;
  /** Seconds. */
  timeBeforeExpiration?: number;
  graceLoginsLeft?: number;
}

const WARNING = 0xa0;
const TIME_BEFORE_EXPIRATION = 0x80;
const GRACE_LOGINS = 0x81;
const ERROR = 0x81;

/** @throws MalformedMessage */
export function readPasswordPolicy(value: Buffer | undefined): PasswordPolicyAnswer {
  const answer: PasswordPolicyAnswer = {};
  if (!value || value.length === 0) return answer;
  const fields = berCursor(value).enter();
  if (fields.peek() === WARNING) {
    const warning = fields.enter(WARNING);
    if (warning.peek() === TIME_BEFORE_EXPIRATION)
      answer.timeBeforeExpiration = warning.integer(TIME_BEFORE_EXPIRATION);
    else answer.graceLoginsLeft = warning.integer(GRACE_LOGINS);
  }
  if (fields.more) answer.error = fields.integer(ERROR);
  return answer;
}
