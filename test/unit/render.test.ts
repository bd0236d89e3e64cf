import path from 'node:path';

import { expect } from 'chai';
import { parse } from 'node-html-parser';

import type { ErrorCode } from '../../src/errors.ts';
import { errorPage } from '../../src/http/error-page.ts';
import { createMessages } from '../../src/http/messages.ts';
import type { Emails, PageName, Pages } from '../../src/http/pages.ts';
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
  return renderer.page(name, { tenant: { branding, ...look }, language: 'en', nonce: 'the-nonce' }, data);
}

describe('A rendered page', () => {
  const form = { action: '/i/1', csrf: 'c' };

  it('shows whatever a tenant, an app or a person supplies as text', () => {
    const html = [
      render(
        'login/password',
        { action: EVIL, csrf: EVIL, app: EVIL, username: EVIL, passwordHelpUrl: EVIL },
        { name: EVIL },
      ),
      render('login/consent', { ...form, app: EVIL, user: EVIL, scopes: [{ name: EVIL, resource: EVIL }] }),
      render('login/totp', { ...form, username: EVIL, startOverUrl: EVIL }),
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
    const html = renderer.page('home', { tenant: undefined, language: 'en', nonce: 'n' }, { apps: [] });
    expect(parse(html).querySelector('title')?.text).to.equal('Sign in at Sallyport · Sallyport');
  });

  it('shows the letter of a name that begins with more than one code unit', () => {
    const html = render('home', { apps: [] }, { name: '👩‍🚀 space' });
    expect(parse(html).querySelector('.brand-mark')?.text).to.equal('👩‍🚀');
  });

  it('says in its title that there is a problem', () => {
    const html = render('login/totp', {
      ...form,
      username: 'ann',
      problem: { reason: 'too-many-attempts', minutes: 3 },
    });
    const document = parse(html);
    expect(document.querySelector('title')?.text).to.equal('Problem: Enter your code · Acme');
    expect(document.querySelector('[role=alert]')?.text).to.contain('Wait 3 minutes');
    expect(document.querySelector('[aria-invalid]')).to.equal(null);
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

describe('The mail about a new factor', () => {
  const data: Emails['email/second-factor-added'] = {
    name: 'Ann <Archer>',
    username: 'ann',
    time: new Date('2026-03-01T12:30:05Z'),
    address: '192.0.2.7',
    browser: 'Firefox on Linux',
    passwordHelpUrl: 'https://password.acme.example/',
  };
  const mail = (changes: Partial<typeof data> = {}, name = 'Acme') =>
    renderer.email(
      'email/second-factor-added',
      { tenant: { ...tenant, name }, language: 'en' },
      { ...data, ...changes },
    );

  it('tells what, when, from where and what to do, as text', () => {
    expect(mail().text.trimEnd()).to.equal(
      [
        'Hello Ann <Archer>,',
        'An authenticator app was added to your account ann at Acme. From now on we may ask for its code when you sign in.',
        'When: 2026-03-01 12:30:05 UTC\nNetwork address: 192.0.2.7\nBrowser: Firefox on Linux',
        'If it was you, there is nothing to do. If it was not you, tell your administrator at once and change your password.',
        'https://password.acme.example/',
        'Acme sends this message whenever the way you sign in changes.',
      ].join('\n\n'),
    );
  });

  it('tells the same as HTML, escaped', () => {
    const document = parse(mail().html);
    expect(document.querySelectorAll('td').map((cell) => cell.text)).to.deep.equal([
      ...['When', '2026-03-01 12:30:05 UTC', 'Network address', '192.0.2.7', 'Browser', 'Firefox on Linux'],
    ]);
    expect(document.querySelector('a')?.getAttribute('href')).to.equal('https://password.acme.example/');
    expect(mail().html).to.contain('Hello Ann &lt;Archer&gt;,');
  });

  it('leaves out what is not known', () => {
    const { html, text } = mail({ browser: undefined, passwordHelpUrl: undefined });
    expect(html).to.not.match(/Browser|<a /);
    expect(text).to.not.match(/Browser|https/);
  });

  it('keeps its subject on one line', () => {
    expect(mail().subject).to.equal('A second step was added to your account at Acme');
    expect(mail({}, 'Acme\r\nBcc: all@acme.example').subject).to.match(/^[^\r\n]+at Acme Bcc: all@acme\.example$/);
  });
});
