import { expect } from 'chai';
import { Client } from 'pg';

import { createAuthenticator } from '../support/authenticator.ts';
import { createUserAgent } from '../support/browser-like-client.ts';
import type { Page, UserAgent } from '../support/browser-like-client.ts';
import { startCodesSent } from '../support/codes-sent.ts';
import type { CodesSent } from '../support/codes-sent.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee, Organisation } from '../support/organisation.ts';
import { createApp, refusalIn, registration } from '../support/relying-party.ts';
import type { App } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import {
  below,
  csrfOn,
  givePasskey,
  passkeyOptionsOn,
  recoveryCodesOn,
  usePasskey,
} from '../support/second-factor-steps.ts';
import { doorOf, enrol, givePassword } from '../support/sign-in.ts';

/** Everything that the pages of whole logins offered: forms with what was posted by them, and links below the login. */
interface Harvest {
  forms: Map<string, Record<string, string>>;
  links: Set<string>;
}

const BELOW = /\/interaction\/[\w-]+\/([\w.-]+)/;

function nameIn(url: string | null | undefined): string | undefined {
  return BELOW.exec(url ?? '')?.[1];
}

function addPage({ forms, links }: Harvest, { document }: Page): void {
  for (const form of document.querySelectorAll('form')) {
    const name = nameIn(form.getAttribute('action'));
    const fields = form
      .querySelectorAll('input[name]')
      .map((input) => [input.getAttribute('name') ?? '', input.getAttribute('value') ?? '']);
    if (name !== undefined && !forms.has(name)) forms.set(name, Object.fromEntries(fields));
  }
  for (const link of document.querySelectorAll('a[href]')) {
    const name = nameIn(link.getAttribute('href'));
    if (name !== undefined) links.add(name);
  }
}

