// What is good once is good once: of any number of requests at once, to two processes on one Postgres and one Redis.

import { randomUUID } from 'node:crypto';

import { expect } from 'chai';
import { SignJWT, exportJWK, generateKeyPair } from 'jose';

import { askAsClient, twenty } from '../support/at-once.ts';
import type { ClientAnswer, ClientRequest } from '../support/at-once.ts';
import { createUserAgent } from '../support/browser-like-client.ts';
import type { UserAgent } from '../support/browser-like-client.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee } from '../support/organisation.ts';
import { CALLBACK, createApp, refusalIn, registration, sentTo } from '../support/relying-party.ts';
import type { App } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';

const ROUNDS = 5;

describe('used by twenty at once, at two processes,', () => {
  let server: Sallyport;
  let keys: Awaited<ReturnType<typeof generateKeyPair>>;
  let ann: Employee;
  let orders: App;
  /** Ann has signed in here. */
  let browser: UserAgent;

  before(async () => {
    const organisation = await createOrganisation('at-once');
    ann = await organisation.addPerson('ann');
    keys = await generateKeyPair('ES256');
    const machine = { grant_types: ['client_credentials'], redirect_uris: [], post_logout_redirect_uris: [] };
    const byKey = { client_secret: undefined, token_endpoint_auth_method: 'private_key_jwt' };
    const jwks = { keys: [await exportJWK(keys.publicKey)] };
    const tenant = {
      name: 'Acme',
      policy: { secondFactors: { required: 'never' } },
      directories: { people: organisation.directory },
      clients: {
        orders: registration(),
        service: registration(machine),
        robot: registration({ ...machine, ...byKey, jwks }),
      },
    };
    server = await startSallyport({
      tenants: { acme: tenant, lenient: { ...tenant, tokens: { refreshReuseLeeway: '10s' } } },
      processes: 2,
    });
    orders = await createApp(server.issuer('acme'));
    ({ browser } = await orders.signIn(ann));
  });
  after(() => server.stop());

  const ask = (request: ClientRequest, tenant = 'acme') => askAsClient(server, tenant, request);
  const asOrders = (fields: Record<string, string>, at = 0, tenant = 'acme') =>
    ask({ path: '/token', clientId: 'orders', fields, at }, tenant);
  const refresh = ({ refresh_token: token = '' }: ClientAnswer, at = 0, tenant = 'acme') =>
    asOrders({ grant_type: 'refresh_token', refresh_token: token }, at, tenant);
  /** The same browser, whose requests go to the process of this number. */
  const browserAt = (number: number, inBrowser = browser) =>
    createUserAgent({ cookies: inBrowser.cookies, ...server.through(number % 2) });

  async function aCode(at = 0, app = orders, inBrowser = browser): Promise<Record<string, string>> {
    const request = await app.begin({ prompt: 'none' });
    const page = await browserAt(at, inBrowser).get(request.url);
    return {
      grant_type: 'authorization_code',
      redirect_uri: CALLBACK,
      code: sentTo(page).searchParams.get('code') ?? '',
      code_verifier: String(request.checks.pkceCodeVerifier),
    };
  }
  /** The only answer that is no refusal. All others are this one. */
  function winnerOf(answers: readonly ClientAnswer[], error: string): ClientAnswer {
    const [winner, ...more] = answers.filter(({ status }) => status < 300);
    if (!winner) throw new Error(`Nobody won: ${JSON.stringify(answers[0])}`);
    expect(more).to.deep.equal([]);
    const others = answers.filter((answer) => answer !== winner);
    expect(others.map((answer) => answer.error)).to.deep.equal(others.map(() => error));
    return winner;
  }
  async function areAlive(tokens: ClientAnswer, at: number, tenant = 'acme'): Promise<boolean[]> {
    const { access_token: access = '', refresh_token: token = '' } = tokens;
    const introspect = (one: string) => ({
      path: '/token/introspection',
      clientId: 'orders',
      fields: { token: one },
      at,
    });
    const answers = await Promise.all([
      ask({ path: '/me', headers: { authorization: `Bearer ${access}` }, at }, tenant),
      ask(introspect(access), tenant),
      ask(introspect(token), tenant),
    ]);
    return answers.map(({ status, active }) => active ?? status === 200);
  }
  async function expectEnded(tokens: ClientAnswer): Promise<void> {
    for (const at of [0, 1]) expect(await areAlive(tokens, at)).to.deep.equal([false, false, false]);
    expect(await refresh(tokens, 1)).to.include({ status: 400, error: 'invalid_grant' });
  }

  it('a code gives tokens to one, and then the grant ends', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const code = await aCode(round);
      const winner = winnerOf(await twenty((n) => asOrders(code, n)), 'invalid_grant');
      await expectEnded(winner);
    }
  });

  it('a code that was redeemed before ends what came of it', async () => {
    const code = await aCode();
    const tokens = await asOrders(code, 0);
    expect(await areAlive(tokens, 1)).to.deep.equal([true, true, true]);
    winnerOf([tokens, await asOrders(code, 1)], 'invalid_grant');
    await expectEnded(tokens);
  });

  it('a refresh token gives tokens to one, and then the grant ends', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const first = await asOrders(await aCode(round), round);
      const winner = winnerOf(await twenty((n) => refresh(first, n)), 'invalid_grant');
      await expectEnded(winner);
      await expectEnded(first);
    }
  });

  it('a refresh token that was used before ends what came of it', async () => {
    const first = await asOrders(await aCode());
    const second = await refresh(first, 0);
    const third = await refresh(second, 1);
    expect(await areAlive(third, 0)).to.deep.equal([true, true, true]);
    winnerOf([third, await refresh(first, 1)], 'invalid_grant');
    await expectEnded(third);
  });

  it('a refresh token within the leeway gives tokens to one, which stay good', async () => {
    const app = await createApp(server.issuer('lenient'));
    const { browser: known } = await app.signIn(ann);
    const first = await asOrders(await aCode(0, app, known), 0, 'lenient');
    const winner = winnerOf(await twenty((n) => refresh(first, n, 'lenient')), 'invalid_grant');
    expect(await areAlive(winner, 1, 'lenient')).to.deep.equal([true, true, true]);
    expect(await refresh(first, 1, 'lenient')).to.include({ status: 400, error: 'invalid_grant' });
    expect(await refresh(winner, 0, 'lenient')).to.include({ status: 200 });
  });

  it('a pushed request gives one code', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const { url } = await orders.begin({ prompt: 'none' });
      const fields = Object.fromEntries(url.searchParams);
      const pushed = await ask({ path: '/request', clientId: 'orders', fields, at: round });
      url.search = new URLSearchParams({ client_id: 'orders', request_uri: pushed.request_uri ?? '' }).toString();
      const pages = await twenty((n) => browserAt(n).get(url));
      // Whoever comes when it is used up already is told on a page, for nobody knows then where to send them.
      const told = pages.map((page) => (page.location ? refusalIn(page) : page.status));
      expect(told.filter((answer) => answer === 'a code')).to.have.length(1);
      expect(told).to.have.members([
        'a code',
        ...told.filter((answer) => answer === 'invalid_request_uri' || answer === 400),
      ]);
    }
  });

  it('a pushed request lets one of two people in', async () => {
    const { url } = await orders.begin();
    const fields = Object.fromEntries(url.searchParams);
    const pushed = await ask({ path: '/request', clientId: 'orders', fields });
    url.search = new URLSearchParams({ client_id: 'orders', request_uri: pushed.request_uri ?? '' }).toString();
    const visits = [createUserAgent(server.through(0)), createUserAgent(server.through(1))];
    const doors = await Promise.all(visits.map(async (visit) => ({ visit, door: await visit.get(url) })));
    const told: (string | null)[] = [];
    const { username, password } = ann;
    for (const { visit, door } of doors) told.push(refusalIn(await visit.fillAndSubmit(door, { username, password })));
    expect(told).to.deep.equal(['a code', 'invalid_request_uri']);
  });

  it('a DPoP proof gives one token', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const proof = await new SignJWT({ htm: 'POST', htu: `${server.issuer('acme')}/token`, jti: randomUUID() })
        .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: await exportJWK(keys.publicKey) })
        .setIssuedAt()
        .sign(keys.privateKey);
      const fields = { grant_type: 'client_credentials' };
      const answers = await twenty((at) =>
        ask({ path: '/token', clientId: 'service', fields, headers: { dpop: proof }, at }),
      );
      winnerOf(answers, 'invalid_grant');
    }
  });

  it('an assertion of a client gives one token', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const assertion = await new SignJWT({ jti: randomUUID() })
        .setProtectedHeader({ alg: 'ES256' })
        .setIssuer('robot')
        .setSubject('robot')
        .setAudience(server.issuer('acme'))
        .setExpirationTime('60s')
        .sign(keys.privateKey);
      const fields = {
        grant_type: 'client_credentials',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion,
      };
      winnerOf(await twenty((at) => ask({ path: '/token', fields, at })), 'invalid_client');
    }
  });
});
