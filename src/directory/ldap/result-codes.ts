// Result codes of LDAP (RFC 4511 appendix A), as far as a client of it turns on them or the demo's server gives them.

export const resultCode = {
  success: 0,
  operationsError: 1,
  protocolError: 2,
  sizeLimitExceeded: 4,
  compareFalse: 5,
  compareTrue: 6,
  authMethodNotSupported: 7,
  strongerAuthRequired: 8,
  unavailableCriticalExtension: 12,
  confidentialityRequired: 13,
  noSuchAttribute: 16,
  constraintViolation: 19,
  attributeOrValueExists: 20,
  noSuchObject: 32,
  invalidDNSyntax: 34,
  inappropriateAuthentication: 48,
  invalidCredentials: 49,
  insufficientAccessRights: 50,
  busy: 51,
  unavailable: 52,
  unwillingToPerform: 53,
  namingViolation: 64,
  objectClassViolation: 65,
  notAllowedOnNonLeaf: 66,
  entryAlreadyExists: 68,
} as const;

export type ResultCode = keyof typeof resultCode;

const NOT_SERVING: ReadonlySet<number> = new Set([resultCode.busy, resultCode.unavailable]);

/** Whether the server has looked at what it was asked. One that is busy or unavailable answers, but serves nobody. */
export function isServed(code: number): boolean {
  return !NOT_SERVING.has(code);
}
