/** Result codes (RFC 4511 4.1.9) that this server gives. */
export const resultCodes = {
  success: 0,
  operationsError: 1,
  protocolError: 2,
  sizeLimitExceeded: 4,
  compareFalse: 5,
  compareTrue: 6,
  authMethodNotSupported: 7,
  strongerAuthRequired: 8,
  unavailableCriticalExtension: 12,
  noSuchAttribute: 16,
  constraintViolation: 19,
  attributeOrValueExists: 20,
  noSuchObject: 32,
  invalidDNSyntax: 34,
  invalidCredentials: 49,
  insufficientAccessRights: 50,
  unwillingToPerform: 53,
  namingViolation: 64,
  objectClassViolation: 65,
  notAllowedOnNonLeaf: 66,
  entryAlreadyExists: 68,
} as const;

export type ResultCode = keyof typeof resultCodes;

/** An operation that is answered with anything but success. */
export class LdapRefusal extends Error {
  readonly code: ResultCode;

  constructor(code: ResultCode, diagnosticMessage = '') {
    super(diagnosticMessage);
    this.name = 'LdapRefusal';
    this.code = code;
  }
}
