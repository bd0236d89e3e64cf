// The steps of a sign-in.

import type { CodeProblem, NewPasswordProblem, PasswordProblem } from '../../../src/http/form-problems.ts';
import { form, help, passkey, problemSamples, sample, sentTo, step } from './sample.ts';
import type { Samples } from './sample.ts';

const password = { ...form, app: 'Orders', passwordHelpUrl: help };
const second = { ...step, otherWaysUrl: '/posted', trustDays: 30 };
const change = { ...step, shortest: 15, passwordHelpUrl: help };
const sms = { factor: 'sms', sent: sentTo('+41 ** *** ** 67') } as const;
const long = 'a***@a-department-with-a-rather-long-name.universities-of-the-north.example.com';

/** Records, so that a new reason without a sample is an error of types. */
const passwordProblems: Record<PasswordProblem['reason'], PasswordProblem> = {
  'no-username': { reason: 'no-username' },
  'no-password': { reason: 'no-password' },
  'wrong-password': { reason: 'wrong-password' },
  'directory-unavailable': { reason: 'directory-unavailable' },
  'wrong-passkey': { reason: 'wrong-passkey' },
  'unknown-passkey': { reason: 'unknown-passkey' },
  'too-many-attempts': { reason: 'too-many-attempts', minutes: 5 },
};
const newPasswordProblems: Record<NewPasswordProblem['reason'], NewPasswordProblem> = {
  'no-current-password': { reason: 'no-current-password' },
  'no-new-password': { reason: 'no-new-password' },
  'wrong-current-password': { reason: 'wrong-current-password' },
  'same-password': { reason: 'same-password' },
  'short-password': { reason: 'short-password' },
  'long-password': { reason: 'long-password' },
  'common-password': { reason: 'common-password' },
  'personal-password': { reason: 'personal-password' },
  'weak-password': { reason: 'weak-password' },
  'used-password': { reason: 'used-password' },
  'changed-too-soon': { reason: 'changed-too-soon' },
  'rejected-password': { reason: 'rejected-password' },
  'password-not-changeable': { reason: 'password-not-changeable' },
  'change-unavailable': { reason: 'change-unavailable' },
  'too-many-attempts': { reason: 'too-many-attempts', minutes: 5 },
};
const codeProblems: Record<CodeProblem['reason'], CodeProblem> = {
  'malformed-code': { reason: 'malformed-code' },
  'wrong-code': { reason: 'wrong-code' },
  'expired-code': { reason: 'expired-code' },
  'not-sent': { reason: 'not-sent' },
  'wrong-passkey': { reason: 'wrong-passkey' },
  'unknown-passkey': { reason: 'unknown-passkey' },
  'passkey-not-accepted': { reason: 'passkey-not-accepted' },
  'not-saved': { reason: 'not-saved' },
  'too-many-attempts': { reason: 'too-many-attempts', minutes: 1 },
  'too-many-sent': { reason: 'too-many-sent', minutes: 15 },
};

const choices = [
  { value: '1', factor: 'passkey', name: 'Laptop', lastUsedAt: new Date('2026-02-27T08:00:00Z') },
  { value: '2', factor: 'passkey', name: 'Security key on the ring with the key to the bicycle' },
  { value: '3', factor: 'totp' },
  { value: '4', factor: 'sms', target: '+41 ** *** ** 67' },
  { value: '5', factor: 'email', target: long },
  { value: '6', factor: 'recovery-code' },
] as const;

