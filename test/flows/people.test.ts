import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect } from 'chai';

import { createUserAgent, textOf } from '../support/browser-like-client.ts';
import type { Page, UserAgent } from '../support/browser-like-client.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee, Organisation } from '../support/organisation.ts';
import { claimsOf, createApp, registration } from '../support/relying-party.ts';
import type { App } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { doorOf, givePassword, problemOn } from '../support/sign-in.ts';
import type { Person } from '../support/sign-in.ts';
import { testSlapd } from '../support/slapd.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const WRONG = 'That user name and password do not match. Check both.';

/** What the page says to anybody: without what is new on each page, and without what was typed. */
function wordsOf(page: Page, username: string): string {
  const fresh = [...page.body.matchAll(/interaction\/([\w-]+)|name="csrf" value="([^"]+)"|nonce="([^"]+)"/g)];
  const changing = fresh.flatMap(([, uid, csrf, nonce]) => uid ?? csrf ?? nonce ?? []);
  return [...changing, username].reduce((body, text) => body.replaceAll(text, '…'), page.body);
}

describe('at the door', () => {
  let server: Sallyport;
  let organisation: Organisation;
  let orders: App;
  let strict: App;
  let person: Employee;
  let people = 0;
  let browser: UserAgent;

  const someone = () => organisation.addPerson(`person${(people += 1)}`);

  before(async () => {
    const users = { disabled: [{ attribute: 'employeeType', value: 'left' }] };
    organisation = await createOrganisation('door', { users });
    const tenant = (required: string) => ({
      name: 'Acme',
      passwordHelpUrl: 'https://help.example.com/password',
      policy: { secondFactors: { required } },
      directories: { people: organisation.directory },
      clients: { orders: registration() },
    });
    server = await startSallyport({ tenants: { acme: tenant('never'), strict: tenant('always') } });
    orders = await createApp(server.issuer('acme'));
    strict = await createApp(server.issuer('strict'));
  });
  after(() => server.stop());
  beforeEach(async () => {
    browser = createUserAgent();
    person = await someone();
  });

  async function tried(username: string, password: string, app = orders, inBrowser = browser): Promise<Page> {
    const door = await inBrowser.get((await app.begin()).url);
    return inBrowser.fillAndSubmit(door, { username, password });
  }

  describe('a wrong password, an unknown name and a locked account', () => {
    it('read the same', async () => {
      const slapd = await testSlapd();
      const [locked, left, resetting] = [await someone(), await someone(), await someone()];
      await slapd.lock(locked.dn);
      await slapd.requirePasswordChange(resetting.dn);
      await slapd.modify(`dn: ${left.dn}\nchangetype: modify\nadd: employeeType\nemployeeType: left\n`);

      const wrong = await tried(person.username, 'wrong');
      expect(wrong.status).to.equal(401);
      expect(problemOn(wrong)).to.equal(WRONG);
      for (const [username, password] of [
        ['nobody-at-all', 'wrong'],
        [locked.username, 'wrong'],
        [locked.username, locked.password],
        [left.username, 'wrong'],
        [resetting.username, 'wrong'],
        ['nobody@local', 'wrong'],
      ] as const) {
        const page = await tried(username, password);
        expect(page.status, username).to.equal(401);
        expect(wordsOf(page, username), username).to.equal(wordsOf(wrong, person.username));
        expect([...page.headers.keys()], username).to.deep.equal([...wrong.headers.keys()]);
      }
    });

    it('lead on to the right password on the same page', async () => {
      const request = await orders.begin();
      const door = await browser.get(request.url);
      const wrong = await browser.fillAndSubmit(door, { username: person.username, password: 'wrong' });
      expect(wrong.document.getElementById('username')?.getAttribute('value')).to.equal(person.username);
      expect(wrong.document.getElementById('password')?.getAttribute('value')).to.equal(undefined);
      const page = await givePassword(browser, wrong, person);
      expect(claimsOf(await orders.finish(request, page)).acr).to.equal('sfa');
    });

    it('say which field was left empty', async () => {
      expect(problemOn(await tried('', 'something'))).to.equal('Type your user name.');
      expect(problemOn(await tried(person.username, ''))).to.equal('Type your password.');
    });
  });

  describe('the right password', () => {
    it('of a disabled account says so, and lets nobody in', async () => {
      const former = await organisation.addPerson(`person${(people += 1)}`, { employeeType: 'left' });
      const page = await tried(former.username, former.password);
      expect(page.status).to.equal(403);
      expect(textOf(page, 'h1')).to.equal('Your account is disabled');
      expect(browser.cookies.find('acme_session')).to.equal(undefined);
    });
  });

  describe('a password that ends soon', () => {
    /** Somebody whose password obeys a policy of its own; its life is in seconds (slapo-ppolicy(5)). */
    async function underPolicy(policy: Record<string, number>): Promise<Employee> {
      const cn = `policy${(people += 1)}`;
      const dn = `cn=${cn},o=door,dc=demo,dc=test`;
      const rules = Object.entries(policy).map(([name, value]) => `${name}: ${value}`);
      const entry = [
        'objectClass: device',
        'objectClass: pwdPolicy',
        `cn: ${cn}`,
        'pwdAttribute: userPassword',
        ...rules,
      ];
      await (await testSlapd()).modify([`dn: ${dn}`, ...entry, ''].join('\n'));
      return organisation.addPerson(`person${people}`, { pwdPolicySubentry: dn });
    }
    const DAY = 86_400;

    it('is announced before the sign-in goes on', async () => {
      const owner = await underPolicy({ pwdMaxAge: 9.5 * DAY, pwdExpireWarning: 10 * DAY });
      const request = await orders.begin();
      const notice = await givePassword(browser, await browser.get(request.url), owner);
      expect(doorOf(notice)).to.equal('notice');
      expect(textOf(notice, 'h1')).to.equal('Your password will expire soon');
      expect(textOf(notice)).to.contain('It expires in 9 days.');
      expect(doorOf(await browser.get(notice.url)), 'after a reload').to.equal('notice');
      const page = await browser.click(notice, 'Continue');
      expect(claimsOf(await orders.finish(request, page)).acr).to.equal('sfa');
    });

    it('or has ended can be used as often as the directory still allows', async () => {
      const owner = await underPolicy({ pwdMaxAge: DAY, pwdGraceAuthNLimit: 1 });
      await (await testSlapd()).expirePassword(owner.dn);
      const request = await orders.begin();
      const notice = await givePassword(browser, await browser.get(request.url), owner);
      expect(textOf(notice, 'h1')).to.equal('Your password has expired');
      expect(textOf(notice)).to.contain('This was the last time that you could sign in with it.');
      const page = await browser.click(notice, 'Continue');
      expect(claimsOf(await orders.finish(request, page)).acr).to.equal('sfa');

      const expired = await tried(owner.username, owner.password, orders, createUserAgent());
      expect(doorOf(expired)).to.equal('change-password');
      expect(textOf(expired, 'h1')).to.equal('Your password has expired');
    });
  });

  describe('a name', () => {
    it('may be the user name or the mail address, however it is typed', async () => {
      const { claims } = await orders.signIn(person);
      const fullwidth = [...person.username].map((letter) =>
        String.fromCodePoint((letter.codePointAt(0) ?? 0) + 0xfee0),
      );
      for (const typed of [
        `${person.username}@door.test`,
        `${person.username.toUpperCase()}@Door.Test`,
        person.username.toUpperCase(),
        `  ${person.username} `,
        fullwidth.join(''),
      ]) {
        const same = await orders.signIn({ ...person, username: typed });
        expect(same.claims.sub, typed).to.equal(claims.sub);
      }
    });

    it('is shown as the directory spells it', async () => {
      const { claims } = await orders.signIn(
        { ...person, username: person.username.toUpperCase() },
        { wishes: { scope: 'openid profile' } },
      );
      expect(claims.preferred_username).to.equal(person.username);
    });

    it('that the app guesses is filled in', async () => {
      const door = await browser.get((await orders.begin({ login_hint: '"><script>' })).url);
      expect(door.document.getElementById('username')?.getAttribute('value')).to.equal('"><script>');
      expect(door.body).not.to.contain('"><script>');
    });
  });

  describe('an administrator whose account lives here', () => {
    let admin: Person;

    before(async () => {
      const args = [MAIN, 'admin', 'create', 'root', '--config', server.configFile, '--tenant', 'strict'];
      const { stdout } = await promisify(execFile)(process.execPath, [...args, '--email', 'root@acme.test']);
      admin = { username: 'root@local', password: /^Password: (\S+)$/m.exec(stdout)?.[1] ?? '' };
    });

    it('signs in by the name with its suffix, and holds the role', async () => {
      const wishes = { scope: 'openid email roles groups' };
      const { claims } = await strict.signIn(admin, { browser, wishes });
      expect(claims).to.deep.include({ acr: 'mfa', roles: ['owner'], groups: [], email: 'root@acme.test' });
      const again = await strict.signIn({ ...admin, username: ' ROOT@local' });
      expect(again.claims.sub).to.equal(claims.sub);
    });

    it('is nobody without the suffix, and nobody at another tenant', async () => {
      expect((await tried('root', admin.password, strict)).status).to.equal(401);
      expect((await tried(admin.username, admin.password, orders)).status).to.equal(401);
    });

    it('is not let in by a wrong password', async () => {
      const page = await tried(admin.username, 'wrong', strict);
      expect(page.status).to.equal(401);
      expect(problemOn(page)).to.equal(WRONG);
      expect(doorOf(page)).to.equal('password');
    });
  });
});
