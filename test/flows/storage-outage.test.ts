// Redis and Postgres in trouble, as people and apps see it: an honest answer in time, nobody let in who should not be, nothing
// lost that was confirmed, and everything as before when the trouble is over.

import { expect } from 'chai';
import pg from 'pg';

import { askAsClient } from '../support/at-once.ts';
import { createUserAgent } from '../support/browser-like-client.ts';
import type { Page, UserAgent } from '../support/browser-like-client.ts';
import { eventually } from '../support/eventually.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee, Organisation } from '../support/organisation.ts';
import { startPostgres } from '../support/postgres.ts';
import type { TestPostgres } from '../support/postgres.ts';
import { startRedis } from '../support/redis.ts';
import type { TestRedis } from '../support/redis.ts';
import { claimsOf, createApp, refusalIn, registration } from '../support/relying-party.ts';
import type { App, SignedIn, SignInRequest } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { doorOf, giveCode, givePassword, signIn } from '../support/sign-in.ts';

/** Milliseconds: the longest answer that is promised, and some for a machine that is busy. */
const PROMISED = 5_000 + 1_500;
const MAX_CONNECTIONS = 12;

interface Trouble {
  begins(): Promise<unknown>;
  ends(): Promise<unknown>;
  /** What was under way in the ephemeral store is gone. */
  forgets?: true;
}

