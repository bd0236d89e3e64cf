import path from 'node:path';

import { expect } from 'chai';
import { parse } from 'node-html-parser';

import type { ErrorCode } from '../../src/errors.ts';
import { errorPage } from '../../src/http/error-page.ts';
import { createMessages } from '../../src/http/messages.ts';
import type { PageName, Pages } from '../../src/http/pages.ts';
import { createRenderer } from '../../src/http/render.ts';

const VIEWS = path.join(import.meta.dirname, '..', '..', 'views');
const EVIL = `"><script>alert('x')</script>&amp;{app}`;

const renderer = createRenderer({
  viewsFolder: VIEWS,
  messages: createMessages(path.join(VIEWS, 'messages')),
  assetUrl: (name) => `/assets/${name}`,
});
const tenant = { name: 'Acme', branding: { colour: '#1f4e8c' } };

function render<N extends PageName>(name: N, data: Pages[N], look: { name: string } = tenant) {
  const branding = tenant.branding;
  const context = { tenant: { branding, ...look }, language: 'en', nonce: 'the-nonce', languages: [] };
  return renderer.page(name, context, data);
}

describe('A rendered page', () => {
  const form = { action: '/i/1', csrf: 'c' };
  const sent = {
    target: '+41 ** *** ** 67',
    status: 'sent',
    expiresInMinutes: 5,
    resendIn: 30,
    resendAction: '/i/1/resend',
  } as const;
  const account: Pages['account'] = {
    username: EVIL,
    name: EVIL,
    csrf: EVIL,
    factors: [{ factor: 'passkey', name: EVIL, target: EVIL, renameUrl: EVIL, removeUrl: EVIL }],
    add: [{ factor: 'totp', url: EVIL }],
    recoveryCodes: { remaining: 1, url: EVIL },
    devices: [
      { name: EVIL, address: EVIL, lastUsedAt: new Date(), expiresAt: new Date(), removeAction: EVIL, isThis: false },
    ],
    sessions: [
      {
        browser: EVIL,
        address: EVIL,
        signedInAt: new Date(),
        lastSeenAt: new Date(),
        apps: [EVIL],
        isThis: false,
        endAction: EVIL,
      },
    ],
    signIns: [{ at: new Date(), ok: true, app: EVIL, browser: EVIL, address: EVIL }],
    signOutUrl: EVIL,
  };

  it('shows whatever a tenant, an app or a person supplies as text', () => {
    const html = [
      render(
        'login/password',
        { action: EVIL, csrf: EVIL, app: EVIL, username: EVIL, passwordHelpUrl: EVIL },
        { name: EVIL },
      ),
      render('login/consent', { ...form, app: EVIL, user: EVIL, scopes: [{ name: EVIL, resource: EVIL }] }),
      render('login/code', {
        ...form,
        username: EVIL,
        startOverUrl: EVIL,
        otherWaysUrl: EVIL,
        ask: { factor: 'sms', sent: { ...sent, target: EVIL, resendAction: EVIL } },
      }),
      render('login/choose', {
        ...form,
        username: EVIL,
        purpose: 'prove',
        choices: [{ value: EVIL, factor: 'totp', name: EVIL, target: EVIL }],
      }),
      render('login/not-allowed', { ...form, username: EVIL, app: EVIL, startOverUrl: EVIL }),
      render('enrol/contact', { ...form, username: EVIL, factor: 'sms', contact: EVIL, cancelUrl: EVIL }),
      render('enrol/recovery-codes', { ...form, username: EVIL, codes: [EVIL], downloadUrl: EVIL }),
      render('account', account),
      render('account/rename', { ...form, name: EVIL, cancelUrl: EVIL }),
      render('account/confirm', { ...form, what: 'remove-factor', factor: 'totp', name: EVIL, cancelUrl: EVIL }),
      render('login/continue', { app: EVIL, url: EVIL }),
      render('error', errorPage({ code: EVIL, requestId: EVIL, time: new Date(), received: EVIL })),
      render('home', { apps: [{ name: EVIL, url: EVIL }] }),
    ];
    for (const page of html) {
      const scripts = parse(page).querySelectorAll('script');
      expect(scripts.map((script) => script.getAttribute('src'))).to.deep.equal(['/assets/app.js']);
      expect(page).to.contain('&lt;script&gt;').and.not.contain("alert('x')");
    }
  });

  it('carries the nonce on its style and its script', () => {
    const document = parse(render('login/password', form));
    expect(document.querySelector('style')?.getAttribute('nonce')).to.equal('the-nonce');
    expect(document.querySelector('script')?.getAttribute('nonce')).to.equal('the-nonce');
    expect(document.querySelectorAll('[style], [onclick], [onload]')).to.deep.equal([]);
  });

  it('has the product’s name where there is no tenant', () => {
    const html = renderer.page('home', { tenant: undefined, language: 'en', nonce: 'n', languages: [] }, { apps: [] });
    expect(parse(html).querySelector('title')?.text).to.equal('Sign in at Sallyport · Sallyport');
  });

  it('shows the letter of a name that begins with more than one code unit', () => {
    const html = render('home', { apps: [] }, { name: '👩‍🚀 space' });
    expect(parse(html).querySelector('.brand-mark')?.text).to.equal('👩‍🚀');
  });

  it('says in its title that there is a problem', () => {
    const html = render('login/code', {
      ...form,
      username: 'ann',
      ask: { factor: 'totp' },
      problem: { reason: 'too-many-attempts', minutes: 3 },
    });
    const document = parse(html);
    expect(document.querySelector('title')?.text).to.equal('Problem: Enter your code · Acme');
    expect(document.querySelector('[role=alert]')?.text).to.contain('Wait 3 minutes');
    expect(document.querySelector('[aria-invalid]')).to.equal(null);
  });

  it('keeps what the browser is asked about a passkey whole, and loads the script only there', () => {
    const options = JSON.stringify({ challenge: EVIL });
    const document = parse(render('login/passkey', { ...form, username: 'ann', passkey: { options } }));
    const scripts = document.querySelectorAll('script').map((script) => script.getAttribute('src'));
    expect(scripts).to.deep.equal(['/assets/app.js', '/assets/passkey.js']);
    expect(document.querySelector('[data-passkey=prove]')?.getAttribute('data-options')).to.equal(options);
  });

  it('wants a name where a factor is given another one, and only there', () => {
    const isRequired = (html: string) => parse(html).querySelector('#name')?.hasAttribute('required');
    expect(isRequired(render('account/rename', { ...form, name: 'Phone', cancelUrl: '/account' }))).to.equal(true);
    const passkey = { options: '{}' };
    expect(isRequired(render('enrol/passkey', { ...form, username: 'ann', name: '', passkey }))).to.equal(false);
    const totp = { qrSvg: '<svg></svg>', key: 'ABCD', uri: 'otpauth://totp/a' };
    expect(isRequired(render('enrol/totp', { ...form, username: 'ann', name: '', ...totp }))).to.equal(false);
  });

  it('puts first what is best: a new password once the old one has expired, else the way on', () => {
    const buttonsOf = (notice: object) => {
      const html = render('login/notice', { ...form, ...notice, mayChange: true });
      return parse(html)
        .querySelectorAll('.choices .button')
        .map((button) => `${button.classList.contains('secondary') ? '' : 'first: '}${button.text}`);
    };
    for (const graceLoginsLeft of [0, 2])
      expect(buttonsOf({ graceLoginsLeft })).to.deep.equal(['first: Change it now', 'Continue']);
    expect(buttonsOf({ passwordExpiresInDays: 3 })).to.deep.equal(['first: Continue', 'Change it now']);
  });

  it('lets the user name offer passkeys only where there is a passkey to ask for', () => {
    const passkey = { options: '{}', action: '/i/1/passkey' };
    const autocomplete = (html: string) => parse(html).querySelector('#username')?.getAttribute('autocomplete');
    expect(autocomplete(render('login/password', { ...form, passkey }))).to.equal('username webauthn');
    expect(autocomplete(render('login/password', form))).to.equal('username');
  });

  it('says honestly whether a code was sent, and reads its target from left to right', () => {
    const textOf = (status: 'waiting' | 'sent' | 'failed') =>
      parse(render('login/code', { ...form, username: 'ann', ask: { factor: 'sms', sent: { ...sent, status } } }))
        .querySelector('.sent')
        ?.structuredText.split('\n')
        .map((line) => line.trim());
    expect(textOf('sent')).to.deep.equal([
      ...['We sent a code by text message to:', '+41 ** *** ** 67', 'It works for 5 minutes.'],
    ]);
    expect(textOf('waiting')?.[0]).to.equal('We are sending a code by text message to:');
    expect(textOf('failed')).to.deep.equal([
      ...['We could not send a text message to:', '+41 ** *** ** 67', 'Ask for another code, or try another way.'],
    ]);
    const html = render('login/code', { ...form, username: 'ann', ask: { factor: 'email', sent } });
    expect(parse(html).querySelector('bdi[dir=ltr]')?.text).to.equal('+41 ** *** ** 67');
  });

  it('has a link for each language, in that language’s own direction, where there is more than one', () => {
    const english = { tag: 'en', name: 'English', direction: 'ltr', href: '?ui_locales=en', current: true } as const;
    const arabic = { tag: 'ar', name: 'العربية', direction: 'rtl', href: '?ui_locales=ar', current: false } as const;
    const context = { tenant, language: 'en', nonce: 'n' };
    const page = (languages: (typeof english | typeof arabic)[]) =>
      parse(renderer.page('home', { ...context, languages }, { apps: [] }));
    const links = page([english, arabic]).querySelectorAll('nav[aria-label=Language] a');
    expect(links.map(({ attributes }) => attributes)).to.deep.equal([
      { href: '?ui_locales=en', lang: 'en', hreflang: 'en', dir: 'ltr', rel: 'nofollow', 'aria-current': 'true' },
      { href: '?ui_locales=ar', lang: 'ar', hreflang: 'ar', dir: 'rtl', rel: 'nofollow' },
    ]);
    expect(page([english]).querySelector('nav')).to.equal(null);
  });

  it('throws rather than show a gap', () => {
    const data: Pages['home'] = JSON.parse('{ "apps": [{ "name": null, "url": "/x" }] }');
    expect(() => render('home', data)).to.throw('prints null');
  });
});

