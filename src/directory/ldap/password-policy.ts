// What servers tell of a person's password beside a result: the password policy response control
// (draft-behera-ldap-password-policy-10, 6.2) of OpenLDAP and 389-ds, or the two older ones of Netscape's line where that is all
// there is. What it means for a person is for bind-outcomes.ts and password-outcomes.ts to say.

import { berCursor, MalformedMessage } from './ber.ts';
import type { LdapResult } from './responses.ts';
import { resultCode } from './result-codes.ts';

export const PASSWORD_POLICY_CONTROL = '1.3.6.1.4.1.42.2.27.8.5.1';
/** Without being asked for: its mere presence tells. */
const PASSWORD_EXPIRED_CONTROL = '2.16.840.1.113730.3.4.4';
/** Likewise; the seconds, as text. */
const PASSWORD_EXPIRING_CONTROL = '2.16.840.1.113730.3.4.5';

export interface PasswordPolicyAnswer {
  /** A PolicyError, or any other number that a server sends. */
  error?: number;
  /** Seconds. */
  timeBeforeExpiration?: number;
  graceLoginsLeft?: number;
}

export const POLICY_ERROR = {
  passwordExpired: 0,
  accountLocked: 1,
  changeAfterReset: 2,
  passwordModNotAllowed: 3,
  mustSupplyOldPassword: 4,
  insufficientPasswordQuality: 5,
  passwordTooShort: 6,
  passwordTooYoung: 7,
  passwordInHistory: 8,
} as const;

const WARNING = 0xa0;
const TIME_BEFORE_EXPIRATION = 0x80;
const GRACE_LOGINS = 0x81;
const ERROR = 0x81;

/** @throws MalformedMessage */
export function readPasswordPolicy({ code, controls }: Pick<LdapResult, 'code' | 'controls'>): PasswordPolicyAnswer {
  const policy = controls.get(PASSWORD_POLICY_CONTROL);
  if (policy) return policy.length > 0 ? readControl(policy) : {};
  // 389-ds sends it with the bind of somebody who must change their password, and with the refusal of one that has expired.
  if (controls.has(PASSWORD_EXPIRED_CONTROL)) {
    return { error: code === resultCode.success ? POLICY_ERROR.changeAfterReset : POLICY_ERROR.passwordExpired };
  }
  const seconds = controls.get(PASSWORD_EXPIRING_CONTROL)?.toString('latin1');
  if (seconds === undefined) return {};
  if (!/^\d{1,10}$/.test(seconds)) throw new MalformedMessage('a password that expires in no number of seconds');
  return { timeBeforeExpiration: Number(seconds) };
}

function readControl(value: Buffer): PasswordPolicyAnswer {
  const answer: PasswordPolicyAnswer = {};
  const fields = berCursor(value).enter();
  if (fields.peek() === WARNING) {
    const warning = fields.enter(WARNING);
    const isTime = warning.peek() === TIME_BEFORE_EXPIRATION;
    const left = warning.integer(isTime ? TIME_BEFORE_EXPIRATION : GRACE_LOGINS);
    if (left < 0) throw new MalformedMessage(`a password policy that warns of ${left}`);
    answer[isTime ? 'timeBeforeExpiration' : 'graceLoginsLeft'] = left;
  }
  if (fields.more) answer.error = fields.integer(ERROR);
  return answer;
}
