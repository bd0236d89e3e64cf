import { setTimeout as sleep } from 'node:timers/promises';

import { expect } from 'chai';

import { createUserAgent, textOf } from '../support/browser-like-client.ts';
import type { UserAgent } from '../support/browser-like-client.ts';
import { eventually } from '../support/eventually.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee, Organisation } from '../support/organisation.ts';
import { claimsOf, createApp, refusalIn, registration, sentTo } from '../support/relying-party.ts';
import type { App, Wishes } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { doorOf, givePassword } from '../support/sign-in.ts';

const seconds = () => Math.floor(Date.now() / 1000);

/** `auth_time` counts in seconds: a proof from now on has another one. */
function nextSecond(): Promise<true> {
  const now = seconds();
  return eventually('the next second', () => seconds() > now);
}

describe('a session', () => {
  let server: Sallyport;
  let organisation: Organisation;
  let kim: Employee;
  let lee: Employee;
  let orders: App;
  let wiki: App;
  let browser: UserAgent;

  before(async () => {
    organisation = await createOrganisation('sessions');
    kim = await organisation.addPerson('kim');
    lee = await organisation.addPerson('lee');
    const tenant = (policy: object = {}) => ({
      name: 'Acme',
      policy: { secondFactors: { required: 'never' }, ...policy },
      directories: { people: organisation.directory },
      clients: {
        orders: registration(),
        wiki: registration({ client_name: 'Wiki' }),
        strict: registration({ default_max_age: 1 }),
      },
    });
    server = await startSallyport({
      tenants: {
        acme: tenant(),
        globex: tenant(),
        idle: tenant({ sessionIdle: '1s' }),
        brief: tenant({ sessionIdle: '20s', sessionAbsolute: '3s' }),
        short: tenant({ sessionIdle: '3s', sessionAbsolute: '5s' }),
      },
    });
    orders = await createApp(server.issuer('acme'));
    wiki = await createApp(server.issuer('acme'), { clientId: 'wiki' });
  });
  after(() => server.stop());
  beforeEach(() => {
    browser = createUserAgent();
  });

  /** What an app gets that asks without a page: `a code`, or an error. */
  async function silently(app: App, inBrowser: UserAgent, wishes: Wishes = {}): Promise<string | null> {
    return refusalIn(await inBrowser.get((await app.begin({ prompt: 'none', ...wishes })).url));
  }

  describe('signs in to a second app', () => {
    it('without asking', async () => {
      const first = await orders.signIn(kim, { browser });
      const request = await wiki.begin();
      const page = await browser.get(request.url);
      const claims = claimsOf(await wiki.finish(request, page));
      const { sub, auth_time, amr } = first.claims;
      expect(claims).to.deep.include({ aud: 'wiki', sub, auth_time, amr });
      expect(page.trail.map((step) => step.method)).to.deep.equal(['GET']);
    });

    it('silently, and refuses to where nobody is signed in', async () => {
      expect(await silently(wiki, browser)).to.equal('login_required');
      await orders.signIn(kim, { browser });
      expect(await silently(wiki, browser)).to.equal('a code');
    });

    it('only in the browser that it belongs to', async () => {
      await orders.signIn(kim, { browser });
      expect(await silently(orders, createUserAgent())).to.equal('login_required');
    });
  });

  describe('asks again', () => {
    for (const wishes of [{ prompt: 'login' }, { max_age: '0' }, { max_age: '1' }]) {
      it(`when the app wishes ${JSON.stringify(wishes)}, and moves auth_time`, async () => {
        const first = await orders.signIn(kim, { browser });
        const authTime = first.claims.auth_time ?? 0;
        await eventually('the sign-in to be old', () => seconds() > authTime + 1);

        const request = await orders.begin(wishes);
        const door = await browser.get(request.url);
        expect(textOf(door, '.note')).to.equal('You are signed in already. To go on, confirm that it is you.');
        expect(door.document.querySelector('[name=username]')?.getAttribute('value')).to.equal(kim.username);
        const claims = claimsOf(await orders.finish(request, await givePassword(browser, door, kim)));
        expect(claims.auth_time).to.be.greaterThan(authTime);
        expect(claims.sub).to.equal(first.claims.sub);
      });
    }

    it('when the client is registered so', async () => {
      const strict = await createApp(server.issuer('acme'), { clientId: 'strict' });
      const { claims } = await strict.signIn(kim, { browser });
      await eventually('the sign-in to be old', () => seconds() > (claims.auth_time ?? 0) + 1);
      expect(await silently(strict, browser)).to.equal('login_required');
      expect(await silently(orders, browser)).to.equal('a code');
    });

    it('not while the sign-in is young enough', async () => {
      const { claims } = await orders.signIn(kim, { browser });
      await nextSecond();
      const request = await orders.begin({ prompt: 'none', max_age: '1000' });
      const again = claimsOf(await orders.finish(request, await browser.get(request.url)));
      expect(again.auth_time).to.equal(claims.auth_time);
    });

    it('silently not at all: it errs', async () => {
      const { claims } = await orders.signIn(kim, { browser });
      await eventually('the sign-in to be old', () => seconds() > (claims.auth_time ?? 0) + 1);
      expect(await silently(orders, browser, { max_age: '1' })).to.equal('login_required');
    });

    it('when the app means somebody else', async () => {
      const { tokens } = await orders.signIn(lee);
      await orders.signIn(kim, { browser });
      const hint = { id_token_hint: tokens.id_token };
      expect(await silently(orders, browser, hint)).to.equal('login_required');
      expect(doorOf(await browser.get((await orders.begin(hint)).url))).to.equal('password');
    });

    it('not when the app means who is signed in', async () => {
      const { tokens } = await orders.signIn(kim, { browser });
      expect(await silently(orders, browser, { id_token_hint: tokens.id_token })).to.equal('a code');
    });
  });

  it('is replaced when somebody else signs in to it, whose predecessor’s tokens are dead', async () => {
    const first = await orders.signIn(kim, { browser });
    const request = await orders.begin({ prompt: 'login' });
    const door = await browser.get(request.url);
    // Where scripts run, this page presses its button by itself.
    const between = await givePassword(browser, door, lee);
    expect(textOf(between, 'h1')).to.equal('Signing you out of Acme');
    expect(between.document.querySelectorAll('form button, form a').map((one) => one.text)).to.deep.equal(['Sign out']);
    const page = await browser.fillAndSubmit(between);
    const { sub } = claimsOf(await orders.finish(request, page));
    expect(sub).not.to.equal(first.claims.sub);
    expect(await orders.refresh(first.tokens).catch((error: unknown) => error)).to.include({ error: 'invalid_grant' });
    expect((await wiki.signIn(lee, { browser })).claims.sub).to.equal(sub);
  });

  it('stays when somebody else signed in to it, and the first person does after all', async () => {
    const first = await orders.signIn(kim, { browser });
    const request = await orders.begin({ prompt: 'login' });
    const door = await browser.get(request.url);
    await givePassword(browser, door, lee);
    const startOver = `${door.url.origin}${door.url.pathname}/start-over${door.url.search}`;
    const page = await givePassword(browser, await browser.get(startOver), kim);
    expect(claimsOf(await orders.finish(request, page)).sub).to.equal(first.claims.sub);
  });

  it('has another id after each sign-in', async () => {
    const ids = new Set<string | undefined>();
    for (let time = 0; time < 2; time++) {
      await orders.signIn(kim, { browser, wishes: { prompt: 'login' } });
      ids.add(browser.cookies.find('acme_session')?.value);
    }
    expect(ids.size).to.equal(2);
  });

  describe('ends', () => {
    it('after the idle time', async () => {
      const idle = await createApp(server.issuer('idle'));
      const { tokens } = await idle.signIn(kim, { browser });
      await sleep(1100);
      expect(await silently(idle, browser)).to.equal('login_required');
      expect(await idle.refresh(tokens).catch((error: unknown) => error)).to.include({ error: 'invalid_grant' });
    });

    it('after the absolute time, however much it is used', async () => {
      const brief = await createApp(server.issuer('brief'));
      const { claims } = await brief.signIn(kim, { browser });
      await eventually('the session to end', async () => (await silently(brief, browser)) === 'login_required');
      expect(seconds() - (claims.auth_time ?? 0)).to.be.within(2, 8);
    });

    it('later while an app refreshes its tokens, but after the absolute time all the same', async () => {
      const app = await createApp(server.issuer('short'));
      const { tokens, claims } = await app.signIn(kim, { browser });
      let latest = tokens;
      const refused = await eventually('the refresh token to end with the session', async () => {
        await sleep(100);
        return app.refresh(latest).then(
          (refreshed) => void (latest = refreshed),
          (error: unknown) => error,
        );
      });
      expect(refused).to.include({ error: 'invalid_grant' });
      expect(await silently(app, browser)).to.equal('login_required');
      expect(seconds() - (claims.auth_time ?? 0)).to.be.within(4, 9);
    });
  });

  describe('has a cookie', () => {
    it('of its tenant’s own, out of reach of scripts and of other sites’ requests', async () => {
      await orders.signIn(kim, { browser });
      for (const name of ['acme_session', 'acme_session.sig']) {
        const cookie = browser.cookies.find(name);
        expect(cookie, name).to.include({ path: '/t/acme', httpOnly: true, sameSite: 'lax', hostOnly: true });
        expect(cookie?.expires, name).to.equal(Infinity);
      }
      const others = browser.cookies.all().filter((cookie) => !cookie.name.startsWith('acme_session'));
      for (const cookie of others) expect(cookie.path).to.match(/^\/t\/acme\/interaction\/[\w-]+$/);
    });

    it('that another tenant takes no notice of', async () => {
      await orders.signIn(kim, { browser });
      const other = await createApp(server.issuer('globex'));
      for (const [name, renamed] of [
        ['acme_session', 'globex_session'],
        ['acme_session.sig', 'globex_session.sig'],
      ] as const) {
        const cookie = browser.cookies.find(name);
        if (!cookie) throw new Error(`there is no cookie ${name}`);
        browser.cookies.put({ ...cookie, name: renamed, path: '/t/globex' });
      }
      expect(await silently(other, browser)).to.equal('login_required');
      expect(await silently(orders, browser)).to.equal('a code');
    });

    it('that is good only as it was signed', async () => {
      await orders.signIn(kim, { browser });
      const cookie = browser.cookies.find('acme_session');
      if (!cookie) throw new Error('there is no session cookie');
      browser.cookies.put({ ...cookie, value: `${cookie.value.slice(0, -1)}!` });
      expect(await silently(orders, browser)).to.equal('login_required');
    });
  });

  it('does not exist while only a part of the sign-in is proven', async () => {
    const request = await orders.begin();
    const door = await browser.get(request.url);
    const wrong = await browser.fillAndSubmit(door, { username: 'kim', password: 'wrong' });
    expect(wrong.status).to.equal(401);
    expect(browser.cookies.find('acme_session')).to.equal(undefined);
    expect(await silently(orders, browser)).to.equal('login_required');
    const page = await givePassword(browser, wrong, kim);
    expect(sentTo(page).searchParams.has('code')).to.equal(true);
  });
});
