// Mails and text messages.

import path from 'node:path';

import { expect } from 'chai';
import { parse } from 'node-html-parser';

import type { AccountNotice } from '../../src/delivery/notifications.ts';
import { createMessages } from '../../src/http/messages.ts';
import type { Emails } from '../../src/http/pages.ts';
import { createRenderer } from '../../src/http/render.ts';

const VIEWS = path.join(import.meta.dirname, '..', '..', 'views');

const renderer = createRenderer({
  viewsFolder: VIEWS,
  messages: createMessages(path.join(VIEWS, 'messages')),
  assetUrl: (name) => name,
});
const contextOf = (name: string) => ({ tenant: { name, branding: { colour: '#1f4e8c' } }, language: 'en' });

describe('The mail about a change of an account', () => {
  const data: Emails['email/account-changed'] = {
    name: 'Ann <Archer>',
    username: 'ann',
    notice: { kind: 'factor-added', factor: 'passkey', name: 'Laptop' },
    time: new Date('2026-03-01T12:30:05Z'),
    byAdministrator: false,
    address: '192.0.2.7',
    browser: 'Firefox on Linux',
    passwordHelpUrl: 'https://password.acme.example/',
    accountUrl: 'https://id.acme.example/t/acme/account',
  };
  const mail = (changes: Partial<typeof data> = {}, name = 'Acme') =>
    renderer.email('email/account-changed', contextOf(name), { ...data, ...changes });

  it('tells what, when, from where and what to do, as text', () => {
    expect(mail().text.trimEnd()).to.equal(
      [
        'Hello Ann <Archer>,',
        'A second step was added to your account ann at Acme. From now on we may ask for it when you sign in.',
        [
          'What: Passkey: Laptop',
          'When: Mar 1, 2026, 12:30 PM UTC',
          'Network address: 192.0.2.7',
          'Browser: Firefox on Linux',
        ].join('\n'),
        'If it was you, there is nothing to do. If it was not you, tell your administrator at once and change your password.',
        [
          'Look at your account: https://id.acme.example/t/acme/account',
          'Change your password: https://password.acme.example/',
        ].join('\n'),
        'Acme sends this message whenever the way you sign in changes.',
      ].join('\n\n'),
    );
  });

  it('tells the same as HTML, escaped', () => {
    const document = parse(mail().html);
    expect(document.querySelectorAll('td').map((cell) => cell.text)).to.deep.equal([
      ...['What', 'Passkey: Laptop', 'When', 'Mar 1, 2026, 12:30 PM UTC'],
      ...['Network address', '192.0.2.7', 'Browser', 'Firefox on Linux'],
    ]);
    expect(document.querySelectorAll('a').map((link) => link.getAttribute('href'))).to.deep.equal([
      'https://id.acme.example/t/acme/account',
      'https://password.acme.example/',
    ]);
    expect(mail().html).to.contain('Hello Ann &lt;Archer&gt;,');
  });

  it('leaves out what is not known', () => {
    const { html, text } = mail({ browser: undefined, passwordHelpUrl: undefined });
    expect(`${html} ${text}`).to.not.match(/Browser|password\.acme/);
  });

  it('keeps its subject on one line', () => {
    expect(mail().subject).to.equal('A second step was added to your account at Acme');
    expect(mail({}, 'Acme\r\nBcc: all@acme.example').subject).to.match(/^[^\r\n]+at Acme Bcc: all@acme\.example$/);
  });

  /** A record, so that a new kind is an error of types. */
  const kinds: Record<AccountNotice['kind'], [AccountNotice, subject: RegExp, message: RegExp]> = {
    'factor-added': [{ kind: 'factor-added', factor: 'totp' }, /step was added/, /step was added[^]+Authenticator app/],
    'factor-removed': [{ kind: 'factor-removed', factor: 'sms' }, /step was removed/, /was removed[^]+Text message/],
    'factor-renamed': [
      { kind: 'factor-renamed', factor: 'email', name: 'Home' },
      /was renamed/,
      /has a new name[^]+E-mail: Home/,
    ],
    'recovery-codes-made': [
      { kind: 'recovery-codes-made' },
      /new recovery codes/,
      /any that you had before no longer work/i,
    ],
    'factors-reset': [{ kind: 'factors-reset' }, /second steps .* were reset/, /asked to set up a new one/],
    'password-changed': [{ kind: 'password-changed' }, /password .* was changed/, /old one no longer works/],
    'recovery-code-used': [{ kind: 'recovery-code-used', remaining: 9 }, /code .* was used/, /9 are left/],
    'passkey-refused': [{ kind: 'passkey-refused' }, /passkey .* was refused/, /seems to be a copy/],
  };

  it('has words for every kind of change', () => {
    for (const [notice, subject, message] of Object.values(kinds)) {
      const { text, html, ...mailed } = mail({ notice });
      expect(mailed.subject).to.match(subject);
      expect(text).to.match(message);
      expect(parse(html).text).to.match(message);
    }
  });

  it('says when an administrator did it, and then neither that it may have been you nor from where', () => {
    const { text, html } = mail({
      notice: { kind: 'factors-reset' },
      byAdministrator: true,
      address: undefined,
      browser: undefined,
    });
    for (const told of [text, parse(html).text]) {
      expect(told)
        .to.contain('An administrator did this')
        .and.not.match(/If it was you|Network address/);
    }
  });

  it('counts the recovery codes that are left', () => {
    const textOf = (remaining: number) => mail({ notice: { kind: 'recovery-code-used', remaining } }).text;
    expect(textOf(1)).to.contain('One is left');
    expect(textOf(0)).to.contain('The last recovery code was used');
  });

  it('does not say of a passkey that was refused that all may be well', () => {
    expect(mail({ notice: { kind: 'passkey-refused' } }).text).to.not.contain('nothing to do');
  });
});

