// Redis and Postgres in trouble, as people and apps see it: an honest answer in time, nobody let in who should not be, nothing
// lost that was confirmed, and everything as before when the trouble is over.

import { expect } from 'chai';
import { tokenRevocation } from 'openid-client';
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
import { claimsOf, createApp, refusalIn, refusalOf, registration } from '../support/relying-party.ts';
import type { App, SignedIn, SignInRequest } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { doorOf, giveCode, givePassword, signIn } from '../support/sign-in.ts';

/** Milliseconds: the longest answer that is promised, and some for a machine that is busy. */
const PROMISED = 5_000 + 1_500;
const MAX_CONNECTIONS = 12;

/** What one can ask for, and the answer where it does not need what is in trouble. Nothing made up is ever accepted. */
const ANSWERS: Readonly<Record<string, number>> = {
  'a first page': 200,
  'a wrong code': 400,
  'silent sign-on': 302,
  introspection: 200,
  revocation: 200,
  userinfo: 200,
  'a made-up code': 400,
  'a made-up refresh token': 400,
};
const EVERYTHING = Object.keys(ANSWERS);
const ALL_BUT_A_START = EVERYTHING.filter((asked) => asked !== 'a first page' && asked !== 'a made-up code');

interface Trouble {
  begins(): Promise<unknown>;
  ends(): Promise<unknown>;
  /** What nobody can answer meanwhile. */
  unanswerable: readonly string[];
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

  /** Those of the process are ended; what it gets back meanwhile is ended again, until there is none. */
  async function takeEveryConnection(): Promise<void> {
    const greedy = await connectToPostgres();
    const ofProcess = `from pg_stat_activity where application_name = 'sallyport'`;
    let ended: number | null;
    do {
      ({ rowCount: ended } = await greedy.query(`select pg_terminate_backend(pid, 1000) ${ofProcess}`));
      let another: pg.Client | undefined = greedy;
      while (another) another = await connectToPostgres().catch(() => undefined);
    } while (ended !== 0);
  }

  const troubles: Record<string, Trouble> = {
    'Redis is stopped, and comes back empty': {
      begins: () => redis.stop(),
      ends: () => redis.start(),
      unanswerable: EVERYTHING,
      forgets: true,
    },
    'Redis hangs': { begins: async () => redis.pause(), ends: async () => redis.resume(), unanswerable: EVERYTHING },
    'Postgres is stopped': {
      begins: () => postgres.stop(),
      ends: () => postgres.start(),
      unanswerable: ALL_BUT_A_START,
    },
    'Postgres hangs': {
      begins: async () => postgres.pause(),
      ends: async () => postgres.resume(),
      unanswerable: ALL_BUT_A_START,
    },
    'Postgres is slow: whoever writes waits for a lock': {
      async begins() {
        const locker = await connectToPostgres();
        await locker.query('begin');
        await locker.query('lock table sessions, refresh_tokens, grants, users, attempt_counters in exclusive mode');
      },
      ends: letGo,
      unanswerable: ['a wrong code', 'silent sign-on', 'revocation'],
    },
    'Postgres has no connection left': {
      begins: takeEveryConnection,
      ends: letGo,
      unanswerable: ALL_BUT_A_START,
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

  for (const [what, { begins, ends, unanswerable, forgets }] of Object.entries(troubles)) {
    it(`because ${what}, it says so in time, and goes on afterwards`, async () => {
      const before = await peopleBefore();
      const { person, signedIn, lost, halfWay } = before;
      await begins();
      try {
        for (const [asked, status] of Object.entries(await askEverything(before))) {
          expect(status, asked).to.be.oneOf(unanswerable.includes(asked) ? [503] : [503, ANSWERS[asked]]);
        }
      } finally {
        await ends();
      }
      await eventually('to be ready', async () => (await fetch(`${server.publicUrl}/readyz`)).ok, 15_000);

      // What was confirmed before is there still.
      const refreshed = await app.refresh(signedIn.tokens);
      expect(claimsOf(refreshed).sub).to.equal(signedIn.claims.sub);
      expect(refusalIn(await signedIn.browser.get((await app.begin({ prompt: 'none' })).url))).to.equal('a code');
      // What was not confirmed may have been done or not, and is done when it is asked for again.
      await tokenRevocation(app.config, lost.tokens.refresh_token ?? '');
      expect(await refusalOf(app.refresh(lost.tokens))).to.equal('invalid_grant');
      expect(await refusalOf(app.userinfo(lost.tokens))).to.equal('invalid_token');
      // A sign-in under way goes on from its page, or begins again where it was forgotten.
      const half = halfWay.browser;
      const page = forgets ? await half.get((await app.begin()).url) : await giveCode(half, halfWay.page, person);
      const end = forgets ? await signIn(half, page, person) : page;
      expect(refusalIn(end)).to.equal('a code');
    });
  }
});
