import type { ResultCode } from '../../directory/ldap/result-codes.ts';

/** An operation that is answered with anything but success. */
export class LdapRefusal extends Error {
  readonly code: ResultCode;

  constructor(code: ResultCode, diagnosticMessage = '') {
    super(diagnosticMessage);
    this.name = 'LdapRefusal';
    this.code = code;
  }
}
