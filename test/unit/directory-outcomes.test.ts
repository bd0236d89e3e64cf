import { expect } from 'chai';

import { readPasswordPolicy } from '../../src/directory/ldap-password-policy.ts';
import { bindOutcome } from '../../src/directory/outcomes.ts';

type Told = { notice: object } | { refusal: string } | 'fault';

/** The control's value as it comes on the wire; empty without a control. */
const rows: [what: string, code: number, control: string, told: Told][] = [
  ['success', 0, '', { notice: {} }],
  ['success and nothing to say', 0, '3000', { notice: {} }],
  ['success, seven days left', 0, '3007 a005 8003 093a80', { notice: { passwordExpiresIn: 604_800 } }],
  ['success, two grace logins left', 0, '3005 a003 8101 02', { notice: { graceLoginsLeft: 2 } }],
  ['success, but the password was reset', 0, '3003 8101 02', { refusal: 'must-change' }],
  ['success, but reset and soon to expire', 0, '3009 a004 8002 0e10 8101 02', { refusal: 'must-change' }],
  ['success, but expired', 0, '3003 8101 00', { refusal: 'expired' }],
  ['success, but locked', 0, '3003 8101 01', { refusal: 'locked' }],
  ['success, and an error about changing a password', 0, '3003 8101 05', { notice: {} }],
  ['invalidCredentials', 49, '', { refusal: 'bad-credentials' }],
  ['invalidCredentials and nothing to say', 49, '3000', { refusal: 'bad-credentials' }],
  ['invalidCredentials, expired', 49, '3003 8101 00', { refusal: 'expired' }],
  ['invalidCredentials, locked', 49, '3003 8101 01', { refusal: 'locked' }],
  ['invalidCredentials, to be changed: nobody proved that', 49, '3003 8101 02', { refusal: 'bad-credentials' }],
  ['noSuchObject', 32, '', { refusal: 'bad-credentials' }],
  ['inappropriateAuthentication', 48, '', { refusal: 'bad-credentials' }],
  ['constraintViolation', 19, '', { refusal: 'locked' }],
  ['unwillingToPerform', 53, '', { refusal: 'locked' }],
  ['operationsError', 1, '', 'fault'],
  ['protocolError', 2, '', 'fault'],
  ['strongerAuthRequired', 8, '', 'fault'],
  ['referral', 10, '', 'fault'],
  ['confidentialityRequired', 13, '', 'fault'],
  ['saslBindInProgress', 14, '', 'fault'],
  ['busy', 51, '', 'fault'],
  ['unavailable', 52, '3003 8101 01', 'fault'],
  ['other', 80, '', 'fault'],
  ['a code from the future', 4711, '', 'fault'],
];

describe('the outcome of a bind', () => {
  for (const [what, code, control, told] of rows) {
    it(`of ${what} is ${JSON.stringify(told)}`, () => {
      const policy = readPasswordPolicy(Buffer.from(control.replaceAll(' ', ''), 'hex'));
      const outcome = bindOutcome({ code, policy, entryDisabled: false });
      if (told === 'fault') expect(outcome).to.equal(undefined);
      else if ('notice' in told) expect(outcome).to.deep.equal({ ok: true, value: told.notice });
      else expect(outcome).to.deep.equal({ ok: false, reason: told.refusal });
    });
  }

  it('of a disabled entry is told only after the right password', () => {
    const outcome = (code: number, error?: number) =>
      bindOutcome({ code, policy: error === undefined ? {} : { error }, entryDisabled: true });
    expect(outcome(0)).to.deep.equal({ ok: false, reason: 'disabled' });
    expect(outcome(0, 2)).to.deep.equal({ ok: false, reason: 'disabled' });
    expect(outcome(49)).to.deep.equal({ ok: false, reason: 'bad-credentials' });
  });
});

describe('the password policy control', () => {
  it('is refused when it is malformed', () => {
    for (const hex of [
      '30',
      '3003',
      '3005a0038001',
      '310381 0102',
      '30038201 02',
      '3004 a002 8200',
      '3003810100'.slice(0, 8),
    ]) {
      expect(() => readPasswordPolicy(Buffer.from(hex.replaceAll(' ', ''), 'hex')), hex).to.throw('malformed');
    }
  });
});