describe('while its storage is in trouble', () => {
  let server: Sallyport;
  let redis: TestRedis;
  let postgres: TestPostgres;
  let organisation: Organisation;
  let app: App;
  let people = 0;
  const held: pg.Client[] = [];

  before(async () => {
    [redis, postgres] = await Promise.all([startRedis(), startPostgres({ maxConnections: MAX_CONNECTIONS })]);
    organisation = await createOrganisation('storageoutage');
    server = await startSallyport({
      tenants: {
        acme: {
          name: 'Acme',
          policy: { directoryFreshness: '1s' },
          directories: { people: organisation.directory },
          clients: { orders: registration() },
        },
      },
      server: { redisUrl: redis.url, databaseUrl: postgres.url(), databasePool: { max: 5 } },
      migrate: true,
    });
    app = await createApp(server.issuer('acme'));
  });
  after(() => server.stop());

  async function connectToPostgres(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: postgres.url() });
    client.on('error', () => undefined);
    await client.connect();
    held.push(client);
    return client;
  }
  async function letGo(): Promise<void> {
    await Promise.all(held.splice(0).map((client) => client.end()));
  }

  const troubles: Record<string, Trouble> = {
    'Redis is stopped, and comes back empty': {
      begins: () => redis.stop(),
      ends: () => redis.start(),
      forgets: true,
    },
    'Redis hangs': { begins: async () => redis.pause(), ends: async () => redis.resume() },
    'Postgres is stopped': { begins: () => postgres.stop(), ends: () => postgres.start() },
    'Postgres hangs': { begins: async () => postgres.pause(), ends: async () => postgres.resume() },
    'Postgres is slow: whoever writes waits for a lock': {
      async begins() {
        const locker = await connectToPostgres();
        await locker.query('begin');
        await locker.query('lock table sessions, refresh_tokens, grants, users, attempt_counters in exclusive mode');
      },
      ends: letGo,
    },
    'Postgres has no connection left': {
      async begins() {
        // Those of the process are ended, so that it needs new ones and competes for them.
        const greedy = await connectToPostgres();
        const others = 'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()';
        await greedy.query(`${others} and application_name = 'sallyport'`);
        for (;;) {
          const another = await connectToPostgres().catch(() => undefined);
          if (!another) break;
        }
      },
      ends: letGo,
    },
  };

  /** Whoever was there before the trouble. */
  interface Before {
    person: Employee;
    signedIn: SignedIn;
    /** Signed in elsewhere, to be revoked. */
    lost: SignedIn;
    /** Half-way in, at the page that asks for a code. */
    halfWay: { browser: UserAgent; request: SignInRequest; page: Page };
  }

  async function peopleBefore(): Promise<Before> {
    const person = await organisation.addPerson(`person${(people += 1)}`);
    const signedIn = await app.signIn(person);
    const lost = await app.signIn(person);
    const browser = createUserAgent();
    const request = await app.begin();
    const page = await givePassword(browser, await browser.get(request.url), person);
    expect(doorOf(page)).to.equal('code');
    return { person, signedIn, lost, halfWay: { browser, request, page } };
  }

  /** Everything that one can ask for, at once; each must be answered in time. What it came to, by what was asked. */
  async function askEverything({ signedIn, lost, halfWay }: Before): Promise<Record<string, number>> {
    const client = (path: string, fields: Record<string, string>) => async () =>
      (await askAsClient(server, 'acme', { path, clientId: 'orders', fields })).status;
    const page = (asked: Promise<Page>) => asked.then(({ status, location }) => (location ? 302 : status));
    const silent = await app.begin({ prompt: 'none' });
    const asked: Record<string, () => Promise<number>> = {
      'a first page': async () => page(createUserAgent().get((await app.begin()).url)),
      'a wrong code': () => page(halfWay.browser.fillAndSubmit(halfWay.page, { code: '000000' })),
      'silent sign-on': () => page(signedIn.browser.get(silent.url)),
      introspection: client('/token/introspection', { token: signedIn.tokens.refresh_token ?? '' }),
      revocation: client('/token/revocation', { token: lost.tokens.refresh_token ?? '' }),
      userinfo: async () =>
        (
          await fetch(`${server.issuer('acme')}/me`, {
            headers: { authorization: `Bearer ${signedIn.tokens.access_token}` },
          })
        ).status,
      'a made-up code': client('/token', { grant_type: 'authorization_code', code: 'x'.repeat(43) }),
      'a made-up refresh token': client('/token', { grant_type: 'refresh_token', refresh_token: 'x'.repeat(43) }),
    };
    const answers = await Promise.all(
      Object.entries(asked).map(async ([what, ask]) => {
        const since = Date.now();
        const status = await ask();
        expect(Date.now() - since, `${what} took too long`).to.be.lessThan(PROMISED);
        return [what, status] as const;
      }),
    );
    return Object.fromEntries(answers);
  }

  for (const [what, { begins, ends, forgets }] of Object.entries(troubles)) {
    it(`because ${what}, it says so in time, and goes on afterwards`, async () => {
      const before = await peopleBefore();
      const { person, signedIn, lost, halfWay } = before;
      let told: Record<string, number>;
      await begins();
      try {
        told = await askEverything(before);
        // A wrong code or a made-up token is refused where that can be told, and accepted nowhere.
        for (const [asked, status] of Object.entries(told))
          expect(status, asked).to.be.oneOf([503, 400, 401, 302, 200]);
        expect(Object.values(told), JSON.stringify(told)).to.include(503);
        for (const never of ['a wrong code', 'a made-up code', 'a made-up refresh token']) {
          expect(told[never], never).not.to.be.oneOf([200, 302, 303]);
        }
      } finally {
        await ends();
      }
      await eventually('to be ready', async () => (await fetch(`${server.publicUrl}/readyz`)).ok, 15_000);

      // What was confirmed before is there still.
      const refreshed = await app.refresh(signedIn.tokens);
      expect(claimsOf(refreshed).sub).to.equal(signedIn.claims.sub);
      expect(refusalIn(await signedIn.browser.get((await app.begin({ prompt: 'none' })).url))).to.equal('a code');
      const ofLost = await app.refresh(lost.tokens).catch(() => undefined);
      expect(ofLost === undefined, `revocation answered ${String(told.revocation)}`).to.equal(told.revocation === 200);
      // A sign-in under way goes on from its page, or begins again where it was forgotten.
      const half = halfWay.browser;
      const page = forgets ? await half.get((await app.begin()).url) : await giveCode(half, halfWay.page, person);
      const end = forgets ? await signIn(half, page, person) : page;
      expect(refusalIn(end)).to.equal('a code');
    });
  }
});