export const LOGIN_SAMPLES: Samples = {
  password: sample('login/password', { ...password, passkey: { ...passkey, action: '/posted?passkey' } }),
  'password-only': sample('login/password', password),
  'password-plain': sample('login/password', form),
  'password-again': sample('login/password', { ...password, username: 'ann', notice: 'confirm-identity' }),
  ...problemSamples('password', passwordProblems, (problem) =>
    sample('login/password', {
      ...password,
      username: 'ann',
      problem,
      passkey: { ...passkey, action: '/posted?passkey', unknown: 'AAEC' },
    }),
  ),
  totp: sample('login/code', { ...second, ask: { factor: 'totp' } }),
  'totp-plain': sample('login/code', { ...form, username: 'ann', ask: { factor: 'totp' } }),
  sms: sample('login/code', { ...second, ask: sms }),
  'sms-waiting': sample('login/code', {
    ...second,
    ask: { factor: 'sms', sent: sentTo('+41 ** *** ** 67', { status: 'waiting', resendIn: 120 }) },
  }),
  'sms-failed': sample('login/code', {
    ...second,
    ask: { factor: 'sms', sent: sentTo('+41 ** *** ** 67', { status: 'failed', resendIn: 0 }) },
  }),
  'sms-soon': sample('login/code', {
    ...second,
    ask: { factor: 'sms', sent: sentTo('+41 ** *** ** 67', { resendIn: 2 }) },
  }),
  email: sample('login/code', { ...second, ask: { factor: 'email', sent: sentTo(long, { expiresInMinutes: 1 }) } }),
  'email-waiting': sample('login/code', {
    ...step,
    ask: { factor: 'email', sent: sentTo('a***@example.com', { status: 'waiting' }) },
  }),
  'email-failed': sample('login/code', {
    ...step,
    ask: { factor: 'email', sent: sentTo('a***@example.com', { status: 'failed' }) },
  }),
  'recovery-code': sample('login/code', { ...second, ask: { factor: 'recovery-code', remaining: 7 } }),
  ...problemSamples('code', codeProblems, (problem) => sample('login/code', { ...second, ask: sms, problem })),
  passkey: sample('login/passkey', { ...second, passkey }),
  'passkey-plain': sample('login/passkey', { ...form, username: 'ann', passkey }),
  'passkey-wrong': sample('login/passkey', { ...second, passkey, problem: { reason: 'wrong-passkey' } }),
  choose: sample('login/choose', { ...step, purpose: 'prove', choices }),
  'choose-problem': sample('login/choose', { ...step, purpose: 'prove', choices, problem: { reason: 'not-sent' } }),
  'choose-enrolment': sample('login/choose', {
    ...step,
    purpose: 'enrol',
    choices: [
      { value: 'passkey', factor: 'passkey' },
      { value: 'totp', factor: 'totp' },
      { value: 'sms', factor: 'sms' },
      { value: 'email', factor: 'email' },
    ],
  }),
  'not-allowed': sample('login/not-allowed', step),
  'not-allowed-plain': sample('login/not-allowed', { ...form, username: 'ann' }),
  consent: sample('login/consent', {
    ...form,
    app: 'Orders',
    appUrl: 'https://orders.acme.example/',
    user: 'Ann Archer',
    scopes: [
      ...['openid', 'profile', 'email', 'phone', 'groups', 'roles', 'offline_access'].map((name) => ({ name })),
      { name: 'invoice:read', resource: 'https://api.acme.example' },
      { name: 'constructor' },
    ],
  }),
  'consent-plain': sample('login/consent', {
    ...form,
    app: 'Orders',
    user: 'Ann Archer',
    scopes: [{ name: 'openid' }],
  }),
  continue: sample('login/continue', { app: 'Orders', url: '/posted' }),
  'continue-plain': sample('login/continue', { url: '/posted' }),
  expired: sample('login/password-expired', { reason: 'expired', passwordHelpUrl: help, startOverUrl: '/posted' }),
  'must-change': sample('login/password-expired', { reason: 'must-change' }),
  change: sample('login/change-password', { ...change, reason: 'must-change' }),
  'change-expired': sample('login/change-password', { ...step, reason: 'expired', shortest: 8 }),
  'change-chosen': sample('login/change-password', { ...change, reason: 'chosen', notNowAction: '/posted?not-now' }),
  ...problemSamples('change', newPasswordProblems, (problem) =>
    sample('login/change-password', { ...change, reason: 'expired', problem }),
  ),
  'refused-disabled': sample('login/refused', { reason: 'disabled', startOverUrl: '/posted' }),
  'refused-expired': sample('login/refused', { reason: 'account-expired' }),
  'refused-not-now': sample('login/refused', { reason: 'not-now' }),
  notice: sample('login/notice', { ...form, passwordExpiresInDays: 5, mayChange: false, passwordHelpUrl: help }),
  'notice-change': sample('login/notice', {
    ...form,
    passwordExpiresInDays: 3,
    mayChange: true,
    passwordHelpUrl: help,
  }),
  'notice-today': sample('login/notice', { ...form, passwordExpiresInDays: 0, mayChange: false }),
  'notice-grace': sample('login/notice', { ...form, graceLoginsLeft: 1, mayChange: false, passwordHelpUrl: help }),
  'notice-grace-change': sample('login/notice', { ...form, graceLoginsLeft: 1, mayChange: true }),
  'notice-last': sample('login/notice', { ...form, graceLoginsLeft: 0, mayChange: false }),
};
