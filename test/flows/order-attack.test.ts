import { expect } from 'chai';
import { Redis } from 'ioredis';
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
  choicesOn,
  csrfOn,
  givePasskey,
  passkeyOptionsOn,
  recoveryCodesOn,
  usePasskey,
} from '../support/second-factor-steps.ts';
import { doorOf, enrol, givePassword } from '../support/sign-in.ts';

/** Everything that the pages of whole logins offered: forms with what was posted by them, and links below the login. */
interface Harvest {
  forms: Form[];
  links: Set<string>;
}

type Fields = Record<string, string>;
/** Its name below the login, and what was posted by it. */
type Form = readonly [name: string, fields: Fields];

const BELOW = /\/interaction\/[\w-]+\/([\w.-]+)/;

function nameIn(url: string | null | undefined): string | undefined {
  return BELOW.exec(url ?? '')?.[1];
}

function addPage({ forms, links }: Harvest, { document }: Page): void {
  for (const form of document.querySelectorAll('form')) {
    const name = nameIn(form.getAttribute('action'));
    const fields = form
      .querySelectorAll('input[name]:not([name=csrf])')
      .map((input) => [input.getAttribute('name') ?? '', input.getAttribute('value') ?? '']);
    if (name !== undefined) forms.push([name, Object.fromEntries(fields)]);
  }
  for (const link of document.querySelectorAll('a[href]')) {
    const name = nameIn(link.getAttribute('href'));
    if (name !== undefined) links.add(name);
  }
}

/** Each once. */
function different(forms: readonly Form[]): Form[] {
  return [...new Map(forms.map((form) => [JSON.stringify(form), form])).values()];
}

/** Every one after every other one, and after itself, in the shortest way (a de Bruijn sequence, with its beginning at its end). */
function inEveryOrder<T>(all: readonly T[]): T[] {
  const circle = all.flatMap((first, i) => [first, ...all.slice(i + 1).flatMap((second) => [first, second])]);
  return [...circle, ...all.slice(0, 1)];
}

describe('the order of a login’s forms', () => {
  let server: Sallyport;
  let organisation: Organisation;
  let codes: CodesSent;
  let database: Client;
  let redis: Redis;
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
      policy: {
        secondFactors: { allowed },
        trustedDevices: {},
        trustDirectoryContacts: false,
        sms: { country: 'CH' },
      },
      directories: { people: organisation.directory },
      clients: { orders: registration({ firstParty: false }) },
    });
    server = await startSallyport({
      server: codes.settings,
      tenants: Object.fromEntries(Object.entries(TENANTS).map(([slug, allowed]) => [slug, tenant(allowed)])),
    });
    database = new Client(server.databaseUrl);
    await database.connect();
    redis = new Redis(server.redisUrl);
  });
  after(async () => {
    await Promise.all([database.end(), redis.quit(), server.stop(), codes.stop()]);
  });
  beforeEach(async () => {
    browser = createUserAgent();
    person = await organisation.addPerson(`person${(people += 1)}`);
    harvest = { forms: [], links: new Set() };
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
  function posted(...form: Form): void {
    harvest.forms.push(form);
  }

  const number = () => `+4179123${String(5000 + people)}`;
  const target: Record<string, () => string> = { sms: number, email: () => `${person.username}@order.test` };

  /** Whole logins, in which the person sets everything up. */
  const setUp: Record<string, (page: Page) => Promise<Page>> = {
    async totp(page) {
      const saving = note(await enrol(browser, page, person));
      const code = person.authenticator?.shown.at(-1) ?? '';
      posted('enrol', { code });
      posted('code', { code });
      const [recoveryCode = ''] = recoveryCodesOn(saving);
      posted('enrol', { code: 'saved' });
      await browser.fillAndSubmit(saving, { code: 'saved' });

      const again = note(await passwordProven(await createApp(server.issuer('totp'))));
      const choice = note(await browser.get(below(again, 'factor'), { from: again }));
      posted('factor', { factor: 'recovery-code' });
      const asked = note(await browser.fillAndSubmit(choice, { factor: 'recovery-code' }));
      posted('code', { code: recoveryCode });
      return browser.fillAndSubmit(asked, { code: recoveryCode });
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

  /** All that the person can prove themselves by, and when they last did. */
  async function factorsOf(): Promise<unknown[]> {
    const { rows } = await database.query<object>(
      `with mine as (select e.* from enrolments e join users u on u.id = e.user_id where u.username = $1)
       select to_jsonb(mine) as found from mine
       union all select to_jsonb(c) from recovery_codes c join mine on mine.id = c.enrolment_id
       union all select to_jsonb(d) from trusted_devices d join users u on u.id = d.user_id where u.username = $1
       order by found`,
      [person.username],
    );
    return rows;
  }

  /** So that nothing is refused for being one too many: it is the order that is tried here. */
  async function forgetAttempts(): Promise<void> {
    await database.query('delete from attempt_counters');
    const budgets = await redis.keys('sallyport:attempts:*');
    budgets.push(...(await redis.keys('sallyport:sent:*')));
    if (budgets.length > 0) await redis.del(budgets);
  }

  /** What was posted by one form, posted to it and to every other one, whatever came before; every link is followed as well. */
  async function attack(page: Page): Promise<void> {
    const csrf = csrfOn(page);
    const others = ['consent', 'deny', 'notice', 'postpone', 'resend'].map((name): Form => [name, {}]);
    const known: Form[] = [...others, ['consent', { decision: 'allow' }], ['factor', { factor: 'totp' }]];
    // The password's form gives the attacker's one proof again, or takes it away.
    const forms = different([...known, ...harvest.forms]).filter(([name]) => name !== 'password');
    const names = new Set(forms.map(([name]) => name));

    const post = async ([name, fields]: Form): Promise<void> => {
      await forgetAttempts();
      const answer = await browser.post(below(page, name), { ...fields, csrf }, { from: page });
      expectNothingIn(answer, `${name} with ${JSON.stringify(fields)}`);
      expect(answer.status).to.be.oneOf([200, 400, 401, 404]);
    };
    for (const name of names) for (const [, fields] of forms) await post([name, fields]);
    for (const form of inEveryOrder(forms)) await post(form);
    for (const link of new Set([...harvest.links, 'factor', 'recovery-codes.txt', 'contact'])) {
      if (link !== 'start-over') expectNothingIn(await browser.get(below(page, link), { from: page }), link);
    }
    expect(doorOf(await browser.get(page.url)), 'still at its step').not.to.equal('password');
    // The last one, as nothing is proven after it.
    expectNothingIn(await browser.get(below(page, 'start-over'), { from: page }), 'start-over');
  }

  function expectNothingIn(answer: Page, after: string): void {
    expect(answer.location, after).to.equal(undefined);
    expect(answer.headers.get('content-disposition'), after).to.equal(null);
    expect(recoveryCodesOn(answer), after).to.deep.equal([]);
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
    const page = await passwordProven(app);
    expect(doorOf(page)).to.equal('enrol');
    const choice = note(await browser.get(below(page, 'factor'), { from: page }));
    for (const factor of choicesOn(choice)) posted('factor', { factor });
    posted('passkey', { credential: '{}' });
    posted('contact', { contact: 'none' });
    posted('enrol', { code: '123 456' });
    posted('code', { code: '123456' });
    await attack(page);
    await expectNothingGained(app, page, []);
  }).timeout(120_000);
});