describe('The error page', () => {
  const facts = { requestId: 'r', time: new Date('2026-03-01T12:30:05.678Z') };
  const titleOf = (code: string) => parse(render('error', errorPage({ ...facts, code }))).querySelector('h1')?.text;

  /** A record, so that a new code is an error of types. */
  const codes: Record<ErrorCode, string> = {
    bad_request: 'That did not work',
    forbidden_origin: 'That came from another site',
    invalid_form: 'This page is out of date',
    not_found: 'There is no such page',
    method_not_allowed: 'This page does not work that way',
    payload_too_large: 'That is too much at once',
    too_many_attempts: 'Too many attempts',
    wrong_host: 'This is not the right address',
    unknown_tenant: 'There is no such organisation here',
    tenant_suspended: 'Sign-in is switched off',
    login_expired: 'This sign-in has ended',
    link_unusable: 'This link does not work any more',
    invalid_token: 'The app asked in a wrong way',
    directory_unavailable: 'Sign-in is not possible at the moment',
    storage_unavailable: 'We cannot answer at the moment',
    overloaded: 'We are very busy at the moment',
    invalid_configuration: 'This service is not set up right',
    internal_error: 'Something went wrong here',
  };

  it('has words for every code of ours', () => {
    for (const [code, title] of Object.entries(codes)) expect(titleOf(code), code).to.equal(title);
  });

  it('has words for the codes of the protocol, known or not', () => {
    for (const [code, title] of [
      ['invalid_client', 'We do not know this app'],
      ['unauthorized_client', 'We do not know this app'],
      ['invalid_redirect_uri', 'This app’s address is not registered'],
      ['access_denied', 'You were not let in'],
      ['temporarily_unavailable', 'We cannot answer at the moment'],
      ['server_error', 'Something went wrong here'],
      ['invalid_request', 'The app asked in a wrong way'],
      ['unsupported_response_type', 'The app asked in a wrong way'],
      ['constructor', 'The app asked in a wrong way'],
    ] as const) {
      expect(titleOf(code), code).to.equal(title);
    }
  });

  it('shows code, request and time, and exactly what was received', () => {
    const received = 'https://x.example/cb?a=1&b=<i>%20';
    const document = parse(render('error', errorPage({ ...facts, code: 'invalid_redirect_uri', received })));
    const shown = document.querySelectorAll('dd').map((dd) => dd.text);
    expect(shown).to.deep.equal([received, 'invalid_redirect_uri', 'r', '2026-03-01 12:30:05 UTC']);
  });

  it('says how long to wait where that is known and long', () => {
    const page = (retryAfter: number) =>
      render('error', errorPage({ ...facts, code: 'too_many_attempts', retryAfter }));
    expect(page(300)).to.contain('Wait 5 minutes, then try again.');
    expect(page(10)).to.contain('Wait a few minutes');
  });
});
