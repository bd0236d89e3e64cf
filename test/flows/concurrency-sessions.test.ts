// One browser that does several things at once, at two processes: it stays signed in, or it is signed out, and nothing between.

import { expect } from 'chai';

import { createUserAgent, textOf } from '../support/browser-like-client.ts';
import type { Page, UserAgent } from '../support/browser-like-client.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee } from '../support/organisation.ts';
import { createApp, refusalIn, refusalOf, registration, sentTo } from '../support/relying-party.ts';
import type { App, SignInRequest, Tokens, Wishes } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { givePassword } from '../support/sign-in.ts';

const ROUNDS = 12;

describe('one session, at two processes at once,', () => {
  let server: Sallyport;
  let ann: Employee;
  let home: App;
  let orders: App;
  let wiki: App;
  let survey: App;
  let browser: UserAgent;

  before(async () => {
    const organisation = await createOrganisation('one-session');
    ann = await organisation.addPerson('ann');
    server = await startSallyport({
      tenants: {
        acme: {
          name: 'Acme',
          policy: { secondFactors: { required: 'never' } },
          directories: { people: organisation.directory },
          clients: {
            home: registration(),
            orders: registration(),
            wiki: registration(),
            survey: registration({ firstParty: false }),
          },
        },
      },
      processes: 2,
    });
    const issuer = server.issuer('acme');
    home = await createApp(issuer, { clientId: 'home' });
    orders = await createApp(issuer);
    wiki = await createApp(issuer, { clientId: 'wiki' });
    survey = await createApp(issuer, { clientId: 'survey' });
  });
  after(() => server.stop());
  beforeEach(() => {
    browser = createUserAgent();
  });

  /** Another window of the same browser, whose requests go to the process of this number. */
  const windowAt = (number: number) => createUserAgent({ cookies: browser.cookies, ...server.through(number % 2) });

  interface Visit {
    app: App;
    request: SignInRequest;
    page: Page;
  }
  async function visit(app: App, at: number, wishes: Wishes = { prompt: 'none' }): Promise<Visit> {
    const request = await app.begin(wishes);
    return { app, request, page: await windowAt(at).get(request.url) };
  }
  const redeem = ({ app, request, page }: Visit) => app.finish(request, page);
  const signInAnew = async () => {
    browser = createUserAgent();
    await home.signIn(ann, { browser });
  };
  /** As far as the step from which the session gets another id; answers where that is. */
  async function confirmIdentity(): Promise<URL> {
    const { url } = await home.begin({ prompt: 'login' });
    const door = await browser.get(url);
    const page = await browser.fillAndSubmit(
      door,
      { username: ann.username, password: ann.password },
      { stopAt: `${server.issuer('acme')}/auth/` },
    );
    return sentTo(page);
  }
  async function endEverything(at: number): Promise<() => Promise<Page>> {
    const page = await windowAt(at).get(`${server.issuer('acme')}/session/end`);
    return () => windowAt(at).fillAndSubmit(page);
  }

  it('lets two apps in', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      await signInAnew();
      const visits = await Promise.all([visit(orders, round), visit(wiki, round + 1)]);
      for (const one of visits) expect((await redeem(one)).access_token).to.be.a('string');
      for (const app of [orders, wiki]) expect(refusalIn((await visit(app, round)).page)).to.equal('a code');
    }
  });

  it('lets one app in twice, each time to what was asked for', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      await signInAnew();
      const visits = await Promise.all([
        visit(orders, 0, { prompt: 'none', scope: 'openid email' }),
        visit(orders, 1, { prompt: 'none', scope: 'openid profile' }),
      ]);
      const [withEmail, withName] = await Promise.all(visits.map(redeem));
      if (!withEmail || !withName) throw new Error('nothing was redeemed');
      expect(await orders.userinfo(withEmail))
        .to.include({ email: 'ann@one-session.test' })
        .and.not.have.property('name');
      expect(await orders.userinfo(withName))
        .to.include({ name: 'ann' })
        .and.not.have.property('email');
      for (const tokens of [withEmail, withName]) expect((await orders.refresh(tokens)).access_token).to.be.a('string');
    }
  });

  it('lets one app in twice, where a person is asked in both windows', async () => {
    await signInAnew();
    const asked = await Promise.all(
      ['openid email', 'openid profile'].map((scope, at) => visit(survey, at, { scope })),
    );
    const allowed: Tokens[] = [];
    for (const [at, { app, request, page }] of asked.entries()) {
      allowed.push(await app.finish(request, await windowAt(at).click(page, 'Allow')));
    }
    const told = await Promise.all(allowed.map((tokens) => survey.userinfo(tokens)));
    expect(told[0]).to.include({ email: 'ann@one-session.test' });
    expect(told[1]).to.include({ name: 'ann' });
  });

  it('signs in in two windows', async () => {
    const requests = await Promise.all([orders.begin(), wiki.begin()]);
    const doors = await Promise.all(requests.map(({ url }, at) => windowAt(at).get(url)));
    const pages = await Promise.all(doors.map((door, at) => givePassword(windowAt(at), door, ann)));
    expect(pages.map(refusalIn)).to.deep.equal(['a code', 'a code']);
    expect(refusalIn((await visit(home, 0)).page)).to.equal('a code');
  });

  it('does not come back when it ends while an app is let in', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      await signInAnew();
      const end = await endEverything(round);
      const [late] = await Promise.all([visit(wiki, round + 1), end()]);
      if (refusalIn(late.page) === 'a code') expect(await refusalOf(redeem(late))).to.equal('invalid_grant');
      else expect(refusalIn(late.page)).to.equal('login_required');
      for (const at of [0, 1]) expect(refusalIn((await visit(orders, at)).page)).to.equal('login_required');
    }
  });

  it('ends although it gets another id meanwhile, or says that it did not', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      await signInAnew();
      const { tokens } = await orders.signIn(ann, { browser });
      const onwards = await confirmIdentity();
      const end = await endEverything(round);
      const [, page] = await Promise.all([windowAt(round + 1).get(onwards), end()]);
      const lives = await orders.userinfo(tokens).then(
        () => true,
        () => false,
      );
      expect(page.status, textOf(page)).to.equal(lives ? 400 : 200);
    }
  });

  it('goes on in the browser when it gets another id while an app is let in', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      await signInAnew();
      const onwards = await confirmIdentity();
      const [stale, back] = await Promise.all([visit(wiki, round), windowAt(round + 1).get(onwards)]);
      expect(refusalIn(back)).to.equal('a code');
      expect(refusalIn(stale.page)).to.be.oneOf(['a code', 'login_required']);
      if (refusalIn(stale.page) === 'a code') expect((await redeem(stale)).access_token).to.be.a('string');
      for (const at of [0, 1]) expect(refusalIn((await visit(orders, at)).page)).to.equal('a code');
    }
  });

  it('goes on in the browser when it gets two other ids', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      await signInAnew();
      const onwards = [await confirmIdentity(), await confirmIdentity()];
      const pages = await Promise.all(onwards.map((url, at) => windowAt(at).get(url)));
      expect(pages.filter((page) => page.location && refusalIn(page) === 'a code')).not.to.deep.equal([]);
      for (const at of [0, 1]) expect(refusalIn((await visit(orders, at)).page)).to.equal('a code');
    }
  });
});
