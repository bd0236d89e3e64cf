// Every page with sample data, served as production serves it, at /<look>/<sample>. Forms post to /posted, which shows what came.

import path from 'node:path';

import Koa from 'koa';
import QRCode from 'qrcode';

import { readFormBody } from '../../src/http/body.ts';
import type { CodeProblem, PasswordProblem } from '../../src/http/form-problems.ts';
import { createMessages } from '../../src/http/messages.ts';
import type { PageName, Pages } from '../../src/http/pages.ts';
import { createRenderer } from '../../src/http/render.ts';
import { securityHeaders } from '../../src/http/security-headers.ts';
import { createPageSender } from '../../src/http/send-page.ts';
import type { PageSender } from '../../src/http/send-page.ts';
import { listen } from '../../src/http/server.ts';
import { loadStaticFiles } from '../../src/http/static-files.ts';
import { errorPage } from '../../src/http/error-page.ts';
import { atEnd } from './global-teardown.ts';

export const VIEWS = path.join(import.meta.dirname, '..', '..', 'views');

const LOGO = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><path fill="#1f4e8c" d="M20 3 37 37H27l-7-15-7 15H3z"/></svg>`;

/** Acme has a logo and an ordinary colour, Globex a pale colour and no logo. */
export const LOOKS = {
  acme: {
    name: 'Acme',
    branding: { colour: '#1f4e8c', logo: `data:image/svg+xml;base64,${Buffer.from(LOGO).toString('base64')}` },
    homeUrl: '/acme/home',
  },
  globex: { name: 'Globex', branding: { colour: '#ffd23f' } },
} as const;

export interface Sample {
  page: PageName;
  send(sender: PageSender, ctx: Koa.Context): void;
}

function sample<N extends PageName>(page: N, data: Pages[N]): Sample {
  return {
    page,
    send(sender, ctx) {
      sender.sendPage(ctx, page, data);
    },
  };
}

const form = { action: '/posted', csrf: 'csrf-of-this-form' };
const help = 'https://password.acme.example/';
const time = new Date('2026-03-01T12:30:05Z');
const trace = { requestId: '0195512e-6a1c-7c3e-9f00-3b6f7f0a5d21', time };

const uri = 'otpauth://totp/Acme:ann?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Acme';
const enrolment = {
  ...form,
  app: 'Orders',
  username: 'ann',
  startOverUrl: '/posted',
  qrSvg: await QRCode.toString(uri, { type: 'svg' }),
  key: 'JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP',
  uri,
};

const password = { ...form, app: 'Orders', passwordHelpUrl: help };
const logout = { action: '/posted', xsrf: 'x', confirmed: false, stayUrl: '/acme/home' };
const code = { ...form, app: 'Orders', username: 'ann', startOverUrl: '/posted' };

/** A record, so that a new reason without a sample is an error of types. */
const passwordProblems: Record<PasswordProblem['reason'], PasswordProblem> = {
  'no-username': { reason: 'no-username' },
  'no-password': { reason: 'no-password' },
  'wrong-password': { reason: 'wrong-password' },
  'directory-unavailable': { reason: 'directory-unavailable' },
  'too-many-attempts': { reason: 'too-many-attempts', minutes: 5 },
};
const codeProblems: Record<CodeProblem['reason'], CodeProblem> = {
  'malformed-code': { reason: 'malformed-code' },
  'wrong-code': { reason: 'wrong-code' },
  'too-many-attempts': { reason: 'too-many-attempts', minutes: 1 },
};

/** Sends its form when it has loaded, where scripts run. */
export const LEAVES_BY_ITSELF = 'logout-confirmed';

export const SAMPLES: Readonly<Record<string, Sample>> = {
  password: sample('login/password', password),
  'password-plain': sample('login/password', form),
  'password-again': sample('login/password', { ...password, username: 'ann', notice: 'confirm-identity' }),
  ...problemSamples('password', passwordProblems, (problem) =>
    sample('login/password', { ...password, username: 'ann', problem }),
  ),
  totp: sample('login/totp', code),
  ...problemSamples('totp', codeProblems, (problem) => sample('login/totp', { ...code, problem })),
  enrol: sample('login/totp-enrol', enrolment),
  'enrol-wrong-code': sample('login/totp-enrol', { ...enrolment, problem: { reason: 'wrong-code' } }),
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
  'refused-disabled': sample('login/refused', { reason: 'disabled', startOverUrl: '/posted' }),
  'refused-expired': sample('login/refused', { reason: 'account-expired' }),
  'refused-not-now': sample('login/refused', { reason: 'not-now' }),
  notice: sample('login/notice', { ...form, passwordExpiresInDays: 5, passwordHelpUrl: help }),
  'notice-today': sample('login/notice', { ...form, passwordExpiresInDays: 0 }),
  'notice-grace': sample('login/notice', { ...form, graceLoginsLeft: 1, passwordHelpUrl: help }),
  'notice-last': sample('login/notice', { ...form, graceLoginsLeft: 0 }),
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

function problemSamples<P>(prefix: string, problems: Record<string, P>, make: (problem: P) => Sample) {
  return Object.fromEntries(
    Object.entries(problems).map(([reason, problem]) => [`${prefix}-${reason}`, make(problem)]),
  );
}

/** Starts the gallery on a free loopback port; answers its origin. */
export async function serveGallery(): Promise<string> {
  const messages = createMessages(path.join(VIEWS, 'messages'));
  const files = await loadStaticFiles(path.join(VIEWS, 'assets'));
  const renderer = createRenderer({ viewsFolder: VIEWS, messages, assetUrl: (name) => files.assetUrl(name) });
  const tenantOf = (ctx: Koa.Context) => new Map(Object.entries(LOOKS)).get(ctx.path.split('/')[1] ?? '');
  const sender = createPageSender({ renderer, messages, tenantOf });

  const app = new Koa();
  app.use(securityHeaders({ https: false }));
  app.use((ctx, next) => files.serve(ctx, next));
  app.use(async (ctx) => {
    if (ctx.path === '/posted' && ctx.method === 'POST') ctx.body = await readFormBody(ctx);
    else SAMPLES[ctx.path.split('/')[2] ?? '']?.send(sender, ctx);
  });
  const { url, close } = await listen(app, { host: '127.0.0.1', port: 0 });
  atEnd(() => close(0));
  return url;
}