describe('The mail with a code', () => {
  const mail = (purpose: 'prove' | 'enrol') =>
    renderer.email('email/code', contextOf('Acme'), { code: '123456', minutes: 5, purpose });

  it('shows the code, how long it works and what it is for', () => {
    expect(mail('prove').text.trimEnd()).to.equal(
      [
        'This is your code to sign in to Acme:',
        '123456',
        'It works for 5 minutes, and once. Give it to nobody. We never ask for it by mail or by phone.',
        'If you did not ask for it, somebody may know your password: tell your administrator.',
        'Acme sends this message whenever somebody asks for a code.',
      ].join('\n\n'),
    );
    expect(mail('enrol').text).to.contain('confirm that this address is yours').and.contain('there is nothing to do');
  });

  it('shows the same as HTML', () => {
    for (const purpose of ['prove', 'enrol'] as const) {
      const { html, text } = mail(purpose);
      const shown = parse(html)
        .querySelectorAll('h1 ~ p')
        .map((paragraph) => paragraph.text);
      expect(shown).to.deep.equal(text.trimEnd().split('\n\n'));
    }
  });

  it('has no code in its subject, which is seen on a locked screen', () => {
    expect(mail('prove').subject).to.equal('Your code for Acme');
  });
});

describe('The text message with a code', () => {
  const text = (purpose: 'prove' | 'enrol', minutes = 5) =>
    renderer.textMessage('sms/code', contextOf('Acme'), { code: '123456', minutes, purpose, host: 'id.acme.example' });

  it('ends with the line that browsers read', () => {
    expect(text('prove')).to.equal(
      '123456 is your code to sign in to Acme. It works for 5 minutes. Give it to nobody.\n\n@id.acme.example #123456',
    );
    expect(text('enrol', 1)).to.equal(
      '123456 is your code to confirm this number at Acme. It works for one minute. Give it to nobody.\n\n@id.acme.example #123456',
    );
  });
});

describe('The mail with a one-time link', () => {
  const url = 'https://id.acme.example/t/acme/link/token';
  const data: Emails['email/link'] = { name: 'Ann <Archer>', username: 'ann@local', purpose: 'password', url };
  const mail = (changes: Partial<typeof data> = {}) =>
    renderer.email('email/link', contextOf('Acme'), { ...data, ...changes });

  it('says what it is for and how long it is good, as text', () => {
    expect(mail().subject).to.equal('Choose a password for your account at Acme');
    expect(mail().text.trimEnd()).to.equal(
      [
        'Hello Ann <Archer>,',
        'An administrator invites you to choose a password for your account ann@local at Acme.',
        `Choose a password: ${url}`,
        'The link works once, and for one day. Give it to nobody: whoever has it can use it in your name.',
        'If you did not expect it, ask your administrator, and do not open the link.',
        'Acme sends this message when an administrator asks for it.',
      ].join('\n\n'),
    );
  });

  it('says the same as HTML, escaped', () => {
    const { html } = mail({ purpose: 'enrolment' });
    expect(html).to.include('Hello Ann &lt;Archer&gt;,');
    expect(
      parse(html)
        .querySelectorAll('a')
        .map((link) => [link.text, link.getAttribute('href')]),
    ).to.deep.equal([['Set up your second step', url]]);
  });
});
