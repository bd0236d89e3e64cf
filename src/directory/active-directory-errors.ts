// What Active Directory means by the Windows error codes ([MS-ERREF] 2.2) in its diagnostic messages. They are known by their form,
// which no other kind of server uses; nothing else in a diagnostic message is for programs to read.

import type { BindRefusal, PasswordRefusal } from './directory.ts';

/** A domain controller ends it with a NUL. */
const BIND_ERROR =
  /^[0-9A-F]{8}: LdapErr: DSID-[0-9A-F]{6,8}, comment: AcceptSecurityContext error, data ([0-9a-f]{1,8}), v[0-9a-f]+\0?$/i;

/** Of these, 532, 533, 701 and 773 are told only after the right password, 530 and 531 too. */
const BIND_REFUSALS: Readonly<Record<string, BindRefusal>> = {
  '525': 'bad-credentials', // ERROR_NO_SUCH_USER
  '52e': 'bad-credentials', // ERROR_LOGON_FAILURE
  '530': 'not-now', // ERROR_INVALID_LOGON_HOURS
  '531': 'not-now', // ERROR_INVALID_WORKSTATION
  '532': 'expired', // ERROR_PASSWORD_EXPIRED
  '533': 'disabled', // ERROR_ACCOUNT_DISABLED
  '701': 'account-expired', // ERROR_ACCOUNT_EXPIRED
  '773': 'must-change', // ERROR_PASSWORD_MUST_CHANGE
  '775': 'locked', // ERROR_ACCOUNT_LOCKED_OUT
};

/**
 * Why a bind ended in invalidCredentials. `fault`: for a reason that is not the person's (568: too many context ids; 569: the
 * logon type is not granted). Undefined where the message has another form.
 */
export function activeDirectoryBindError(diagnosticMessage: string): BindRefusal | 'fault' | undefined {
  const [, data] = BIND_ERROR.exec(diagnosticMessage) ?? [];
  return data === undefined ? undefined : (BIND_REFUSALS[data.toLowerCase()] ?? 'fault');
}

const CHANGE_ERROR = /^([0-9A-F]{8}): /i;

const CHANGE_REFUSALS: Readonly<Record<string, PasswordRefusal>> = {
  '00000056': 'bad-credentials', // ERROR_INVALID_PASSWORD: the old one
  '0000052d': 'rejected', // ERROR_PASSWORD_RESTRICTION: length, complexity, history and age alike
  '00000775': 'locked', // ERROR_ACCOUNT_LOCKED_OUT
};

/** Why a change of unicodePwd ended in constraintViolation. Undefined where it does not tell. */
export function activeDirectoryChangeError(diagnosticMessage: string): PasswordRefusal | undefined {
  const [, code = ''] = CHANGE_ERROR.exec(diagnosticMessage) ?? [];
  return CHANGE_REFUSALS[code.toLowerCase()];
}
