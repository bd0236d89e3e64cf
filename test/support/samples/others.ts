// Signing out, one-time links, errors and the tenant's home.

import { errorPage } from '../../../src/http/error-page.ts';
import { sample } from './sample.ts';
import type { Samples } from './sample.ts';

const time = new Date('2026-03-01T12:30:05Z');
const trace = { requestId: '0195512e-6a1c-7c3e-9f00-3b6f7f0a5d21', time };
const logout = { action: '/posted', xsrf: 'x', confirmed: false, stayUrl: '/acme/home' };

const link = { action: '/posted', csrf: 'csrf-of-this-form', username: 'ann@local' };

/** Sends its form when it has loaded, where scripts run. */
export const LEAVES_BY_ITSELF = 'logout-confirmed';

export const OTHER_SAMPLES: Samples = {
  'link-password': sample('link/password', { ...link, shortest: 15 }),
  'link-password-short': sample('link/password', { ...link, shortest: 15, problem: { reason: 'short-password' } }),
  'link-enrolment': sample('link/enrolment', link),
  'link-done': sample('link/done', { accountUrl: '/acme/account', homeUrl: '/acme/home' }),
  'link-done-approval': sample('link/done', { homeUrl: '/acme/home' }),
  'enrol-by-link': sample('login/enrol-by-link', { username: 'ann@local', startOverUrl: '/posted' }),
  'enrol-by-link-account': sample('login/enrol-by-link', { username: 'ann@local', homeUrl: '/acme/account' }),
  'error-link': sample(
    'error',
    errorPage({ ...trace, code: 'link_unusable', link: { to: 'home', href: '/acme/home' } }),
  ),
  'logout-confirm': sample('logout/confirm', { ...logout, app: 'Orders', user: 'Ann Archer' }),
  'logout-confirm-plain': sample('logout/confirm', logout),
  [LEAVES_BY_ITSELF]: sample('logout/confirm', { ...logout, confirmed: true, app: 'Orders', user: 'Ann Archer' }),
  'logout-done': sample('logout/done', { app: { name: 'Orders', url: 'https://orders.acme.example/' } }),
  'logout-done-plain': sample('logout/done', {}),
  'logout-done-home': sample('logout/done', { homeUrl: '/acme/home' }),
  error: sample('error', errorPage({ ...trace, code: 'internal_error', link: { to: 'retry', href: '' } })),
  'error-expired': sample(
    'error',
    errorPage({
      ...trace,
      code: 'login_expired',
      link: { to: 'app', app: 'Orders', href: 'https://orders.acme.example/login' },
    }),
  ),
  'error-redirect': sample(
    'error',
    errorPage({
      ...trace,
      code: 'invalid_redirect_uri',
      received:
        'https://orders.acme.example/callback?next=<script>alert(1)</script>&very-long=0123456789012345678901234567',
    }),
  ),
  'error-attempts': sample('error', errorPage({ ...trace, code: 'too_many_attempts', retryAfter: 600 })),
  home: sample('home', {
    apps: [
      { name: 'Orders', url: 'https://orders.acme.example/login' },
      { name: 'Wiki of the warehouse', url: 'https://wiki.acme.example/login' },
    ],
  }),
  'home-plain': sample('home', { apps: [] }),
};
