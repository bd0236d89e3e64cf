import { expect } from 'chai';

import { bindOutcome } from '../../src/directory/bind-outcomes.ts';
import type { EntryState } from '../../src/directory/directory.ts';
import { readPasswordPolicy } from '../../src/directory/ldap/password-policy.ts';
import type { LdapResult } from '../../src/directory/ldap/responses.ts';

const POLICY = '1.3.6.1.4.1.42.2.27.8.5.1';
const EXPIRED = '2.16.840.1.113730.3.4.4';
const EXPIRING = '2.16.840.1.113730.3.4.5';

const NOW = new Date('2026-01-01T00:00:00Z');
const DAY = 86_400;

interface Row {
  code: number;
  message?: string;
  /** The password policy control's value as it comes on the wire, in hex. */
  policy?: string;
  /** Other controls. */
  controls?: Readonly<Record<string, string>>;
  state?: EntryState;
  passwordExpiresAt?: Date;
  warnDays?: number;
}

function result({ code, message = '', policy, controls = {} }: Row): LdapResult {
  const others = Object.entries(controls).map(([oid, text]) => [oid, Buffer.from(text)] as const);
  const asked = policy === undefined ? [] : [[POLICY, hex(policy)] as const];
  return { code, diagnosticMessage: message, controls: new Map([...asked, ...others]) };
}

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

function outcome(row: Row): string {
  const { state = 'enabled', passwordExpiresAt, warnDays = 14 } = row;
  const user = { state, ...(passwordExpiresAt && { passwordExpiresAt }) };
  const told = bindOutcome(result(row), { user, warnDays, now: NOW });
  if (!told) return 'fault';
  return told.ok ? `accepted ${JSON.stringify(told.value)}` : told.reason;
}

const expiring = (seconds: number): string => `accepted {"passwordExpiresIn":${seconds}}`;
const inSeconds = (seconds: number): Date => new Date(NOW.getTime() + seconds * 1000);

const SECONDS_LEFT = '3007 a005 8003 093a80';
const MUST_CHANGE = '3003 8101 02';
const POLICY_EXPIRED = '3003 8101 00';
const LOCKED = '3003 8101 01';

const rows: readonly [what: string, row: Row, told: string][] = [
  ['success', { code: 0 }, 'accepted {}'],
  ['success and nothing to say', { code: 0, policy: '3000' }, 'accepted {}'],
  ['success, an empty control', { code: 0, policy: '' }, 'accepted {}'],
  ['success, seven days left', { code: 0, policy: SECONDS_LEFT }, expiring(7 * DAY)],
  ['success, two grace logins left', { code: 0, policy: '3005 a003 8101 02' }, 'accepted {"graceLoginsLeft":2}'],
  ['success by the last grace login', { code: 0, policy: '3005 a003 8101 00' }, 'accepted {"graceLoginsLeft":0}'],
  ['success, but the password was reset', { code: 0, policy: MUST_CHANGE }, 'must-change'],
  ['success, but reset and soon to expire', { code: 0, policy: '3009 a004 8002 0e10 8101 02' }, 'must-change'],
  ['success, but expired', { code: 0, policy: POLICY_EXPIRED }, 'expired'],
  ['success, but locked', { code: 0, policy: LOCKED }, 'locked'],
  ['success, and an error about changing a password', { code: 0, policy: '3003 8101 05' }, 'accepted {}'],
  ['invalidCredentials', { code: 49 }, 'bad-credentials'],
  ['invalidCredentials and nothing to say', { code: 49, policy: '3000' }, 'bad-credentials'],
  ['invalidCredentials, expired', { code: 49, policy: POLICY_EXPIRED }, 'expired'],
  ['invalidCredentials, locked', { code: 49, policy: LOCKED }, 'locked'],
  ['invalidCredentials, to be changed: nobody proved that', { code: 49, policy: MUST_CHANGE }, 'bad-credentials'],
  ['noSuchObject', { code: 32 }, 'bad-credentials'],
  ['inappropriateAuthentication', { code: 48 }, 'bad-credentials'],
  ['constraintViolation', { code: 19 }, 'locked'],
  ['unwillingToPerform', { code: 53 }, 'inactive'],
  ['operationsError', { code: 1 }, 'fault'],
  ['protocolError', { code: 2 }, 'fault'],
  ['strongerAuthRequired', { code: 8 }, 'fault'],
  ['referral', { code: 10 }, 'fault'],
  ['confidentialityRequired', { code: 13 }, 'fault'],
  ['saslBindInProgress', { code: 14 }, 'fault'],
  ['busy', { code: 51 }, 'fault'],
  ['unavailable', { code: 52, policy: LOCKED }, 'fault'],
  ['other', { code: 80 }, 'fault'],
  ['a code from the future', { code: 4711 }, 'fault'],

  ['a disabled entry that the server lets in', { code: 0, state: 'disabled' }, 'disabled'],
  ['a disabled entry that must change', { code: 0, state: 'disabled', policy: MUST_CHANGE }, 'disabled'],
  ['a disabled entry and a wrong password', { code: 49, state: 'disabled' }, 'bad-credentials'],
  ['a disabled entry, said whatever the password', { code: 53, state: 'disabled' }, 'inactive'],
  ['an expired entry that the server lets in', { code: 0, state: 'expired' }, 'account-expired'],
  ['an expired entry and a wrong password', { code: 49, state: 'expired' }, 'bad-credentials'],
  ['an expired entry, said whatever the password', { code: 53, state: 'expired' }, 'inactive'],
  ['a disabled entry with too many failures', { code: 19, state: 'disabled' }, 'locked'],

  ['success, to be changed, by a control of 389-ds', { code: 0, controls: { [EXPIRED]: '0' } }, 'must-change'],
  ['expired, by a control of 389-ds', { code: 49, controls: { [EXPIRED]: '0' } }, 'expired'],
  ['seconds left, by a control of 389-ds', { code: 0, controls: { [EXPIRING]: '86400' } }, expiring(DAY)],
  [
    'both kinds of control, of which the policy counts',
    { code: 0, policy: SECONDS_LEFT, controls: { [EXPIRING]: '1', [EXPIRED]: '0' } },
    expiring(7 * DAY),
  ],

  ['90 days left', { code: 0, policy: '3008 a006 8004 0076a700' }, 'accepted {}'],
  ['just more than the days of the settings', { code: 0, policy: SECONDS_LEFT, warnDays: 6 }, 'accepted {}'],
  ['exactly the days of the settings', { code: 0, policy: SECONDS_LEFT, warnDays: 7 }, expiring(7 * DAY)],
  ['no days in the settings', { code: 0, policy: '3005 a003 8001 01', warnDays: 0 }, 'accepted {}'],
  [
    'grace logins, whatever the settings',
    { code: 0, policy: '3005 a003 8101 02', warnDays: 0 },
    'accepted {"graceLoginsLeft":2}',
  ],
  ['an entry that tells when', { code: 0, passwordExpiresAt: inSeconds(5 * DAY) }, expiring(5 * DAY)],
  ['an entry that tells of a time far away', { code: 0, passwordExpiresAt: inSeconds(15 * DAY) }, 'accepted {}'],
  ['an entry that tells of a time gone by', { code: 0, passwordExpiresAt: inSeconds(-1) }, 'accepted {}'],
  [
    'an entry and a control, of which the control counts',
    { code: 0, policy: SECONDS_LEFT, passwordExpiresAt: inSeconds(DAY) },
    expiring(7 * DAY),
  ],
];

