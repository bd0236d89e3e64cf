// People who open a one-time link that an administrator made for them, in browsers without a script.

import { expect } from 'chai';

import { createPostgresLinks } from '../../src/links/links-postgres.ts';
import type { LinkPurpose } from '../../src/links/links.ts';
import { sha256 } from '../../src/security/sha256.ts';
import { createPostgresUserRecords } from '../../src/users/user-records-postgres.ts';
import { createPostgresUsers } from '../../src/users/users-postgres.ts';
import { accountsOf } from '../support/account-steps.ts';
import type { Accounts } from '../support/account-steps.ts';
import { createUserAgent, textOf } from '../support/browser-like-client.ts';
import type { Page, UserAgent } from '../support/browser-like-client.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { below, csrfOn } from '../support/second-factor-steps.ts';
import { authenticatorFrom } from '../support/totp.ts';
import { doorOf, enrol, givePassword, problemOn, signIn } from '../support/sign-in.ts';

const PASSWORD = 'rather long and unheard of, this one';

interface Holder {
  id: string;
  username: string;
  password: string;
}

describe('a one-time link', () => {
  let server: Sallyport;
  let browser: UserAgent;
  let people = 0;
  const accounts: Record<string, Accounts> = {};

  before(async () => {
    const policy = (parts: object) => ({ secondFactors: { allowed: ['totp'], required: 'never' }, ...parts });
    server = await startSallyport({
      tenants: {
        acme: { name: 'Acme', policy: policy({}) },
        strict: { name: 'Strict', policy: policy({ secondFactors: { allowed: ['totp'] } }) },
        asking: { name: 'Asking', policy: policy({ accounts: { approval: true } }) },
      },
    });
    for (const tenant of ['acme', 'strict', 'asking']) accounts[tenant] = accountsOf(server, tenant);
  });
  after(async () => {
    await Promise.all(Object.values(accounts).map(({ db }) => db.close()));
    await server.stop();
  });
  beforeEach(() => {
    browser = createUserAgent();
  });

  function of(tenant: string): Accounts {
    return accounts[tenant] ?? expect.fail(`no tenant ${tenant}`);
  }
  async function tenantIdOf(tenant: string): Promise<string> {
    const row = await of(tenant).db.one<{ id: string }>('select id from tenants where slug = $1', [tenant]);
    return row?.id ?? expect.fail(`no tenant ${tenant}`);
  }

  async function aPerson(tenant: string, status: 'pending' | 'active' = 'pending'): Promise<Holder> {
    const username = `holder${(people += 1)}`;
    const users = createPostgresUsers(of(tenant).db);
    const tenantId = await tenantIdOf(tenant);
    const made = await users.createLocal({
      tenantId,
      localName: username,
      passwordHash: undefined,
      profile: {},
      status,
    });
    if (!made.ok) throw new Error(made.reason);
    return { id: made.value.id, username, password: PASSWORD };
  }

  async function linkFor(tenant: string, { id: userId }: Holder, purpose: LinkPurpose): Promise<string> {
    const token = `${purpose}-${userId}-${String((people += 1))}`;
    const [tenantId, expiresAt] = [await tenantIdOf(tenant), new Date(Date.now() + 3_600_000)];
    const link = { tenantId, userId, purpose, tokenHash: sha256(token), sentTo: undefined, expiresAt };
    await createPostgresLinks(of(tenant).db).add(link);
    return `${server.issuer(tenant)}/link/${token}`;
  }

  async function setPassword(link: string, by = browser): Promise<Page> {
    return by.fillAndSubmit(await by.get(link), { 'new-password': PASSWORD });
  }

  describe('to choose a password', () => {
    it('leads a pending account to its first sign-in', async () => {
      const person = await aPerson('acme');
      const page = await browser.get(await linkFor('acme', person, 'password'));
      expect(page.status).to.equal(200);
      expect(page.headers.get('referrer-policy')).to.equal('no-referrer');
      expect(page.headers.get('cache-control')).to.equal('no-store');
      const done = await browser.fillAndSubmit(page, { 'new-password': PASSWORD });
      expect(textOf(done, 'h1')).to.equal('Your password is set');
      const account = await signIn(browser, await browser.click(done, 'Go to your account'), person);
      expect(account.url.href).to.equal(of('acme').at());
    });

    it('tells who has to be approved first that they have to wait, and lets them in afterwards', async () => {
      const person = await aPerson('asking');
      const done = await setPassword(await linkFor('asking', person, 'password'));
      expect(textOf(done, 'main')).to.include('an administrator of Asking has to approve your account');
      const refused = await givePassword(browser, await browser.get(of('asking').at()), person);
      expect(refused.url.href).to.not.equal(of('asking').at());
      const users = createPostgresUsers(of('asking').db);
      await users.changeStatus(await tenantIdOf('asking'), person.id, ['complete'], 'active');
      const account = await of('asking').enter(createUserAgent(), person);
      expect(account.url.href).to.equal(of('asking').at());
    });

    it('says what is wrong with a password, and goes on being good', async () => {
      const person = await aPerson('acme');
      const link = await linkFor('acme', person, 'password');
      for (const [typed, problem] of [
        ['', 'Type a new password.'],
        ['too short', 'That password is too short. Choose a longer one.'],
        ['passwordpasswordpassword', 'That password is one that attackers try first. Choose another one.'],
        [
          `${person.username}@local${person.username}`,
          'That password is little more than a name that others know. Choose another one.',
        ],
      ] as const) {
        const page = await browser.fillAndSubmit(await browser.get(link), { 'new-password': typed });
        expect(page.status, typed).to.equal(400);
        expect(problemOn(page), typed).to.equal(problem);
      }
      expect((await setPassword(link)).status).to.equal(200);
    });

    it('ends every session of the person', async () => {
      const person = await aPerson('acme');
      await setPassword(await linkFor('acme', person, 'password'));
      await of('acme').enter(browser, person);
      expect(await of('acme').sessionsOf(person)).to.have.length(1);
      await setPassword(await linkFor('acme', person, 'password'), createUserAgent());
      expect(await of('acme').sessionsOf(person)).to.deep.equal([]);
    });

    it('that is used, unknown or of another tenant shows one and the same page, with a way on', async () => {
      const person = await aPerson('acme');
      const link = await linkFor('acme', person, 'password');
      const foreign = link.replace('/t/acme/', '/t/asking/');
      await setPassword(link);
      for (const url of [link, foreign, `${server.issuer('acme')}/link/never-made`]) {
        const page = await browser.get(url);
        expect(page.status, url).to.equal(410);
        expect(textOf(page, 'h1'), url).to.equal('This link does not work any more');
        expect(page.document.querySelector('a.button')?.getAttribute('href'), url).to.match(/^\/t\/\w+\/$/);
      }
    });

    it('takes no form that another site made', async () => {
      const person = await aPerson('acme');
      const link = await linkFor('acme', person, 'password');
      const page = await browser.get(link);
      const fields = { 'new-password': PASSWORD, csrf: csrfOn(page) };
      const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
      expect((await browser.post(link, fields, { headers })).status).to.equal(403);
      expect((await browser.post(link, { ...fields, csrf: 'x' }, { from: page })).status).to.equal(403);
      expect((await setPassword(link)).status).to.equal(200);
    });

    it('is in no log', async () => {
      const link = await linkFor('acme', await aPerson('acme'), 'password');
      await setPassword(link);
      await browser.get(link);
      expect(server.processes[0]?.output()).to.include('/t/acme/link/(not shown)');
      expect(server.processes[0]?.output()).to.not.include(link.split('/').at(-1));
    });
  });

  describe('to set up a first second factor', () => {
    /** Somebody whose factors were reset. */
    async function lockedOut(tenant: string): Promise<Holder> {
      const person = await aPerson(tenant);
      await setPassword(await linkFor(tenant, person, 'password'), createUserAgent());
      const records = createPostgresUserRecords(of(tenant).db);
      await records.setEnrolsByLink(await tenantIdOf(tenant), person.id, true);
      return person;
    }
    const isHeldBack = (page: Page) => {
      expect(page.status).to.equal(403);
      expect(textOf(page, 'h1')).to.equal('You need a link for your second step');
      expect(page.document.querySelector('#code')).to.equal(null);
    };
    const factorsOf = ({ id }: Holder) => of('strict').db.query('select from enrolments where user_id = $1', [id]);
    const isByLinkOnly = async ({ id }: Holder) => {
      const row = await of('strict').db.one<{ enrols_by_link: boolean }>(
        'select enrols_by_link from users where id = $1',
        [id],
      );
      return row?.enrols_by_link;
    };

    it('lets whoever opens it do so in that browser, at sign-in', async () => {
      const person = await lockedOut('strict');
      isHeldBack(await givePassword(browser, await browser.get(of('strict').at()), person));
      const page = await browser.get(await linkFor('strict', person, 'enrolment'));
      const start = await browser.fillAndSubmit(page);
      expect(doorOf(start)).to.not.equal(undefined);
      const account = await signIn(browser, await browser.get(of('strict').at()), person);
      expect(account.url.href).to.equal(of('strict').at());
      expect(await factorsOf(person)).to.have.length(1);
      expect(await isByLinkOnly(person)).to.equal(false);
    });

    it('lets them do so in the account, where no second factor is asked for', async () => {
      const person = await lockedOut('acme');
      const add = of('acme').at('add/totp');
      const records = createPostgresUserRecords(of('acme').db);
      const tenantId = await tenantIdOf('acme');
      await records.setEnrolsByLink(tenantId, person.id, false);
      const begun = await of('acme').enter(browser, person, 'add/totp');
      await records.setEnrolsByLink(tenantId, person.id, true);
      isHeldBack(await browser.get(add));
      isHeldBack(await browser.fillAndSubmit(begun, { code: await authenticatorFrom(begun).code() }));
      await browser.fillAndSubmit(await browser.get(await linkFor('acme', person, 'enrolment')));
      const page = await enrol(browser, await browser.get(add), person);
      expect(page.url.href).to.equal(of('acme').at());
    });

    it('is needed however the forms are ordered', async () => {
      const person = await lockedOut('strict');
      const first = await browser.get(of('strict').at());
      const held = await givePassword(browser, first, person);
      isHeldBack(held);
      const forms: [string, Record<string, string>][] = [
        ['enrol', { code: '123456' }],
        ['factor', { factor: 'totp' }],
        ['contact', { contact: 'a@acme.example' }],
        ['postpone', {}],
        ['code', { code: '123456' }],
        ['notice', {}],
        ['notice', { change: 'yes' }],
        ['resend', {}],
        ['passkey', { credential: '{}' }],
      ];
      const statuses = new Set<number>();
      for (const [, fields] of forms) {
        for (const [name] of forms) {
          // The token is the interaction's: the page before has it as well.
          const page = await browser.post(below(held, name), { ...fields, csrf: csrfOn(first) }, { from: first });
          statuses.add(page.trail[0]?.status ?? 0);
          expect(page.document.querySelector('#code'), name).to.equal(null);
        }
      }
      expect([...statuses], 'the token was taken').to.include(303);
      const pages = ['factor', 'recovery-codes.txt', 'enrol', 'code'];
      for (const page of pages) await browser.get(below(held, page), { from: held });
      isHeldBack(await browser.get(held.url));
      expect(await factorsOf(person)).to.deep.equal([]);
      expect(await of('strict').sessionsOf(person)).to.deep.equal([]);
    });

    it('is of use in no other browser, and to nobody else', async () => {
      const [person, other] = [await lockedOut('strict'), await lockedOut('strict')];
      await browser.fillAndSubmit(await browser.get(await linkFor('strict', person, 'enrolment')));
      isHeldBack(await givePassword(browser, await browser.get(of('strict').at()), other));
      const elsewhere = createUserAgent();
      isHeldBack(await givePassword(elsewhere, await elsewhere.get(of('strict').at()), person));
    });

    it('is of no use any more once the factors were reset again', async () => {
      const person = await lockedOut('strict');
      await browser.fillAndSubmit(await browser.get(await linkFor('strict', person, 'enrolment')));
      await setPassword(await linkFor('strict', person, 'password'), createUserAgent());
      isHeldBack(await givePassword(browser, await browser.get(of('strict').at()), person));
    });
  });
});
