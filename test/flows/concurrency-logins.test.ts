// Passwords and codes at two processes at once: what is good once lets one in, what is limited stays limited, and who presses a
// button twice goes on.

import { expect } from 'chai';
import { Client } from 'ldapts';

import { openPostgres } from '../../src/db/database-postgres.ts';
import { twenty } from '../support/at-once.ts';
import { createUserAgent } from '../support/browser-like-client.ts';
import type { Page, UserAgent } from '../support/browser-like-client.ts';
import type { FormValues } from '../support/html-form.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee, Organisation } from '../support/organisation.ts';
import { createApp, refusalIn, registration } from '../support/relying-party.ts';
import type { App } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { doorOf, enrol, givePassword } from '../support/sign-in.ts';
import { testSlapd } from '../support/slapd.ts';
import type { Authenticator } from '../support/totp.ts';
import { authenticatorFrom } from '../support/totp.ts';

/** What the directory of the tests lets through before we stop asking. */
const LOCKOUT_BUDGET = 4;

/** A login under way: its browser, and the page that it has come to. */
interface Visit {
  browser: UserAgent;
  page: Page;
}

describe('logins, at two processes at once,', () => {
  let server: Sallyport;
  let organisation: Organisation;
  let orders: App;
  let person: Employee;
  let people = 0;

  before(async () => {
    organisation = await createOrganisation('logins');
    const directories = { people: organisation.directory };
    server = await startSallyport({
      tenants: {
        acme: { name: 'Acme', directories, clients: { orders: registration() } },
        globex: {
          name: 'Globex',
          policy: { secondFactors: { required: 'never' } },
          directories,
          clients: { survey: registration({ firstParty: false }) },
        },
      },
      processes: 2,
    });
    orders = await createApp(server.issuer('acme'));
  });
  after(() => server.stop());
  beforeEach(async () => {
    person = await organisation.addPerson(`person${(people += 1)}`);
  });

  /** In a browser of its own, at the process of this number. */
  async function begin(number = 0, app = orders): Promise<Visit> {
    const browser = createUserAgent(server.through(number % 2));
    return { browser, page: await browser.get((await app.begin()).url) };
  }
  async function passPassword(number = 0): Promise<Visit> {
    const { browser, page } = await begin(number);
    return { browser, page: await givePassword(browser, page, person) };
  }
  /** One after the other: attempts at once are limited, right ones as well. */
  async function passPasswords(): Promise<Visit[]> {
    const visits: Visit[] = [];
    for (let number = 0; number < 20; number++) visits.push(await passPassword(number));
    return visits;
  }
  async function setUpAuthenticator(): Promise<Authenticator> {
    const { browser, page } = await passPassword();
    await enrol(browser, page, person);
    if (!person.authenticator) throw new Error('there is no authenticator');
    return person.authenticator;
  }
  async function enrolments(): Promise<number> {
    const db = openPostgres({ url: server.databaseUrl });
    const ofPerson = 'select e.id from enrolments e join users u on u.id = e.user_id where u.username = $1';
    const rows = await db.query(ofPerson, [person.username]);
    await db.close();
    return rows.length;
  }
  /** What became of a login: `a code` for the app, the next form, or the status of a refusal. */
  function outcomeOf(page: Page): string | number | null | undefined {
    if (page.location) return refusalIn(page);
    return page.status === 200 ? doorOf(page) : page.status;
  }
  const windowAt = (number: number, { browser }: Visit) =>
    createUserAgent({ cookies: browser.cookies, ...server.through(number % 2) });

  it('let one of twenty in by one code', async () => {
    const authenticator = await setUpAuthenticator();
    const visits = await passPasswords();
    const code = await authenticator.code();
    const pages = await Promise.all(visits.map(({ browser, page }) => browser.fillAndSubmit(page, { code })));
    const outcomes = pages.map(outcomeOf);
    expect(outcomes.filter((outcome) => outcome === 'a code')).to.have.length(1);
    expect(outcomes.filter((outcome) => outcome === 400 || outcome === 429)).to.have.length(19);
  });

  it('enrol one authenticator when its code is confirmed twenty times', async () => {
    const visit = await passPassword();
    const code = await authenticatorFrom(visit.page).code();
    const stopAt = server.issuer('acme');
    const pages = await twenty((n) => windowAt(n, visit).fillAndSubmit(visit.page, { code }, { stopAt }));
    expect(pages.map((page) => page.status)).to.deep.equal(pages.map(() => 303));
    expect(await enrolments()).to.equal(1);
    expect(outcomeOf(await visit.browser.get(pages[0]?.location ?? ''))).to.equal('a code');
  });

  it('enrol one authenticator when twenty are set up', async () => {
    const visits = await passPasswords();
    const codes = await Promise.all(visits.map(({ page }) => authenticatorFrom(page).code()));
    const pages = await Promise.all(
      visits.map(({ browser, page }, n) => browser.fillAndSubmit(page, { code: codes[n] ?? '' })),
    );
    const outcomes = pages.map(outcomeOf);
    expect(await enrolments()).to.equal(1);
    expect(outcomes.filter((outcome) => outcome === 'a code')).to.have.length(1);
    // Whoever was second may not set up another one by the password alone, and what was proven before the first one is outdated.
    const turnedAway = outcomes.filter((outcome) => outcome === 400 || outcome === 'code' || outcome === 'password');
    expect(turnedAway).to.have.length(19);
  });

  it('ask the directory about four of fifty wrong passwords', async () => {
    const visits = await Promise.all(Array.from({ length: 50 }, (_, number) => begin(number)));
    const { username } = person;
    const wrong = (number: number) => ({ username, password: `wrong-${number}` });
    const pages = await Promise.all(visits.map(({ browser, page }, n) => browser.fillAndSubmit(page, wrong(n))));
    const refused = pages.filter(({ status }) => status === 401).length;
    expect(refused).to.equal(LOCKOUT_BUDGET);
    expect(pages.filter(({ status }) => status === 429)).to.have.length(50 - refused);
    expect(await failuresInDirectory(person.dn)).to.equal(refused);
    expect(outcomeOf((await passPassword()).page)).to.equal(429);
  });

  describe('whose button is pressed twice, go on', () => {
    /** A browser shows the answer to the second one. */
    async function pressTwice(visit: Visit, values?: FormValues): Promise<Page> {
      const stopAt = server.publicUrl;
      const [, page] = await Promise.all([
        windowAt(0, visit).fillAndSubmit(visit.page, values, { stopAt }),
        windowAt(1, visit).fillAndSubmit(visit.page, values),
      ]);
      return page;
    }

    it('after the password, the first code and the second one', async () => {
      const { username, password } = person;
      const first = await begin();
      const enrolment = await pressTwice(first, { username, password });
      expect(outcomeOf(enrolment)).to.equal('enrol');
      const authenticator = authenticatorFrom(enrolment);
      const enrolled = await pressTwice({ ...first, page: enrolment }, { code: await authenticator.code() });
      expect(outcomeOf(enrolled)).to.equal('a code');

      const second = await begin(1);
      const asked = await pressTwice(second, { username, password });
      expect(outcomeOf(asked)).to.equal('code');
      const proven = await pressTwice({ ...second, page: asked }, { code: await authenticator.code() });
      expect(outcomeOf(proven)).to.equal('a code');
    });

    it('after the consent', async () => {
      const survey = await createApp(server.issuer('globex'), { clientId: 'survey' });
      const visit = await begin(0, survey);
      const page = await givePassword(visit.browser, visit.page, person);
      expect(outcomeOf(page)).to.equal('consent');
      expect(outcomeOf(await pressTwice({ ...visit, page }))).to.equal('a code');
    });
  });
});

/** slapo-ppolicy(5) keeps the time of each bind that failed. */
async function failuresInDirectory(dn: string): Promise<number> {
  const { url, admin } = await testSlapd();
  const client = new Client({ url });
  await client.bind(admin.dn, admin.password);
  const { searchEntries } = await client.search(dn, { scope: 'base', attributes: ['pwdFailureTime'] });
  await client.unbind();
  return [searchEntries[0]?.pwdFailureTime ?? []].flat().length;
}
