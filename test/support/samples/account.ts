// The account page, and what it asks.

import type { AccountChange, AccountPage } from '../../../src/http/account-page.ts';
import { form, sample } from './sample.ts';
import type { Sample, Samples } from './sample.ts';

const at = (day: number) => new Date(Date.UTC(2026, 1, day, 9, 41));
const firefox = 'Firefox on Linux';

const account: AccountPage = {
  username: 'ann',
  name: 'Ann Archer',
  csrf: form.csrf,
  factors: [
    {
      factor: 'passkey',
      name: 'Laptop',
      createdAt: at(1),
      lastUsedAt: at(26),
      renameUrl: '/posted',
      removeUrl: '/posted',
    },
    { factor: 'totp', createdAt: at(3), renameUrl: '/posted', removeUrl: '/posted' },
    {
      factor: 'sms',
      name: 'Work phone',
      target: '+41 ** *** ** 67',
      createdAt: at(4),
      lastUsedAt: at(20),
      renameUrl: '/posted',
    },
    { factor: 'email', target: 'a***@a-department-with-a-rather-long-name.universities-of-the-north.example.com' },
  ],
  add: [
    { factor: 'passkey', url: '/posted' },
    { factor: 'totp', url: '/posted' },
    { factor: 'sms', url: '/posted' },
    { factor: 'email', url: '/posted' },
  ],
  recoveryCodes: { remaining: 7, url: '/posted' },
  devices: [
    {
      name: firefox,
      address: '192.0.2.7',
      lastUsedAt: at(26),
      expiresAt: at(56),
      removeAction: '/posted',
      isThis: true,
    },
    {
      name: 'Safari on iPhone',
      address: '2001:db8:85a3:1234:5678:8a2e:370:7334',
      lastUsedAt: at(12),
      expiresAt: at(42),
      removeAction: '/posted',
      isThis: false,
    },
  ],
  removeDevicesUrl: '/posted',
  sessions: [
    {
      browser: firefox,
      address: '192.0.2.7',
      signedInAt: at(26),
      lastSeenAt: at(27),
      apps: ['Orders', 'Wiki'],
      isThis: true,
    },
    { signedInAt: at(20), lastSeenAt: at(21), apps: [], isThis: false, endAction: '/posted?end' },
  ],
  endSessionsUrl: '/posted',
  signIns: [
    { at: at(26), ok: true, app: 'Orders', browser: firefox, address: '192.0.2.7' },
    { at: at(25), ok: false, app: 'Orders', browser: firefox, address: '198.51.100.23' },
    { at: at(20), ok: true },
    { at: at(19), ok: false },
  ],
  signOutUrl: '/posted',
};

const bare: AccountPage = {
  username: 'gus',
  name: 'gus',
  csrf: form.csrf,
  factors: [],
  add: [],
  sessions: account.sessions.slice(0, 1),
  signIns: [],
  signOutUrl: '/posted',
};

/** A record, so that a new change without a sample is an error of types. */
const done: Record<AccountChange, Sample> = {
  'factor-added': sample('account', { ...account, done: 'factor-added' }),
  'factor-renamed': sample('account', { ...account, done: 'factor-renamed' }),
  'factor-removed': sample('account', { ...account, done: 'factor-removed' }),
  'recovery-codes-made': sample('account', { ...account, done: 'recovery-codes-made' }),
  'device-removed': sample('account', { ...bare, devices: [], done: 'device-removed' }),
  'devices-removed': sample('account', { ...bare, devices: [], done: 'devices-removed' }),
  'session-ended': sample('account', { ...bare, done: 'session-ended' }),
  'sessions-ended': sample('account', { ...bare, done: 'sessions-ended' }),
};

export const ACCOUNT_SAMPLES: Samples = {
  account: sample('account', account),
  'account-bare': sample('account', bare),
  'account-no-codes': sample('account', { ...bare, recoveryCodes: { remaining: 0, url: '/posted' }, devices: [] }),
  'account-problem': sample('account', { ...account, problem: { reason: 'last-required-factor' } }),
  ...Object.fromEntries(Object.entries(done).map(([change, page]) => [`account-${change}`, page])),
  rename: sample('account/rename', { ...form, name: 'Laptop', cancelUrl: '/posted' }),
  'rename-no-name': sample('account/rename', {
    ...form,
    name: '',
    cancelUrl: '/posted',
    problem: { reason: 'no-name' },
  }),
  'remove-factor': sample('account/confirm', {
    ...form,
    what: 'remove-factor',
    factor: 'passkey',
    name: 'Laptop',
    cancelUrl: '/posted',
  }),
  'remove-unnamed': sample('account/confirm', { ...form, what: 'remove-factor', factor: 'totp', cancelUrl: '/posted' }),
  'remove-devices': sample('account/confirm', { ...form, what: 'remove-devices', cancelUrl: '/posted' }),
  'end-sessions': sample('account/confirm', { ...form, what: 'end-sessions', cancelUrl: '/posted' }),
};
