import { expect } from 'chai';
import { Client } from 'pg';

import { createUserAgent, textOf } from '../support/browser-like-client.ts';
import type { Page, UserAgent } from '../support/browser-like-client.ts';
import { startCodesSent } from '../support/codes-sent.ts';
import type { CodesSent } from '../support/codes-sent.ts';
import { eventually } from '../support/eventually.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee, Organisation } from '../support/organisation.ts';
import { claimsOf, createApp, refusalOf, registration } from '../support/relying-party.ts';
import type { App, SignInRequest } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { below, csrfOn } from '../support/second-factor-steps.ts';
import { doorOf, enrol, giveCode, givePassword, problemOn } from '../support/sign-in.ts';
import { startSlapd } from '../support/slapd.ts';
import type { TestSlapd } from '../support/slapd.ts';

const NEXT = 'violet tractor umbrella';
const WRONG = 'That is not your current password. Check it.';
const FORM = 'change-password';

describe('a password that has to be changed', () => {
  let slapd: TestSlapd;
  let server: Sallyport;
  let organisation: Organisation;
  let codes: CodesSent;
  let database: Client;
  let plain: App;
  let strict: App;
  let readOnly: App;
  let person: Employee;
  let people = 0;
  let policies = 0;
  let browser: UserAgent;

  before(async () => {
    [slapd, codes] = await Promise.all([startSlapd(), startCodesSent()]);
    organisation = await createOrganisation('changes', { connectTimeoutMs: 1000, operationTimeoutMs: 1000 }, slapd);
    const tenant = (required: string, parts: object = {}) => ({
      name: 'Acme',
      passwordHelpUrl: 'https://help.example.com/password',
      policy: {
        secondFactors: { allowed: ['totp', 'recovery-code'], required },
        trustedDevices: {},
        trustDirectoryContacts: true,
      },
      directories: { people: { ...organisation.directory, ...parts } },
      clients: { orders: registration({ firstParty: true }) },
    });
    server = await startSallyport({
      server: codes.settings,
      tenants: {
        plain: tenant('never'),
        strict: tenant('always'),
        'read-only': tenant('never', { passwords: { change: 'no' } }),
      },
    });
    [plain, strict, readOnly] = (await Promise.all(
      ['plain', 'strict', 'read-only'].map((slug) => createApp(server.issuer(slug))),
    )) as [App, App, App];
    database = new Client(server.databaseUrl);
    await database.connect();
  });
  after(async () => {
    await Promise.all([database.end(), server.stop(), codes.stop(), slapd.stop()]);
  });
  beforeEach(async () => {
    browser = createUserAgent();
    person = await organisation.addPerson(`person${(people += 1)}`);
  });

  interface Begun {
    request: SignInRequest;
    /** What comes after the password. */
    page: Page;
  }

  async function begin(app: App, password = person.password, wishes = {}): Promise<Begun> {
    const request = await app.begin(wishes);
    const page = await givePassword(browser, await browser.get(request.url), { ...person, password });
    return { request, page };
  }

  function change(page: Page, next = NEXT, current = person.password): Promise<Page> {
    return browser.fillAndSubmit(page, { 'current-password': current, 'new-password': next });
  }

  /** Posts a form that the page does not have. */
  function force(page: Page, form: string, fields: Record<string, string>): Promise<Page> {
    return browser.post(below(page, form), { csrf: csrfOn(page), ...fields }, { from: page });
  }

  /** Of the newest user with the person's name. */
  async function eventsOf(
    types: readonly string[],
  ): Promise<{ type: string; reason: string | null; detail: unknown }[]> {
    const { rows } = await database.query<{ type: string; reason: string | null; detail: unknown }>(
      `select e.type, e.reason, e.detail from audit_events e join users u on u.id = e.subject_id::uuid
        where u.username = $1 and e.type = any($2) order by e.id`,
      [person.username, types],
    );
    return rows;
  }

  async function givePolicy(lines: Record<string, string>): Promise<void> {
    const name = `policy${(policies += 1)}`;
    const dn = `cn=${name},o=changes,${slapd.suffix}`;
    const rules = Object.entries({ pwdAttribute: 'userPassword', pwdCheckQuality: '2', ...lines });
    await slapd.modify(
      [`dn: ${dn}`, 'objectClass: device', 'objectClass: pwdPolicy', `cn: ${name}`]
        .concat(
          rules.map(([name, value]) => `${name}: ${value}`),
          '',
          '',
        )
        .join('\n'),
    );
    await slapd.modify(`dn: ${person.dn}\nchangetype: modify\nreplace: pwdPolicySubentry\npwdPolicySubentry: ${dn}\n`);
  }

  /** So that the password is of some time ago: ppolicy lets nobody write when it was changed. */
  async function expired(): Promise<void> {
    await slapd.modify(passwordOf(person, person.password));
    await new Promise((resolve) => setTimeout(resolve, 2100));
  }

  describe('of somebody without a second factor', () => {
    beforeEach(() => slapd.requirePasswordChange(person.dn));

    it('is changed, and the sign-in goes on', async () => {
      const { request, page } = await begin(plain);
      expect(page.status).to.equal(200);
      expect(textOf(page, 'h1')).to.equal('Your password must be changed');
      expect(textOf(page)).to.contain('At least 15 characters');
      const claims = claimsOf(await plain.finish(request, await change(page)));
      expect(claims).to.include({ acr: 'sfa' });

      browser = createUserAgent();
      expect(problemOn((await begin(plain)).page), 'the old one').to.match(/do not match/);
      const again = await begin(plain, NEXT);
      expect(claimsOf(await plain.finish(again.request, again.page)).sub).to.equal(claims.sub);
    });

    it('is told to them by mail, and to the audit trail', async () => {
      const { request, page } = await begin(plain);
      await plain.finish(request, await change(page));
      const to = `${person.username}@changes.test`;
      await codes.untilNotices(to, 1);
      expect(codes.notices(to)[0]?.raw).to.contain('was changed');
      expect(await eventsOf(['password.changed', 'password.refused', 'login.succeeded'])).to.deep.equal([
        { type: 'password.changed', reason: null, detail: { directory: 'people' } },
        { type: 'login.succeeded', reason: null, detail: { acr: 'sfa', amr: ['pwd'], client: 'orders' } },
      ]);
      const everything = await database.query<{ text: string }>('select e::text as text from audit_events e');
      expect(JSON.stringify(everything.rows)).not.to.contain(NEXT).and.not.to.contain(person.password);
    });

    it('is changed before they add a second factor, which the tenant asks for', async () => {
      const { request, page } = await begin(strict);
      expect(textOf(page)).to.contain('At least 8 characters');
      const enrolling = await change(page, 'violet tractor');
      expect(doorOf(enrolling)).to.equal('enrol');
      const saving = await enrol(browser, enrolling, person);
      const end = await browser.fillAndSubmit(saving, { code: 'saved' });
      expect(claimsOf(await strict.finish(request, end)).acr).to.equal('mfa');
    });

    it('keeps every other form from leading around it', async () => {
      const { page } = await begin(strict);
      for (const [form, fields] of [
        ['notice', {}],
        ['postpone', {}],
        ['code', { code: '123456' }],
        ['enrol', { code: '123456' }],
        ['factor', { factor: 'totp' }],
        ['contact', { contact: 'a@b.test' }],
        ['resend', {}],
        ['deny', {}],
        ['consent', { decision: 'allow' }],
      ] as const) {
        const answer = await force(page, form, fields);
        expect(answer.location, form).to.equal(undefined);
        const now = await browser.get(below(page, '.'));
        expect(doorOf(now), form).to.equal(FORM);
      }
      const { rows } = await database.query(
        'select 1 from sessions s join users u on u.id = s.user_id where u.username = $1',
        [person.username],
      );
      expect(rows).to.have.lengthOf(0);
    });

    it('is asked for again by the next sign-in, if this one is left', async () => {
      const { page } = await begin(plain);
      const door = await browser.click(page, 'Not you? Start over');
      expect(doorOf(door)).to.equal('password');
      expect(doorOf(await givePassword(browser, door, person))).to.equal(FORM);
    });

    it('needs the old one', async () => {
      const { request, page } = await begin(plain);
      const wrong = await change(page, NEXT, 'not the old one');
      expect([wrong.status, problemOn(wrong)]).to.deep.equal([401, WRONG]);
      expect(await eventsOf(['password.changed', 'password.refused'])).to.deep.equal([
        { type: 'password.refused', reason: 'bad-credentials', detail: null },
      ]);
      await plain.finish(request, await change(wrong));
    });

    it('cannot be guessed at more often than at the door, which closes with it', async () => {
      const { page } = await begin(plain);
      let answer = page;
      for (let time = 0; time < 8 && answer.status !== 429; time++) answer = await change(page, NEXT, `guess ${time}`);
      expect(answer.status).to.equal(429);
      expect(problemOn(answer)).to.match(/Too many attempts/);
      expect(Number(answer.headers.get('retry-after'))).to.be.greaterThan(0);
      browser = createUserAgent();
      expect((await begin(plain)).page.status).to.equal(429);
    });

    for (const [why, next, problem] of [
      ['nothing', '', 'Type a new password.'],
      ['the same again', undefined, 'That is the password you have now. Choose another one.'],
      ['a short one', 'violet tracto', 'That password is too short. Choose a longer one.'],
      ['a common one', 'password1password1', 'That password is one of those that are tried first. Choose another one.'],
      [
        'the organisation’s name',
        'Acme-Acme-Acme-Acme',
        'That password is little more than a name that others know. Choose another one.',
      ],
    ] as const) {
      it(`refuses ${why}, and the page is there to choose another`, async () => {
        const { request, page } = await begin(plain);
        const refused = await change(page, next ?? person.password);
        expect([refused.status, problemOn(refused)]).to.deep.equal([400, problem]);
        expect(refused.body).not.to.contain(person.password);
        await plain.finish(request, await change(refused));
      });
    }

    it('is changed once by a double click', async () => {
      const { request, page } = await begin(plain);
      const pages = await Promise.all([change(page), change(page)]);
      expect(pages.map(({ status }) => status)).not.to.include(401);
      const { rows } = await database.query(
        `select 1 from audit_events where type = 'password.changed'
         and subject_id = (select id::text from users where username = $1 limit 1)`,
        [person.username],
      );
      expect(rows).to.have.lengthOf(1);
      const arrived = pages.find(({ location }) => location?.searchParams.has('code'));
      await plain.finish(request, arrived ?? pages[0]);
      const [one] = await eventsOf(['password.refused']);
      expect(one).to.equal(undefined);
    });
  });

  describe('by rules of the directory', () => {
    it('says that it is too short', async () => {
      await givePolicy({ pwdMinLength: '30', pwdMustChange: 'TRUE' });
      await slapd.requirePasswordChange(person.dn);
      const { request, page } = await begin(plain);
      const refused = await change(page);
      expect([refused.status, problemOn(refused)]).to.deep.equal([
        400,
        'That password is too short. Choose a longer one.',
      ]);
      await plain.finish(request, await change(refused, `${NEXT} ${NEXT}`));
    });

    it('says that it was changed too lately', async () => {
      await givePolicy({ pwdMinAge: '3600', pwdMaxAge: '7200', pwdExpireWarning: '7300' });
      await slapd.modify(passwordOf(person, person.password));
      const { request, page } = await begin(plain);
      const refused = await change(await browser.click(page, 'Change it now'));
      expect(refused.status).to.equal(400);
      expect(problemOn(refused)).to.match(/changed only lately/);
      await plain.finish(request, await browser.click(refused, 'Not now'));
    });

    it('says that it was had before', async () => {
      await givePolicy({ pwdInHistory: '3', pwdMustChange: 'TRUE' });
      const first = 'the very first umbrella';
      await slapd.modify(passwordOf(person, first));
      person.password = 'the second umbrella of all';
      await slapd.modify(passwordOf(person, person.password));
      await slapd.requirePasswordChange(person.dn);
      const { request, page } = await begin(plain);
      const refused = await change(page, first);
      expect(problemOn(refused)).to.equal('You have had that password before. Choose another one.');
      await plain.finish(request, await change(refused));
    });

    it('says where to go where people may not change theirs', async () => {
      await givePolicy({ pwdAllowUserChange: 'FALSE', pwdMustChange: 'TRUE' });
      await slapd.requirePasswordChange(person.dn);
      const { page } = await begin(plain);
      const refused = await change(page);
      expect(refused.status).to.equal(403);
      expect(refused.document.querySelector('a.button')?.getAttribute('href')).to.equal(
        'https://help.example.com/password',
      );
      expect(doorOf(await browser.click(refused, 'Back to sign-in'))).to.equal('password');
    });
  });

  describe('of somebody with a second factor', () => {
    let before: { claims: { sub: string }; browser: UserAgent };
    beforeEach(async () => {
      before = await strict.signIn(person);
      browser = createUserAgent();
    });

    it('is changed after that is proven, even where the browser is trusted', async () => {
      const trusting = await begin(strict);
      await browser.fillAndSubmit(trusting.page, { code: (await person.authenticator?.code()) ?? '', trust: 'yes' });
      await slapd.requirePasswordChange(person.dn);

      const { request, page } = await begin(strict, person.password, { prompt: 'login' });
      expect(doorOf(page)).to.equal('code');
      const answer = await force(page, FORM, { 'current-password': person.password, 'new-password': NEXT });
      expect(doorOf(answer), 'not before').to.equal('code');
      const form = await giveCode(browser, page, person);
      expect(doorOf(form)).to.equal(FORM);
      const claims = claimsOf(await strict.finish(request, await change(form)));
      expect(claims).to.include({ sub: before.claims.sub, acr: 'mfa' });
      expect(await eventsOf(['password.changed', 'password.refused'])).to.have.lengthOf(1);
      expect((await eventsOf(['device.forgotten'])).at(-1)?.detail).to.deep.equal({ devices: 1 });
    });

    it('ends the sessions that were opened with the old one', async () => {
      await slapd.requirePasswordChange(person.dn);
      const { request, page } = await begin(strict);
      await strict.finish(request, await change(await giveCode(browser, page, person)));
      const door = await before.browser.get((await strict.begin()).url);
      expect(doorOf(door)).to.equal('password');
      expect((await eventsOf(['session.ended'])).length).to.be.greaterThan(0);
      const here = await browser.get((await strict.begin()).url);
      expect(here.location?.searchParams.has('code'), 'this browser stays signed in').to.equal(true);
    });

    it('ends the refresh tokens that were given under the old one', async () => {
      const { tokens } = await strict.signIn(person, { wishes: { scope: 'openid offline_access' } });
      await slapd.requirePasswordChange(person.dn);
      const { request, page } = await begin(strict);
      await strict.finish(request, await change(await giveCode(browser, page, person)));
      expect(await refusalOf(strict.refresh(tokens))).to.equal('invalid_grant');
    });
  });

  it('is no dead end where it was changed meanwhile, and nobody here knows', async () => {
    await slapd.requirePasswordChange(person.dn);
    const { request, page } = await begin(plain);
    await slapd.modify(`${passwordOf(person, NEXT)}-\nreplace: pwdReset\n`);
    const refused = await change(page);
    expect(problemOn(refused)).to.equal(WRONG);
    const door = await browser.click(refused, 'Not you? Start over');
    await plain.finish(request, await givePassword(browser, door, { ...person, password: NEXT }));
  });

  describe('while the directory is down', () => {
    beforeEach(() => slapd.requirePasswordChange(person.dn));

    it('loses nothing, and is changed afterwards from the same page', async () => {
      const { request, page } = await begin(plain);
      await slapd.stop();
      let down: Page;
      try {
        down = await change(page);
      } finally {
        await slapd.start();
      }
      expect(down.status).to.equal(503);
      expect(problemOn(down)).to.match(/may or may not have been changed/);
      expect(doorOf(down)).to.equal(FORM);
      const answer = await eventually('the directory to be asked again', async () => {
        const again = await change(down);
        return again.status === 503 ? undefined : again;
      });
      await plain.finish(request, answer);
    });
  });

  it('leads to where it is changed, where the directory is read-only', async () => {
    await slapd.requirePasswordChange(person.dn);
    const { page } = await begin(readOnly);
    expect(page.status).to.equal(403);
    expect(textOf(page, 'h1')).to.equal('Your password must be changed');
    expect((await browser.click(page, 'Back to sign-in')).status).to.equal(200);
    expect(page.document.querySelector('a.button')?.getAttribute('href')).to.equal('https://help.example.com/password');
  });

  it('has expired for good, and is changed all the same', async () => {
    await givePolicy({ pwdMaxAge: '1', pwdGraceAuthNLimit: '0' });
    await expired();
    const { request, page } = await begin(plain);
    expect([doorOf(page), textOf(page, 'h1')]).to.deep.equal([FORM, 'Your password has expired']);
    await plain.finish(request, await change(page));
  });

  describe('that has expired, and still lets the person in a few times', () => {
    beforeEach(() => givePolicy({ pwdMaxAge: '1', pwdGraceAuthNLimit: '5' }));

    it('may be changed at once, after the warning', async () => {
      await expired();
      const { request, page } = await begin(plain);
      expect(doorOf(page)).to.equal('notice');
      expect(textOf(page, 'h1')).to.equal('Your password has expired');
      const form = await browser.click(page, 'Change it now');
      expect(doorOf(form)).to.equal(FORM);
      await plain.finish(request, await change(form));
    });

    it('may be left as it is', async () => {
      await expired();
      const { request, page } = await begin(plain);
      const form = await browser.click(page, 'Change it now');
      await plain.finish(request, await browser.click(form, 'Not now'));
      expect(await eventsOf(['password.changed'])).to.deep.equal([]);
    });

    it('may be left as it is where the directory does not let the person change it', async () => {
      await givePolicy({ pwdMaxAge: '1', pwdGraceAuthNLimit: '5', pwdAllowUserChange: 'FALSE' });
      await expired();
      const { request, page } = await begin(plain);
      const refused = await change(await browser.click(page, 'Change it now'));
      expect(problemOn(refused)).to.match(/cannot be changed here/);
      await plain.finish(request, await browser.click(refused, 'Not now'));
    });

    it('is only warned of where the directory is read-only', async () => {
      await expired();
      const { request, page } = await begin(readOnly);
      expect(page.document.querySelector(`a[href$="/${FORM}"]`)).to.equal(null);
      expect(doorOf(await browser.get(below(page, FORM)))).to.equal('notice');
      await readOnly.finish(request, await browser.fillAndSubmit(page));
    });

    it('asks for the second factor of somebody who has one, and would not be asked otherwise', async () => {
      await slapd.modify(passwordOf(person, person.password));
      await strict.signIn(person);
      await expired();
      const { page } = await begin(strict);
      expect(doorOf(page)).to.equal('code');
    });
  });
});

function passwordOf({ dn }: Employee, password: string): string {
  return `dn: ${dn}\nchangetype: modify\nreplace: userPassword\nuserPassword: ${password}\n`;
}