describe('the order of a login’s forms', () => {
  let server: Sallyport;
  let organisation: Organisation;
  let codes: CodesSent;
  let database: Client;
  let person: Employee;
  let people = 0;
  let browser: UserAgent;
  let harvest: Harvest;

  const TENANTS: Record<string, string[]> = {
    totp: ['totp', 'recovery-code'],
    sms: ['sms'],
    email: ['email'],
    passkey: ['passkey'],
    all: ['passkey', 'totp', 'sms', 'email', 'recovery-code'],
  };

  before(async () => {
    [organisation, codes] = await Promise.all([createOrganisation('order'), startCodesSent()]);
    const tenant = (allowed: string[]) => ({
      name: 'Acme',
      policy: { secondFactors: { allowed }, trustedDevices: {}, trustDirectoryContacts: false },
      directories: { people: organisation.directory },
      clients: { orders: registration({ firstParty: false }) },
    });
    server = await startSallyport({
      server: codes.settings,
      tenants: Object.fromEntries(Object.entries(TENANTS).map(([slug, allowed]) => [slug, tenant(allowed)])),
    });
    database = new Client(server.databaseUrl);
    await database.connect();
  });
  after(async () => {
    await Promise.all([database.end(), server.stop(), codes.stop()]);
  });
  beforeEach(async () => {
    browser = createUserAgent();
    person = await organisation.addPerson(`person${(people += 1)}`);
    harvest = { forms: new Map(), links: new Set() };
  });

  async function passwordProven(app: App): Promise<Page> {
    browser = createUserAgent();
    const start = await browser.get((await app.begin()).url);
    addPage(harvest, start);
    return note(await givePassword(browser, start, person));
  }
  function note(page: Page): Page {
    addPage(harvest, page);
    return page;
  }
  function posted(form: string, fields: Record<string, string>): void {
    harvest.forms.set(form, { ...harvest.forms.get(form), ...fields });
  }

  const number = () => `+4179123${String(5000 + people)}`;
  const target: Record<string, () => string> = { sms: number, email: () => `${person.username}@order.test` };

  /** Whole logins, in which the person sets everything up. */
  const setUp: Record<string, (page: Page) => Promise<Page>> = {
    async totp(page) {
      const saving = note(await enrol(browser, page, person));
      posted('enrol', { code: person.authenticator?.shown.at(-1) ?? '' });
      const [code = ''] = recoveryCodesOn(saving);
      posted('code', { code: person.authenticator?.shown.at(-1) ?? '' });
      expect(code).not.to.equal('');
      return browser.fillAndSubmit(saving, { code: 'saved' });
    },
    async passkey(page) {
      const authenticator = createAuthenticator(server.publicUrl);
      await givePasskey(browser, page, authenticator);
      const again = note(await passwordProven(await createApp(server.issuer('passkey'))));
      posted('passkey', { credential: authenticator.assert(passkeyOptionsOn(again)) });
      return usePasskey(browser, again, authenticator);
    },
    sms: (page) => setUpCodes('sms', page),
    email: (page) => setUpCodes('email', page),
  };

  async function setUpCodes(factor: string, page: Page): Promise<Page> {
    const to = target[factor]?.() ?? '';
    posted('contact', { contact: to });
    const asked = note(await browser.fillAndSubmit(page, { contact: to }));
    const code = await codes.next(to);
    posted('enrol', { code });
    posted('code', { code });
    return browser.fillAndSubmit(asked, { code });
  }

  async function factorsOf(): Promise<unknown[]> {
    const { rows } = await database.query<object>(
      `select e.id, factor, name, last_used_at from enrolments e join users u on u.id = e.user_id where username = $1 order by e.id`,
      [person.username],
    );
    return rows;
  }

  /** What was posted by one form, posted to it and to every other one, whatever came before; every link is followed as well. */
  async function attack(page: Page): Promise<void> {
    const csrf = csrfOn(page);
    const others = {
      consent: { decision: 'allow' },
      deny: {},
      notice: {},
      postpone: {},
      resend: {},
      factor: { factor: 'totp' },
    };
    const forms: [string, Record<string, string>][] = Object.entries({
      ...others,
      ...Object.fromEntries(harvest.forms),
    });
    // These give the attacker's one proof again, or take it away.
    const steps = forms.filter(([name]) => name !== 'password');
    const send = async (form: string, fields: Record<string, string>): Promise<void> => {
      const answer = await browser.post(below(page, form), { ...fields, csrf }, { from: page });
      expect(answer.location, `after ${form} with ${Object.keys(fields).join()}`).to.equal(undefined);
      expect(answer.status, `after ${form} with ${Object.keys(fields).join()}`).to.be.oneOf([200, 400, 401, 404, 429]);
    };
    for (const [first] of steps) for (const [, fields] of steps) await send(first, fields);
    for (const [first, firstFields] of steps) {
      for (const [second, secondFields] of steps) {
        await send(first, firstFields);
        await send(second, secondFields);
      }
    }
    for (const link of [...harvest.links, 'factor', 'recovery-codes.txt', 'contact', 'start-over']) {
      const answer = await browser.get(below(page, link), { from: page });
      expect(answer.location, `after ${link}`).to.equal(undefined);
    }
  }

  async function expectNothingGained(app: App, page: Page, before: unknown[]): Promise<void> {
    expect(await factorsOf(), 'no factor changes').to.deep.equal(before);
    const silently = await browser.get((await app.begin({ prompt: 'none' })).url);
    expect(refusalIn(silently)).to.equal('login_required');
    expect(doorOf(await browser.get(page.url)), 'after start-over').to.equal('password');
  }

  for (const factor of ['totp', 'sms', 'email', 'passkey']) {
    describe(`of somebody with ${factor}`, () => {
      it('opens nothing with only the password proven', async () => {
        const app = await createApp(server.issuer(factor));
        const end = await setUp[factor]?.(await passwordProven(app));
        expect(end && doorOf(note(end))).to.equal('consent');
        const before = await factorsOf();
        expect(before).not.to.deep.equal([]);

        const page = await passwordProven(app);
        expect(doorOf(page)).to.equal(factor === 'passkey' ? 'passkey' : 'code');
        await attack(page);
        await expectNothingGained(app, page, before);
      }).timeout(120_000);
    });
  }

  it('opens nothing to somebody who has no factor yet', async () => {
    const app = await createApp(server.issuer('all'));
    posted('passkey', { credential: '{}' });
    posted('contact', { contact: 'none' });
    posted('enrol', { code: '123456' });
    posted('code', { code: '123456' });
    const page = await passwordProven(app);
    expect(doorOf(page)).to.equal('enrol');
    await attack(page);
    await expectNothingGained(app, page, []);
  }).timeout(120_000);
});
