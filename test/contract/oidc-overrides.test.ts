// What overrides.ts, prompts.ts and guarded-fetch.ts hold on to in the library: a release that moves any of it fails here.

import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

import { expect } from 'chai';
import { interactionPolicy } from 'oidc-provider';

import { openPostgres } from '../../src/db/database-postgres.ts';
import type { Database } from '../../src/db/database.ts';
import { createMemoryStore } from '../../src/ephemeral/ephemeral-memory.ts';
import { createPrompts } from '../../src/oidc/prompts.ts';
import { NOT_ALLOWED, STEP_UP } from '../../src/policy/required-proof.ts';
import { createUserAgent } from '../support/browser-like-client.ts';
import { describeOnEveryStore } from '../support/every-store.ts';
import { exchange } from '../support/http-exchange.ts';
import { testDatabaseUrl } from '../support/postgres.ts';
import { CALLBACK, SECRET, claimsOf, createApp } from '../support/relying-party.ts';
import type { App, Wishes } from '../support/relying-party.ts';
import { serveProvider } from '../support/served-provider.ts';
import type { ServedProvider } from '../support/served-provider.ts';
import { settings } from '../support/tenants.ts';

const seconds = () => Math.floor(Date.now() / 1000);

describe('the library, as it is overridden,', () => {
  let db: Database;
  let served: ServedProvider;
  let orders: App;

  before(async () => {
    db = openPostgres({ url: await testDatabaseUrl() });
    const app = { metadata: { redirect_uris: [CALLBACK], firstParty: true }, secret: SECRET };
    served = await serveProvider({ db, store: createMemoryStore(), clients: { orders: app } });
    orders = await createApp(served.issuer);
  });
  after(() => db.close());

  const evil = { host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' };

  describe('makes URLs', () => {
    it('from the issuer, whatever the request says of its host', async () => {
      const discovery = new URL(`${served.issuer}/.well-known/openid-configuration`);
      const { body } = await exchange(discovery, undefined, { headers: evil });
      expect(body).not.to.include('evil');
      expect(JSON.parse(body)).to.include({ issuer: served.issuer, token_endpoint: `${served.issuer}/token` });
    });

    it('of a whole login from the issuer', async () => {
      const request = await orders.begin();
      const browser = createUserAgent({ headers: evil });
      const page = await browser.get(request.url);
      expect(page.trail.length).to.be.greaterThan(2);
      for (const { url } of page.trail) expect(url.origin).to.equal(served.issuer);
      await orders.finish(request, page);
    });
  });

  describe('tells of a sign-in', () => {
    async function claimsWith(acr: string, wishes: Wishes) {
      served.next = { ...served.next, acr };
      const request = await orders.begin(wishes);
      return claimsOf(await orders.finish(request, await createUserAgent().get(request.url)));
    }

    it('the acr that was asked for and is reached, else the one that was proven', async () => {
      expect((await claimsWith('phr', { acr_values: 'mfa' })).acr).to.equal('mfa');
      expect((await claimsWith('phr', { acr_values: 'phr mfa' })).acr).to.equal('phr');
      const essential = JSON.stringify({ id_token: { acr: { essential: true, values: ['mfa'] } } });
      expect((await claimsWith('phr', { claims: essential })).acr).to.equal('mfa');
      expect((await claimsWith('mfa', {})).acr).to.equal('mfa');
    });

    it('the session, to a client without back-channel logout too', async () => {
      expect((await claimsWith('sfa', {})).sid).to.be.a('string').that.is.not.empty;
    });
  });

  it('signs its cookies, and takes none that was changed', async () => {
    const browser = createUserAgent();
    const request = await orders.begin();
    await orders.finish(request, await browser.get(request.url));
    const name = served.provider.cookieName('session');
    const [cookie, signature] = [browser.cookies.find(name), browser.cookies.find(`${name}.sig`)];
    expect(signature?.value).to.match(/^[\w-]{27,}$/);
    if (!cookie || !signature) throw new Error('no cookie');
    browser.cookies.put({
      ...signature,
      value: `${signature.value.slice(0, -1)}${signature.value.endsWith('A') ? 'B' : 'A'}`,
    });
    const page = await browser.get((await orders.begin({ prompt: 'none' })).url);
    expect(page.location?.searchParams.get('error')).to.equal('login_required');
  });

  it('asks by our checks in place of its own', () => {
    const reasons = (policy: interactionPolicy.DefaultPolicy, prompt: string) =>
      [...(policy.get(prompt)?.checks ?? [])].map(({ reason }) => reason);
    const [stock, ours] = [interactionPolicy.base(), createPrompts(settings().policy, { rolesOfUser: async () => [] })];
    const replaced = ['essential_acr', 'essential_acrs'];
    expect(reasons(stock, 'login')).to.include.members(replaced);
    const kept = reasons(stock, 'login').filter((reason) => !replaced.includes(reason));
    expect(reasons(ours, 'login')).to.deep.equal(['account_gone', 'outdated_login', ...kept, NOT_ALLOWED, STEP_UP]);
    expect(reasons(stock, 'consent')).to.include('native_client_prompt');
    expect(reasons(ours, 'consent')).to.deep.equal(
      reasons(stock, 'consent').filter((reason) => reason !== 'native_client_prompt'),
    );
  });

  describe('fetches for a client', () => {
    it('nothing from an address of its own machine, in any spelling', async () => {
      const requests: string[] = [];
      const server = createServer((request, response) => {
        requests.push(request.headers.host ?? '');
        response.end();
      });
      await new Promise<void>((resolve) => server.listen(0, '::', resolve));
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      const hosts = ['127.0.0.1', 'localhost', '[::1]', '127.1', '0x7f000001', '[::ffff:127.0.0.1]', '0.0.0.0'];
      const clients = hosts.map((host) => {
        const metadata = {
          backchannel_logout_uri: `http://${host}:${port}/logout`,
          redirect_uris: [CALLBACK],
          firstParty: true,
        };
        return [host, { secret: SECRET, metadata }] as const;
      });
      const guarded = await serveProvider({ db, store: createMemoryStore(), clients: Object.fromEntries(clients) });
      const failures = new Map<string, unknown>();
      guarded.provider.on('backchannel.error', (_ctx, { cause }, { clientId }) => failures.set(clientId, cause));

      const browser = createUserAgent();
      for (const clientId of hosts) {
        const app = await createApp(guarded.issuer, { clientId });
        const request = await app.begin();
        await app.finish(request, await browser.get(request.url));
      }
      await browser.click(await browser.get(`${guarded.issuer}/session/end`), 'All');
      server.close();
      expect([...failures.keys()]).to.have.members(hosts);
      for (const [host, cause] of failures) {
        expect(cause, host).to.be.instanceOf(Error).with.property('message').that.includes('special-use');
      }
      expect(requests).to.deep.equal([]);
    });

    it('what is at a host that the operator allows, as it is sent', async () => {
      const bodies: string[] = [];
      const server = createServer((request, response) => {
        void text(request).then((body) => {
          bodies.push(`${request.headers['content-type'] ?? ''} ${body}`);
          response.end();
        });
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      const metadata = {
        backchannel_logout_uri: `http://127.0.0.1:${port}/logout`,
        redirect_uris: [CALLBACK],
        firstParty: true,
      };
      const clients = { told: { secret: SECRET, metadata } };
      const allowing = await serveProvider({ db, store: createMemoryStore(), clients, allowHosts: ['127.0.0.1'] });
      const browser = createUserAgent();
      const app = await createApp(allowing.issuer, { clientId: 'told' });
      const request = await app.begin();
      await app.finish(request, await browser.get(request.url));
      await browser.click(await browser.get(`${allowing.issuer}/session/end`), 'All');
      server.close();
      expect(bodies).to.have.lengthOf(1);
      expect(bodies[0]).to.match(/^application\/x-www-form-urlencoded\S* logout_token=ey/);
    });
  });
});

describeOnEveryStore('the library’s memory of what was used', (store) => {
  let db: Database;
  let providers: ServedProvider[];

  before(async () => {
    db = openPostgres({ url: await testDatabaseUrl() });
    const first = await serveProvider({ db, store: store() });
    const neighbour = await serveProvider({ db, store: store() });
    providers = [first, await serveProvider({ db, store: store(1), beside: first }), neighbour];
  });
  after(() => db.close());

  function unique(number: number, issuer: string, jti: string, exp = seconds() + 60): Promise<boolean> {
    const served = providers[number];
    if (!served) throw new Error('no provider');
    return served.provider.ReplayDetection.unique(issuer, jti, exp);
  }

  it('lets one of twenty pass', async () => {
    const passed = await Promise.all(Array.from({ length: 20 }, (_, n) => unique(n % 2, 'orders', 'proof-1')));
    expect(passed.filter(Boolean)).to.have.length(1);
    expect(await unique(0, 'orders', 'proof-1')).to.equal(false);
  });

  it('tells issuers and tenants apart', async () => {
    expect(await unique(0, 'orders', 'proof-2')).to.equal(true);
    expect(await unique(0, 'order', 'sproof-2')).to.equal(true);
    expect(await unique(2, 'orders', 'proof-2')).to.equal(true);
  });

  it('takes what has expired already, once', async () => {
    expect(await unique(0, 'orders', 'proof-3', seconds() - 10)).to.equal(true);
    expect(await unique(1, 'orders', 'proof-3', seconds() - 10)).to.equal(false);
  });
});

describe('the library’s memory of what was used, in time', () => {
  it('outlasts what a clock that is ahead dates later', async () => {
    let now = Date.now();
    const db = openPostgres({ url: await testDatabaseUrl() });
    const { provider } = await serveProvider({ db, store: createMemoryStore({ now: () => now }) });
    const accepted = seconds() + 300;
    expect(await provider.ReplayDetection.unique('orders', 'proof', accepted)).to.equal(true);
    now += 590_000;
    expect(await provider.ReplayDetection.unique('orders', 'proof', accepted)).to.equal(false);
    await db.close();
  });
});
