import { expect } from 'chai';

import { createMemoryStore } from '../../src/ephemeral/ephemeral-memory.ts';
import { createPostgresSessions } from '../../src/sessions/sessions-postgres.ts';
import type { Session, Sessions } from '../../src/sessions/sessions.ts';
import { createUserAgent } from '../support/browser-like-client.ts';
import type { UserAgent } from '../support/browser-like-client.ts';
import { describeOnEveryDatabase } from '../support/every-database.ts';
import { CALLBACK, SECRET, claimsOf, createApp, refusalIn, sentTo } from '../support/relying-party.ts';
import type { App, Tokens, Wishes } from '../support/relying-party.ts';
import { serveProvider } from '../support/served-provider.ts';
import type { ServedProvider } from '../support/served-provider.ts';

const PROOF = { factor: 'password', amr: ['pwd'], at: 1_000_000 };

describeOnEveryDatabase('the library’s session', ({ db, other }) => {
  let provider: ServedProvider;
  let slow: ServedProvider;
  const brake = createBrake();
  let orders: App;
  let wiki: App;
  /** Its tokens outlive the session. */
  let mobile: App;
  let sessions: Sessions;
  let browser: UserAgent;

  before(async () => {
    const store = createMemoryStore();
    const metadata = { redirect_uris: [CALLBACK], firstParty: true };
    const client = { secret: SECRET, metadata };
    const lasting = { secret: SECRET, metadata: { ...metadata, refreshOutlivesSession: true } };
    provider = await serveProvider({ db: db(), store, clients: { orders: client, wiki: client, mobile: lasting } });
    // Another process of the same issuer, whose writes come as late as a test likes.
    slow = await serveProvider({ db: other(), store, beside: provider, seen: brake.slowing });
    orders = await createApp(provider.issuer);
    wiki = await createApp(provider.issuer, { clientId: 'wiki' });
    mobile = await createApp(provider.issuer, { clientId: 'mobile' });
    sessions = createPostgresSessions(db());
  });
  beforeEach(() => {
    provider.next = { accountId: provider.next.accountId };
    provider.ended.length = 0;
    slow.ended.length = 0;
    browser = createUserAgent();
  });

  /** The same browser, whose requests go to the other process. */
  const slowly = () => createUserAgent({ cookies: browser.cookies, proxied: { [provider.issuer]: slow.url } });
  const cookie = () => browser.cookies.find(provider.provider.cookieName('session'))?.value;
  const current = async (): Promise<Session | undefined> => sessions.find(provider.tenant.id, cookie() ?? '');
  const silently = async (app: App, inBrowser = browser, wishes: Wishes = {}) => {
    const request = await app.begin({ prompt: 'none', ...wishes });
    return { request, page: await inBrowser.get(request.url) };
  };
  async function signIn(app = orders, wishes: Wishes = {}): Promise<Tokens> {
    const request = await app.begin(wishes);
    return app.finish(request, await browser.get(request.url));
  }
  async function endSession(inBrowser = browser): Promise<void> {
    await inBrowser.click(await inBrowser.get(`${provider.issuer}/session/end`), 'All');
  }
  async function signOutOf({ id_token: hint = '' }: Tokens): Promise<void> {
    await browser.click(await browser.get(`${provider.issuer}/session/end?id_token_hint=${hint}`), 'This app');
  }

  describe('becomes a row', () => {
    it('when somebody signs in, with the device, the address and what was proven', async () => {
      provider.next = { ...provider.next, acr: 'mfa', amr: ['pwd', 'otp'], ts: 1_000_000, proofs: [PROOF] };
      await signIn();
      const session = await current();
      expect(session).to.deep.include({ acr: 'mfa', amr: ['pwd', 'otp'], authTime: 1_000_000, proofs: [PROOF] });
      expect(session?.userId).to.equal(provider.next.accountId);
      const [row] = await db().query('select address, user_agent from sessions where uid = $1', [session?.uid]);
      expect(row).to.deep.equal({
        address: '127.0.0.1',
        user_agent: 'Mozilla/5.0 (X11; Linux x86_64) BrowserLikeClient/1.0',
      });
    });

    it('with one row for each app, that tells the app its own sid', async () => {
      const first = await orders.begin();
      const { sid } = claimsOf(await orders.finish(first, await browser.get(first.url)));
      const second = await silently(wiki);
      const other = claimsOf(await wiki.finish(second.request, second.page));
      const { authorizations } = (await current()) ?? {};
      expect(authorizations?.orders?.sid).to.equal(sid);
      expect(authorizations?.wiki?.sid).to.equal(other.sid);
      expect(other.sid).not.to.equal(sid);
    });

    it('not while nobody has signed in, however often somebody comes', async () => {
      const count = async () =>
        (await db().query('select uid from sessions where tenant_id = $1', [provider.tenant.id])).length;
      const before = await count();
      expect(refusalIn((await silently(orders)).page)).to.equal('login_required');
      await browser.get((await orders.begin()).url, { stopAt: `${provider.issuer}/interaction` });
      expect(await count()).to.equal(before);
      expect(cookie()).to.equal(undefined);
    });
  });

  describe('is not made by a login that the person’s proofs were outdated after', () => {
    const outdate = () => sessions.endOthers(provider.tenant.id, provider.next.accountId, undefined);
    /** A login whose result lies in the interaction. */
    async function finished(wishes: Wishes = {}, app = orders) {
      const request = await app.begin(wishes);
      const page = await browser.get(request.url, { stopAt: `${provider.issuer}/auth/` });
      return { request, onwards: sentTo(page) };
    }

    it('but by the next one, which the browser is asked for', async () => {
      const { request, onwards } = await finished();
      await outdate();
      const page = await browser.get(onwards);
      expect(page.trail.map(({ url }) => url.pathname.split('/')[1])).to.include('interaction');
      await orders.finish(request, page);
      expect(await current()).not.to.equal(undefined);
    });

    it('and the session that was there goes on as it was', async () => {
      await signIn();
      const uid = (await current())?.uid;
      const { onwards } = await finished({ acr_values: 'mfa' });
      await sessions.endOthers(provider.tenant.id, provider.next.accountId, uid);
      await browser.get(onwards, { stopAt: `${provider.issuer}/interaction` });
      expect(await current()).to.include({ uid, acr: 'sfa' });
    });

    it('and its code is worth nothing where that comes while the session is stored, also for a lasting token', async () => {
      const { request, onwards } = await finished({}, mobile);
      const { reached, release } = brake.hold('save');
      const late = slowly().get(onwards);
      await reached;
      await outdate();
      release();
      const page = await late;
      expect(sentTo(page).searchParams.has('code')).to.equal(true);
      expect(await mobile.finish(request, page).catch((error: unknown) => error)).to.include({
        error: 'invalid_grant',
      });
      expect(await current()).to.equal(undefined);
    });
  });

  describe('changes', () => {
    it('its id at a sign-in, and not at a plain single sign-on', async () => {
      await signIn();
      const first = cookie();
      await silently(wiki);
      expect(cookie()).to.equal(first);
      const uid = (await current())?.uid;
      await signIn(orders, { prompt: 'login' });
      expect(cookie()).not.to.equal(first);
      expect((await current())?.uid).to.equal(uid);
      expect(await sessions.find(provider.tenant.id, first ?? '')).to.equal(undefined);
    });

    it('what was proven, at a step-up', async () => {
      await signIn();
      const stronger = { factor: 'totp', amr: ['otp'], at: 2_000_000 };
      provider.next = {
        ...provider.next,
        acr: 'mfa',
        amr: ['pwd', 'otp', 'mfa'],
        ts: 1_000_000,
        proofs: [PROOF, stronger],
      };
      await signIn(orders, { acr_values: 'mfa' });
      expect(await current()).to.deep.include({ acr: 'mfa', authTime: 1_000_000, proofs: [PROOF, stronger] });
    });

    it('nothing where a request of the same session only looks', async () => {
      await signIn();
      const before = await current();
      await silently(orders);
      expect({ ...(await current()), expiresAt: 0 }).to.deep.equal({ ...before, expiresAt: 0 });
    });
  });

  describe('ends', () => {
    it('for every app, and says so once', async () => {
      await signIn();
      const uid = (await current())?.uid;
      await endSession();
      expect(cookie()).to.equal(undefined);
      expect(await sessions.findByUid(provider.tenant.id, uid ?? '')).to.equal(undefined);
      expect(provider.ended).to.deep.equal([uid]);
    });

    it('for one app alone, and goes on for the others under another id', async () => {
      const tokens = await signIn();
      await silently(wiki);
      const before = cookie();
      await signOutOf(tokens);
      expect(cookie()).not.to.equal(before);
      expect(Object.keys((await current())?.authorizations ?? {})).to.deep.equal(['wiki']);
      expect(provider.ended).to.deep.equal([]);
    });
  });

  describe('in two requests at once, of which one saves late', () => {
    /** A silent sign-on that has read the session, and has not written it yet. */
    async function underWay(app: App) {
      const { reached, release } = brake.hold('save');
      const running = silently(app, slowly());
      await reached;
      return () => {
        release();
        return running;
      };
    }

    it('keeps the app that signed in meanwhile, and both codes are good', async () => {
      await signIn(orders);
      const finish = await underWay(wiki);
      await signIn(orders, { scope: 'openid email' });
      const late = await finish();
      await wiki.finish(late.request, late.page);
      expect(Object.keys((await current())?.authorizations ?? {})).to.have.members(['orders', 'wiki']);
    });

    it('goes on in the browser under the id that it got meanwhile', async () => {
      await signIn(orders);
      const finish = await underWay(wiki);
      await signIn(orders, { prompt: 'login' });
      const rotated = cookie();
      const late = await finish();
      expect(cookie()).to.equal(rotated);
      expect(Object.keys((await current())?.authorizations ?? {})).to.have.members(['orders', 'wiki']);
      await wiki.finish(late.request, late.page);
    });

    it('goes by one id in the browser when both give it another', async () => {
      await signIn(orders);
      const request = await wiki.begin({ prompt: 'login' });
      const proven = await browser.get(request.url, { stopAt: `${provider.issuer}/auth/` });
      const { reached, release } = brake.hold('save');
      const late = slowly().get(sentTo(proven));
      await reached;
      await signIn(orders, { prompt: 'login' });
      const rotated = cookie();
      release();
      await wiki.finish(request, await late);
      expect(cookie()).to.equal(rotated);
      expect(Object.keys((await current())?.authorizations ?? {})).to.have.members(['orders', 'wiki']);
    });

    it('keeps the step-up that came meanwhile', async () => {
      await signIn(orders);
      const finish = await underWay(wiki);
      provider.next = { ...provider.next, acr: 'mfa' };
      await signIn(orders, { acr_values: 'mfa' });
      await finish();
      expect(await current()).to.include({ acr: 'mfa' });
    });

    it('does not come back when it has ended meanwhile, and the code is worth nothing', async () => {
      await signIn(orders);
      const uid = (await current())?.uid ?? '';
      const finish = await underWay(wiki);
      await endSession();
      const late = await finish();
      expect(await sessions.findByUid(provider.tenant.id, uid)).to.equal(undefined);
      expect(sentTo(late.page).searchParams.has('code')).to.equal(true);
      const refused = await wiki.finish(late.request, late.page).catch((error: unknown) => error);
      expect(refused).to.include({ error: 'invalid_grant' });
      expect(refusalIn((await silently(orders)).page)).to.equal('login_required');
    });

    it('ends although it got another id meanwhile', async () => {
      await signIn(orders);
      const uid = (await current())?.uid ?? '';
      const { reached, release } = brake.hold('end');
      const ending = endSession(slowly());
      await reached;
      await signIn(orders, { prompt: 'login' });
      release();
      await ending;
      expect(await sessions.findByUid(provider.tenant.id, uid)).to.equal(undefined);
      expect(slow.ended).to.deep.equal([uid]);
    });

    it('does not bring back the app that signed out meanwhile', async () => {
      const tokens = await signIn(orders);
      const finish = await underWay(wiki);
      await signOutOf(tokens);
      await finish();
      expect(Object.keys((await current())?.authorizations ?? {})).to.deep.equal(['wiki']);
    });
  });
});

type Held = Pick<Sessions, 'save' | 'end'>;

/** Stops calls on their way to the database until they are let go. */
function createBrake() {
  let held: { method: keyof Held; reached: () => void; released: Promise<void> } | undefined;
  async function pause(method: keyof Held): Promise<void> {
    if (held?.method !== method) return;
    held.reached();
    await held.released;
  }
  return {
    slowing: (sessions: Sessions): Sessions => ({
      ...sessions,
      save: (...call) => pause('save').then(() => sessions.save(...call)),
      end: (...call) => pause('end').then(() => sessions.end(...call)),
    }),
    hold(method: keyof Held) {
      const reached = Promise.withResolvers<undefined>();
      const released = Promise.withResolvers<undefined>();
      held = { method, reached: () => reached.resolve(undefined), released: released.promise.then(() => undefined) };
      const release = () => {
        held = undefined;
        released.resolve(undefined);
      };
      return { reached: reached.promise, release };
    },
  };
}