const bindError = (data: string): string =>
  `80090308: LdapErr: DSID-0C09042A, comment: AcceptSecurityContext error, data ${data}, v3839`;

const activeDirectory: readonly [what: string, message: string, told: string][] = [
  ['no such user', bindError('525'), 'bad-credentials'],
  ['a wrong password', bindError('52e'), 'bad-credentials'],
  ['outside hours', bindError('530'), 'not-now'],
  ['another workstation', bindError('531'), 'not-now'],
  ['an expired password', bindError('532'), 'expired'],
  ['a disabled account', bindError('533'), 'disabled'],
  ['an expired account', bindError('701'), 'account-expired'],
  ['a password to be changed', bindError('773'), 'must-change'],
  ['too many failures', bindError('775'), 'locked'],
  ['too many context ids', bindError('568'), 'fault'],
  ['a logon type that is not granted', bindError('569'), 'fault'],
  ['a code from the future', bindError('fff'), 'fault'],
  ['the code in upper case', bindError('52E'), 'bad-credentials'],
  ['the NUL that ends it', `${bindError('773')}\0`, 'must-change'],
  ['as Samba writes it', bindError('532').replace('v3839', 'v1db1'), 'expired'],
  ['no message', '', 'bad-credentials'],
  ['a message of another form', 'data 533, v1', 'bad-credentials'],
  ['another error with a code', bindError('533').replace('AcceptSecurityContext', 'SaslBind'), 'bad-credentials'],
  ['something after it', `${bindError('533')} or 773`, 'bad-credentials'],
  ['something before it', `52e ${bindError('533')}`, 'bad-credentials'],
  ['no number', bindError('5 33'), 'bad-credentials'],
];

describe('the outcome of a bind', () => {
  for (const [what, row, told] of rows) {
    it(`of ${what} is ${told}`, () => expect(outcome(row)).to.equal(told));
  }

  for (const [what, message, told] of activeDirectory) {
    it(`at Active Directory of ${what} is ${told}`, () => {
      expect(outcome({ code: 49, message })).to.equal(told);
    });
  }

  it('reads no code of Active Directory beside another result', () => {
    const message = bindError('773');
    expect(outcome({ code: 0, message })).to.equal('accepted {}');
    expect(outcome({ code: 53, message })).to.equal('inactive');
    expect(outcome({ code: 80, message })).to.equal('fault');
  });

  it('of a password that an administrator lets expire is told by the code, not by the entry', () => {
    const passwordExpiresAt = new Date(0);
    expect(outcome({ code: 49, message: bindError('52e'), passwordExpiresAt })).to.equal('bad-credentials');
  });
});

describe('the password policy control', () => {
  for (const malformed of [
    '30',
    '3003',
    '3005 a003 8001',
    '3103 8101 02',
    '3003 8201 02',
    '3004 a002 8200',
    '3003 8101',
    '3002 a000',
    '3005 a003 8001 ff',
    '3005 a003 8101 ff',
    '3008 a006 8005 0102030405',
  ]) {
    it(`is refused as ${malformed}`, () => {
      for (const code of [0, 49]) {
        expect(() => readPasswordPolicy(result({ code, policy: malformed }))).to.throw('malformed');
        expect(() => outcome({ code, policy: malformed })).to.throw('malformed');
      }
    });
  }

  for (const seconds of ['', '-1', '1e9', '12345678901', 'soon', '1 ']) {
    it(`is refused in the form of 389-ds as ${JSON.stringify(seconds)}`, () => {
      expect(() => outcome({ code: 0, controls: { [EXPIRING]: seconds } })).to.throw('malformed');
    });
  }
});
