import { expect } from 'chai';

import { createUserAgent, textOf } from '../support/browser-like-client.ts';
import type { UserAgent } from '../support/browser-like-client.ts';
import { CALLBACK, claimsOf, createApp, refusalIn, registration, sentTo } from '../support/relying-party.ts';
import type { App } from '../support/relying-party.ts';
import { directoryOf, startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { doorOf, givePassword, problemOn } from '../support/sign-in.ts';
import type { Person } from '../support/sign-in.ts';
import { authenticatorFrom } from '../support/totp.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const API = 'https://api.example.com';
const GROUPS = 'ou=groups,o=acme,dc=demo,dc=test';

const seconds = () => Math.floor(Date.now() / 1000);

describe('the authorization code flow', () => {
  let server: Sallyport;
  let issuer: string;
  let orders: App;
  let browser: UserAgent;
  const ann: Person = { username: 'ann', password: 'ann-demo-1234' };
  const tom: Person = { username: 'tom', password: 'tom-demo-1234' };

  before(async () => {
    server = await startSallyport({
      tenants: {
        acme: {
          name: 'Acme',
          directories: { people: await directoryOf('acme') },
          roles: {
            reader: { permissions: ['order:read'] },
            staff: { inherits: ['reader'], groups: ['staff'] },
            engineer: { groups: ['engineering'] },
            accountant: { groups: ['finance'] },
            manager: { permissions: ['order:approve'], groups: ['managers'] },
            'sales-manager': { groups: [`cn=managers,ou=sales,${GROUPS}`] },
          },
          resources: { [API]: {}, [`${API}/v2`]: {} },
          clients: {
            orders: registration(),
            lax: registration({ requirePkce: false }),
            narrow: registration({ scope: 'openid email' }),
          },
        },
      },
    });
    issuer = server.issuer('acme');
    orders = await createApp(issuer);
  });
  after(() => server.stop());
  beforeEach(() => {
    browser = createUserAgent();
  });

  let session: Promise<UserAgent> | undefined;
  /** One in which ann has signed in: her authenticator has not codes enough for every test. */
  function annsBrowser(): Promise<UserAgent> {
    return (session ??= orders.signIn(ann).then((signedIn) => signedIn.browser));
  }

  describe('signing in', () => {
    it('sets up an authenticator on the first visit, whose first code is used up by that', async () => {
      const request = await orders.begin();
      const door = await browser.get(request.url);
      expect(textOf(door, 'h1')).to.equal('Sign in to Orders');

      const enrolment = await givePassword(browser, door, ann);
      ann.authenticator = authenticatorFrom(enrolment);
      expect(doorOf(enrolment)).to.equal('enrol');
      expect(enrolment.document.querySelector('svg')).not.to.equal(null);
      expect(textOf(enrolment, '#key').replaceAll(' ', '')).to.equal(ann.authenticator.secret);
      const reloaded = await browser.get(enrolment.url);
      expect(authenticatorFrom(reloaded).secret).to.equal(ann.authenticator.secret);

      const wrong = await browser.fillAndSubmit(reloaded, { code: ann.authenticator.wrongCode() });
      expect(wrong.status).to.equal(400);
      expect(problemOn(wrong)).to.equal('That code is not right. Check it, or use a newer one.');
      expect(authenticatorFrom(wrong).secret).to.equal(ann.authenticator.secret);

      const code = await ann.authenticator.code();
      const back = await browser.fillAndSubmit(wrong, { code: `${code.slice(0, 3)} ${code.slice(3)}` });
      expect(claimsOf(await orders.finish(request, back))).to.include({ acr: 'mfa' });

      const elsewhere = createUserAgent();
      const asked = await givePassword(elsewhere, await elsewhere.get((await orders.begin()).url), ann);
      expect(doorOf(asked)).to.equal('code');
      const again = await elsewhere.fillAndSubmit(asked, { code });
      expect(again.status).to.equal(400);
      expect(problemOn(again)).to.equal('That code is not right. Check it, or use a newer one.');
    });

    it('asks for a code on the next visit, and says who signed in, how and when', async () => {
      const started = seconds();
      const { tokens, claims, page } = await orders.signIn(ann, { wishes: { nonce: 'a-nonce' } });

      expect(sentTo(page).searchParams.get('iss')).to.equal(issuer);
      expect(claims).to.include({ iss: issuer, aud: 'orders', nonce: 'a-nonce', acr: 'mfa', tenant: 'acme' });
      expect(claims.amr).to.deep.equal(['pwd', 'otp', 'mfa']);
      expect(claims.sub).to.match(UUID);
      expect(claims.sid).to.be.a('string').that.is.not.empty;
      expect(claims.auth_time).to.be.within(started, seconds());
      expect(claims.exp - claims.iat).to.equal(3600);
      expect(tokens.expiresIn()).to.be.within(595, 600);
    });

    it('keeps the sub', async () => {
      const first = await orders.signIn(tom);
      const second = await orders.signIn(tom);
      expect(second.claims.sub).to.equal(first.claims.sub);
      expect(second.claims.sid).not.to.equal(first.claims.sid);
      expect((await orders.userinfo(second.tokens)).sub).to.equal(first.claims.sub);
    });
  });

  describe('claims', () => {
    async function claimsFor(scope: string, person = ann, inBrowser?: UserAgent) {
      const options = { browser: inBrowser ?? (await annsBrowser()), wishes: { scope } };
      const { tokens, claims } = await orders.signIn(person, options);
      return { idToken: claims, userinfo: await orders.userinfo(tokens) };
    }

    it('tells nothing that was not asked for', async () => {
      const { idToken, userinfo } = await claimsFor('openid');
      expect(Object.keys(userinfo)).to.have.members(['sub', 'tenant']);
      const ofToken = ['iss', 'sub', 'aud', 'exp', 'iat', 'nonce', 'sid', 'auth_time', 'acr', 'amr', 'tenant'];
      expect(Object.keys(idToken)).to.have.members(ofToken);
    });

    it('tells each scope’s claims in the ID token and by userinfo', async () => {
      const expected = {
        profile: {
          name: 'Ann Anderson',
          given_name: 'Ann',
          family_name: 'Anderson',
          preferred_username: 'ann',
          locale: 'en',
        },
        email: { email: 'ann@acme.test', email_verified: true },
        phone: { phone_number: '+1 202 555 0100', phone_number_verified: true },
        groups: { groups: ['engineering', 'managers', 'platform', 'staff'] },
        roles: { roles: ['engineer', 'reader', 'staff'] },
      };
      const everything = Object.keys(Object.assign({}, ...Object.values(expected)));
      for (const [scope, claims] of Object.entries(expected)) {
        const { idToken, userinfo } = await claimsFor(`openid ${scope}`);
        const others = everything.filter((name) => !(name in claims));
        for (const told of [idToken, userinfo]) {
          expect(told, scope).to.deep.include(claims);
          expect(told, scope).not.to.have.any.keys(others);
        }
      }
    });

    it('gives roles through nested groups, inheritance and a DN, but through no name that two groups have', async () => {
      const { idToken } = await claimsFor('openid groups roles', tom, browser);
      expect(idToken.groups).to.deep.equal(['admins', 'finance', 'managers', 'staff']);
      expect(idToken.roles).to.deep.equal(['accountant', 'reader', 'sales-manager', 'staff']);
    });

    it('answers a single claim that was asked for by name', async () => {
      const wishes = { claims: JSON.stringify({ id_token: { email: null }, userinfo: { phone_number: null } }) };
      const { tokens, claims } = await orders.signIn(ann, { browser: await annsBrowser(), wishes });
      expect(claims.email).to.equal('ann@acme.test');
      expect(claims).not.to.have.any.keys('phone_number', 'name');
      expect(await orders.userinfo(tokens)).to.include({ phone_number: '+1 202 555 0100' });
    });
  });

  describe('requests', () => {
    it('sends a request without PKCE back to the app, and one with the plain method', async () => {
      for (const wishes of [
        { code_challenge: undefined, code_challenge_method: undefined },
        { code_challenge_method: 'plain' },
      ]) {
        const page = await browser.get((await orders.begin(wishes)).url);
        expect(refusalIn(page)).to.equal('invalid_request');
        expect(sentTo(page).searchParams.get('iss')).to.equal(issuer);
      }
    });

    it('takes a request without PKCE from a client that is registered so', async () => {
      const lax = await createApp(issuer, { clientId: 'lax' });
      const { url } = await lax.begin({ code_challenge: undefined, code_challenge_method: undefined });
      expect(doorOf(await browser.get(url))).to.equal('password');
    });

    it('does without a nonce and without a state', async () => {
      const wishes = { nonce: undefined, state: undefined };
      const { claims, page } = await orders.signIn(ann, { browser: await annsBrowser(), wishes });
      expect(claims.nonce).to.equal(undefined);
      expect(sentTo(page).searchParams.has('state')).to.equal(false);
    });

    it('answers in the fragment where the app asks for it', async () => {
      const { url } = await orders.begin({ response_mode: 'fragment' });
      const { hash, search } = sentTo(await (await annsBrowser()).get(url));
      expect(new URLSearchParams(hash.slice(1)).has('code')).to.equal(true);
      expect(search).to.equal('');
    });

    it('redeems no code without its verifier', async () => {
      const request = await orders.begin();
      const page = await (await annsBrowser()).get(request.url);
      request.checks.pkceCodeVerifier = 'x'.repeat(43);
      const refused = await orders.finish(request, page).catch((error: unknown) => error);
      expect(refused).to.include({ error: 'invalid_grant' });
    });

    it('keeps a person whom an unregistered address waits for, and shows exactly what was received', async () => {
      const received = `${CALLBACK}/../<b>callback</b>?x=1&y=%20`;
      const page = await browser.get((await orders.begin({ redirect_uri: received })).url);
      expect(page.status).to.equal(400);
      expect(page.location).to.equal(undefined);
      expect(textOf(page, 'h1')).to.equal('This app’s address is not registered');
      expect(page.document.querySelector('dl.facts dd code')?.text).to.equal(received);
      expect(textOf(page))
        .to.contain('invalid_redirect_uri')
        .and.to.contain(page.headers.get('x-request-id') ?? '?');
      expect(page.body).not.to.contain('<b>');
      expect(page.document.querySelectorAll('a').map((link) => link.getAttribute('href'))).not.to.include(received);
    });

    it('keeps a person whom an unknown app sends', async () => {
      const { url } = await orders.begin();
      url.searchParams.set('client_id', 'nobody');
      const page = await browser.get(url);
      expect(page.status).to.equal(400);
      expect(textOf(page, 'h1')).to.equal('We do not know this app');
    });

    it('asks for no scope that the client may not have', async () => {
      const narrow = await createApp(issuer, { clientId: 'narrow' });
      const page = await (await annsBrowser()).get((await narrow.begin({ scope: 'openid email groups' })).url);
      expect(refusalIn(page)).to.equal('invalid_scope');
      const { claims } = await narrow.signIn(ann, { browser: await annsBrowser(), wishes: { scope: 'openid email' } });
      expect(claims.email).to.equal('ann@acme.test');
    });

    it('issues no token from the authorization endpoint', async () => {
      for (const responseType of ['token', 'id_token', 'code id_token']) {
        const { url } = await orders.begin();
        url.searchParams.set('response_type', responseType);
        const page = await browser.get(url);
        const answer = new URL(sentTo(page).href.replace('#', '?')).searchParams;
        expect(answer.get('error'), responseType).to.equal('unsupported_response_type');
      }
    });

    it('answers a POST as it answers a GET', async () => {
      const request = await orders.begin();
      const fields = Object.fromEntries(request.url.searchParams);
      const page = await browser.post(`${issuer}/auth`, fields, { headers: { 'sec-fetch-site': 'cross-site' } });
      expect(page.trail[0]).to.include({ method: 'POST', status: 303 });
      expect(page.trail[1]).to.include({ method: 'GET' });
      expect(page.trail[1]?.url.href).to.equal(request.url.href);
      expect(doorOf(page)).to.equal('password');
    });

    it('takes several resources in a POST, as in a GET, and none of a length that no URL could have', async () => {
      const { url } = await orders.begin();
      for (const resource of [API, `${API}/v2`]) url.searchParams.append('resource', resource);
      const post = (body: string) =>
        fetch(`${issuer}/auth`, { method: 'POST', body: new URLSearchParams(body), redirect: 'manual' });
      const answer = await post(url.search);
      expect(answer.status).to.equal(303);
      expect(answer.headers.get('location')).to.equal(url.href);
      expect(doorOf(await browser.get(url))).to.equal('password');
      expect((await post(`${url.search}&state=${'x'.repeat(9000)}`)).status).to.equal(413);
    });
  });
});
