import { expect } from 'chai';

import { changeOutcome } from '../../src/directory/password-outcomes.ts';

const POLICY = '1.3.6.1.4.1.42.2.27.8.5.1';

/** `error`: of the password policy control, if there is one. */
function outcome(code: number, error?: number, diagnosticMessage = ''): string {
  const value = Buffer.from([0x30, 0x03, 0x81, 0x01, error ?? 0]);
  const controls = new Map(error === undefined ? [] : [[POLICY, value] as const]);
  const told = changeOutcome({ code, diagnosticMessage, controls });
  if (!told) return 'fault';
  return told.ok ? 'accepted' : told.reason;
}

describe('the outcome of a change of password', () => {
  const rows: readonly [what: string, code: number, error: number | undefined, told: string][] = [
    ['success', 0, undefined, 'accepted'],
    ['success and a control', 0, 5, 'accepted'],
    ['a locked account', 19, 1, 'locked'],
    ['no right to change it', 50, 3, 'not-allowed'],
    ['no right to change it, in 389-ds', 53, 3, 'not-allowed'],
    ['an old password that the server misses', 19, 4, 'not-allowed'],
    ['a weak password', 19, 5, 'too-weak'],
    ['a short password', 19, 6, 'too-short'],
    ['a password changed just now', 19, 7, 'too-soon'],
    ['a password used before', 19, 8, 'in-history'],
    ['an error from the future', 19, 9, 'rejected'],
    ['constraintViolation alone', 19, undefined, 'rejected'],
    ['a server without the operation', 2, undefined, 'not-allowed'],
    ['strongerAuthRequired', 8, undefined, 'not-allowed'],
    ['confidentialityRequired', 13, undefined, 'not-allowed'],
    ['noSuchObject', 32, undefined, 'not-allowed'],
    ['invalidCredentials', 49, undefined, 'bad-credentials'],
    ['insufficientAccessRights', 50, undefined, 'not-allowed'],
    ['unwillingToPerform', 53, undefined, 'not-allowed'],
    ['operationsError', 1, undefined, 'fault'],
    ['busy', 51, 6, 'fault'],
    ['unavailable', 52, undefined, 'fault'],
    ['other', 80, 6, 'fault'],
  ];
  for (const [what, code, error, told] of rows) {
    it(`of ${what} is ${told}`, () => expect(outcome(code, error)).to.equal(told));
  }

  const activeDirectory: readonly [what: string, code: number, message: string, told: string][] = [
    ['success', 0, '00000000: Success', 'accepted'],
    ['a wrong old password', 19, '00000056: AtrErr: DSID-03190F80, #1: …', 'bad-credentials'],
    ['a password against the rules', 19, '0000052D: AtrErr: DSID-03191041, #1: …', 'rejected'],
    ['a locked account', 19, '00000775: …', 'locked'],
    ['any other constraint', 19, '00002081: …', 'rejected'],
    ['a message of another form', 19, 'data 00000056: …', 'rejected'],
    ['a channel that is not encrypted', 53, '0000001F: SvcErr: …', 'not-allowed'],
    ['no right to change it', 50, '00000005: SecErr: …', 'not-allowed'],
    ['a code that is not of this result', 50, '00000056: SecErr: …', 'not-allowed'],
    ['an internal error', 1, '00000056: …', 'fault'],
  ];
  for (const [what, code, message, told] of activeDirectory) {
    it(`at Active Directory of ${what} is ${told}`, () => {
      expect(outcome(code, undefined, message)).to.equal(told);
    });
  }

  it('is a fault when the control is malformed', () => {
    const controls = new Map([[POLICY, Buffer.from('3003', 'hex')]]);
    expect(() => changeOutcome({ code: 19, diagnosticMessage: '', controls })).to.throw('malformed');
  });
});
