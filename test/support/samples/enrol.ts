// Setting up a factor: in a sign-in, and in the account.

import QRCode from 'qrcode';

import type { ContactProblem } from '../../../src/http/form-problems.ts';
import { form, passkey, problemSamples, sample, sentTo, step } from './sample.ts';
import type { Samples } from './sample.ts';

const login = { ...step, otherWaysUrl: '/posted', postpone: { action: '/posted?postpone', daysLeft: 6 } };
const account = { ...form, username: 'ann', name: '', cancelUrl: '/posted' };

const uri = 'otpauth://totp/Acme:ann?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Acme';
const totp = {
  qrSvg: await QRCode.toString(uri, { type: 'svg' }),
  key: 'JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP',
  uri,
};

const registration = {
  ...passkey,
  options: JSON.stringify({
    challenge: 'c2FsbHlwb3J0',
    rp: { id: '127.0.0.1', name: 'Acme' },
    user: { id: 'AAEC', name: 'ann', displayName: 'Ann Archer' },
    pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
  }),
};

export const CODES = [
  ...['4k7q-9tzm-wc2x', 'h3np-d8rv-ya6e', 'x9wd-2mfk-tq7c', 'r5bz-j4ha-n8gp', 'c2ye-v7ks-m3dt'],
  ...['w8fq-a6xn-p4rj', 'z3gm-k9tc-h7bv', 'n6dy-e2wa-x5qs', 't7hr-f4pz-c8mk', 'j9va-b3ne-g6wd'],
];
const codes = { codes: CODES, downloadUrl: '/posted?codes.txt' };

const contactProblems: Record<ContactProblem['reason'], ContactProblem> = {
  'malformed-number': { reason: 'malformed-number' },
  'malformed-address': { reason: 'malformed-address' },
  'unreachable-number': { reason: 'unreachable-number' },
  'not-sent': { reason: 'not-sent' },
  'too-many-sent': { reason: 'too-many-sent', minutes: 15 },
};

const enrolNumber = { factor: 'sms', sent: sentTo('+44 7700 900123'), changeUrl: '/posted?change' } as const;
const enrolAddress = { factor: 'email', sent: sentTo('ann@example.com'), changeUrl: '/posted?change' } as const;

export const ENROL_SAMPLES: Samples = {
  enrol: sample('enrol/totp', { ...step, ...totp }),
  'enrol-wrong-code': sample('enrol/totp', { ...login, ...totp, problem: { reason: 'wrong-code' } }),
  'enrol-in-account': sample('enrol/totp', { ...account, ...totp }),
  'enrol-number': sample('enrol/contact', {
    ...login,
    factor: 'sms',
    postpone: { action: '/posted?postpone', loginsLeft: 1 },
  }),
  'enrol-address': sample('enrol/contact', { ...account, factor: 'email', contact: 'ann@example.com' }),
  ...problemSamples('contact', contactProblems, (problem) =>
    sample('enrol/contact', {
      ...login,
      factor: problem.reason === 'malformed-address' ? 'email' : 'sms',
      contact: '12',
      problem,
    }),
  ),
  'enrol-number-code': sample('enrol/code', { ...step, ...enrolNumber }),
  'enrol-address-code': sample('enrol/code', { ...account, ...enrolAddress }),
  'enrol-code-failed': sample('enrol/code', {
    ...account,
    ...enrolAddress,
    sent: sentTo('ann@example.com', { status: 'failed', resendIn: 0 }),
    problem: { reason: 'wrong-code' },
  }),
  'enrol-passkey': sample('enrol/passkey', { ...login, postpone: { action: '/posted' }, passkey: registration }),
  'enrol-passkey-in-account': sample('enrol/passkey', { ...account, name: 'Chrome on Linux', passkey: registration }),
  'enrol-passkey-not-accepted': sample('enrol/passkey', {
    ...login,
    passkey: registration,
    problem: { reason: 'passkey-not-accepted' },
  }),
  codes: sample('enrol/recovery-codes', { ...step, ...codes, postpone: { action: '/posted' } }),
  'codes-in-account': sample('enrol/recovery-codes', { ...form, username: 'ann', cancelUrl: '/posted', ...codes }),
  'codes-not-saved': sample('enrol/recovery-codes', { ...step, ...codes, problem: { reason: 'not-saved' } }),
};
