import { expect } from 'chai';
import { Redis } from 'ioredis';

import { createUserAgent, textOf } from '../support/browser-like-client.ts';
import type { Page, UserAgent } from '../support/browser-like-client.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee, Organisation } from '../support/organisation.ts';
import { claimsOf, createApp, refusalIn, registration } from '../support/relying-party.ts';
import type { App } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { createSecrets } from '../support/secrets.ts';
import { doorOf, givePassword, signIn } from '../support/sign-in.ts';

const HOME = 'https://app.example.com/';

/** Every order of three of some things. */
function triplesOf<T>(things: readonly T[]): T[][] {
  return things.flatMap((first) =>
    things.flatMap((second) => things.map((third) => [first, second, third])).filter((all) => new Set(all).size === 3),
  );
}

/** Of a login, without what else the URL may say. */
function addressOf({ url }: Page): string {
  return url.origin + url.pathname;
}

describe('a login that is half-way', () => {
  let server: Sallyport;
  let organisation: Organisation;
  let orders: App;
  let free: App;
  let person: Employee;
  let people = 0;
  let browser: UserAgent;
  const secrets = createSecrets();

  before(async () => {
    organisation = await createOrganisation('halfway');
    const tenant = (required: string) => ({
      name: 'Acme',
      homeUrl: 'https://www.acme.example/',
      policy: { secondFactors: { required } },
      directories: { people: organisation.directory },
      clients: { orders: registration({ client_uri: HOME }) },
    });
    server = await startSallyport({
      server: { logLevel: 'debug' },
      tenants: { acme: tenant('always'), free: tenant('never') },
    });
    orders = await createApp(server.issuer('acme'));
    free = await createApp(server.issuer('free'));
  });
  after(() => server.stop());
  beforeEach(async () => {
    browser = createUserAgent();
    person = await organisation.addPerson(`person${(people += 1)}`);
  });
  afterEach(() => {
    secrets.notePerson(person);
    secrets.expectNoneIn(server);
  });

  async function door(app = orders, wishes = {}): Promise<Page> {
    return browser.get((await app.begin(wishes)).url);
  }
  function csrfOn(page: Page): string {
    return page.document.querySelector('[name=csrf]')?.getAttribute('value') ?? '';
  }

  /** What somebody might post who has seen the pages of other logins; nothing of it proves anything. */
  const FORGERIES: Record<string, Record<string, string>> = {
    code: { code: '' },
    enrol: { code: '123456' },
    notice: {},
    consent: { decision: 'allow' },
    factor: { factor: 'totp' },
  };

  /** Posts every form there is in every order. */
  async function attack(page: Page): Promise<void> {
    const csrf = csrfOn(page);
    for (const forgeries of triplesOf(Object.entries(FORGERIES))) {
      for (const [form, fields] of forgeries) {
        const answer = await browser.post(`${addressOf(page)}/${form}`, { csrf, ...fields }, { from: page });
        expect(answer.location, `after ${form}`).to.equal(undefined);
        // Led back to the page, told that the code is wrong, or that there is no such form; never taken for a forgery by another site.
        expect(answer.status, `after ${form}`).to.be.oneOf([200, 400, 404]);
      }
    }
  }

  const states: Record<string, () => Promise<{ app: App; page: Page; door: string }>> = {
    'with nothing proven': async () => ({ app: orders, page: await door(), door: 'password' }),
    'with a password proven, of somebody who has a second factor': async () => {
      await orders.signIn(person);
      return { app: orders, page: await givePassword(browser, await door(), person), door: 'code' };
    },
    'with a password proven, of somebody who has none': async () => ({
      app: orders,
      page: await givePassword(browser, await door(), person),
      door: 'enrol',
    }),
    'in a session that is asked for a second factor, of somebody who has none': async () => {
      await free.signIn(person, { browser });
      return { app: free, page: await door(free, { acr_values: 'mfa' }), door: 'password' };
    },
  };

  for (const [what, reach] of Object.entries(states)) {
    describe(what, () => {
      it('gives no code, whatever is posted in whatever order', async () => {
        const { app, page, door: expected } = await reach();
        expect(doorOf(page)).to.equal(expected);
        await attack(page);
        expect(doorOf(await browser.get(page.url))).to.equal(expected);
        const silently = await browser.get((await app.begin({ prompt: 'none', acr_values: 'mfa' })).url);
        expect(refusalIn(silently)).to.be.oneOf(['login_required', 'unmet_authentication_requirements']);

        const { location } = await signIn(browser, await browser.get(page.url), person);
        expect(location?.searchParams.has('code'), 'the right way is open').to.equal(true);
      });

      it('gives no code at the address where the library resumes', async () => {
        const { page } = await reach();
        const uid = page.url.pathname.split('/').at(-1) ?? '';
        const answer = await browser.get(addressOf(page).replace('/interaction/', '/auth/'));
        expect(answer.location).to.equal(undefined);
        expect(doorOf(answer)).to.equal('password');
        expect(answer.url.pathname).not.to.contain(uid);
      });
    });
  }

  it('takes the code of nobody else', async () => {
    const mallory = await organisation.addPerson(`mallory${people}`);
    await orders.signIn(mallory);
    await orders.signIn(person);
    const asked = await givePassword(browser, await door(), person);
    const code = await mallory.authenticator?.code();
    expect((await browser.fillAndSubmit(asked, { code })).status).to.equal(400);
  });

  it('keeps no proof of one person for another', async () => {
    const mallory = await organisation.addPerson(`mallory${people}`);
    await orders.signIn(mallory);
    await orders.signIn(person);
    const start = await door();
    const base = addressOf(start);
    // Everything that mallory can prove, up to where a page would notice that it is enough.
    const asked = await givePassword(browser, start, mallory);
    const enough = await browser.fillAndSubmit(asked, { code: await mallory.authenticator?.code() }, { stopAt: base });
    expect(enough.location?.pathname).to.equal(start.url.pathname);
    const { username, password } = person;
    const page = await browser.post(`${base}/password`, { csrf: csrfOn(start), username, password }, { from: start });
    expect(doorOf(page)).to.equal('code');
    expect(textOf(page)).to.contain(`Signing in as ${username}.`);
  });

  it('answers two right codes at once with one code', async () => {
    await orders.signIn(person);
    const request = await orders.begin();
    const asked = await givePassword(browser, await browser.get(request.url), person);
    const code = await person.authenticator?.code();
    const pages = await Promise.all([1, 2, 3].map(() => browser.fillAndSubmit(asked, { code })));
    const finished = pages.filter((page) => page.location?.searchParams.has('code'));
    expect(finished.length).to.equal(1);
    const [page = asked] = finished;
    expect(claimsOf(await orders.finish(request, page)).acr).to.equal('mfa');
  });

  describe('and its page', () => {
    /** A page that leads on to the app. */
    function expectWayOn(page: Page): void {
      expect(page.status).to.equal(400);
      expect(textOf(page, 'h1')).to.equal('This sign-in has ended');
      const link = page.document.querySelector('a.button');
      expect(link?.text).to.equal('Go to Orders');
      expect(link?.getAttribute('href')).to.equal(HOME);
      expect(page.body).not.to.contain('name="csrf"');
    }

    it('opened again after the end leads on to the app', async () => {
      const start = await door(free);
      const end = await givePassword(browser, start, person);
      expect(end.location?.searchParams.has('code')).to.equal(true);
      expectWayOn(await browser.get(start.url));
      expectWayOn(await givePassword(browser, start, person));
    });

    it('opened in another browser leads on to the app, and the form does nothing there', async () => {
      const start = await door(free);
      const elsewhere = createUserAgent();
      expectWayOn(await elsewhere.get(start.url));
      expectWayOn(await elsewhere.fillAndSubmit(start, { username: person.username, password: person.password }));
      expect((await givePassword(browser, start, person)).location?.searchParams.has('code')).to.equal(true);
    });

    it('opened with the cookies of another login leads on to the app', async () => {
      const [one, other] = [await door(free), await door(free)];
      const cookies = browser.cookies.all().filter((cookie) => cookie.path === one.url.pathname);
      for (const cookie of cookies) browser.cookies.put({ ...cookie, path: other.url.pathname });
      expectWayOn(await browser.get(other.url));
    });

    it('that has expired leads on to the app', async () => {
      const start = await door(free);
      const redis = new Redis(server.redisUrl);
      const keys = await redis.keys('*Interaction:*');
      expect(keys.length).to.be.greaterThan(0);
      await redis.del(keys);
      redis.disconnect();
      expectWayOn(await browser.get(start.url));
      expectWayOn(await givePassword(browser, start, person));
    });

    it('that never was leads on to the tenant’s home, and so does the address where the library resumes', async () => {
      for (const path of ['/interaction/made-up', '/auth/made-up']) {
        const page = await browser.get(server.issuer('free') + path);
        expect(page.status).to.equal(400);
        expect(textOf(page, 'h1')).to.equal('This sign-in has ended');
        expect(page.document.querySelector('a.button')?.getAttribute('href')).to.equal('https://www.acme.example/');
      }
    });

    it('resumed a second time leads on', async () => {
      const end = await givePassword(browser, await door(free), person);
      const resumed = end.trail.map(({ url }) => url).find(({ pathname }) => pathname.startsWith('/t/free/auth/'));
      const again = await browser.get(resumed ?? '');
      expect(again.status).to.equal(400);
      expect(textOf(again)).to.contain('login_expired');
      expect(again.document.querySelector('a.button')?.getAttribute('href')).to.equal('https://www.acme.example/');
    });

    it('resumed where the session that it began in has gone leads on to the app', async () => {
      await free.signIn(person, { browser });
      const start = await door(free, { prompt: 'login' });
      browser.cookies.forget('free_session');
      expectWayOn(await givePassword(browser, start, person));
    });

    it('of one tenant is none of another', async () => {
      const start = await door(free);
      const page = await browser.get(start.url.href.replace('/t/free/', '/t/acme/'));
      expect(page.status).to.equal(400);
      expect(doorOf(page)).to.equal(undefined);
    });
  });
});
