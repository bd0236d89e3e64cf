import { expect } from 'chai';
import { decodeJwt } from 'jose';
import * as oidc from 'openid-client';

import { createUserAgent } from '../support/browser-like-client.ts';
import type { UserAgent } from '../support/browser-like-client.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee } from '../support/organisation.ts';
import { claimsOf, createApp, refusalOf, registration, sentTo } from '../support/relying-party.ts';
import type { App } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';

const API = 'https://api.example.com';

describe('a careful app', () => {
  let server: Sallyport;
  let kim: Employee;
  /** Kim has signed in here. */
  let browser: UserAgent;
  let orders: App;

  before(async () => {
    const organisation = await createOrganisation('careful');
    kim = await organisation.addPerson('kim');
    server = await startSallyport({
      tenants: {
        acme: {
          name: 'Acme',
          policy: { secondFactors: { required: 'never' } },
          directories: { people: organisation.directory },
          resources: { [API]: { scopes: ['invoices.read'] } },
          clients: { orders: registration(), stranger: registration() },
        },
      },
    });
    orders = await createApp(server.issuer('acme'));
    ({ browser } = await orders.signIn(kim));
  });
  after(() => server.stop());

  describe('that pushes its request (RFC 9126)', () => {
    async function pushed(app = orders) {
      const request = await app.begin();
      return { ...request, url: await oidc.buildAuthorizationUrlWithPAR(app.config, request.url.searchParams) };
    }

    it('signs people in by it, once', async () => {
      const request = await pushed();
      expect([...request.url.searchParams.keys()]).to.have.members(['client_id', 'request_uri']);
      const page = await browser.get(request.url);
      expect(claimsOf(await orders.finish(request, page)).aud).to.equal('orders');
      const again = await browser.get(request.url);
      expect(again.status).to.equal(400);
      expect(again.location).to.equal(undefined);
    });

    it('signs people in from the first page on', async () => {
      const request = await pushed();
      const fresh = createUserAgent();
      const door = await fresh.get(request.url);
      const page = await fresh.fillAndSubmit(door, { username: kim.username, password: kim.password });
      expect(claimsOf(await orders.finish(request, page)).acr).to.equal('sfa');
    });

    it('is the only one that can use it', async () => {
      const { url } = await pushed();
      url.searchParams.set('client_id', 'stranger');
      const page = await browser.get(url);
      expect(page.status).to.equal(400);
    });

    it('is told at once when it may not', async () => {
      const { url } = await orders.begin({ redirect_uri: 'https://evil.example.com/' });
      const tried = oidc.buildAuthorizationUrlWithPAR(orders.config, url.searchParams);
      expect(await refusalOf(tried)).to.be.oneOf(['invalid_redirect_uri', 'invalid_request']);
    });
  });

  describe('that binds its tokens to a key (RFC 9449)', () => {
    async function bound(parameters: Record<string, string> = {}, scope = 'openid') {
      const DPoP = oidc.getDPoPHandle(orders.config, await oidc.randomDPoPKeyPair('ES256'));
      const request = await orders.begin({ ...parameters, scope });
      const callback = sentTo(await browser.get(request.url));
      const tokens = await oidc.authorizationCodeGrant(orders.config, callback, request.checks, parameters, { DPoP });
      return { DPoP, tokens };
    }

    it('gets tokens that are good with the key alone', async () => {
      const { DPoP, tokens } = await bound();
      expect(tokens.token_type).to.equal('dpop');
      const told = await oidc.fetchUserInfo(orders.config, tokens.access_token, oidc.skipSubjectCheck, { DPoP });
      expect(told.sub).to.equal(claimsOf(tokens).sub);

      const otherKey = oidc.getDPoPHandle(orders.config, await oidc.randomDPoPKeyPair('ES256'));
      const stolen = oidc.fetchUserInfo(orders.config, tokens.access_token, oidc.skipSubjectCheck, { DPoP: otherKey });
      expect(await refusalOf(stolen)).to.equal('invalid_token');
      expect(await refusalOf(orders.userinfo(tokens))).to.equal('invalid_token');
    });

    it('gets JWTs that name the key', async () => {
      const { tokens } = await bound({ resource: API }, 'openid invoices.read');
      const { cnf } = decodeJwt<{ cnf: { jkt: string } }>(tokens.access_token);
      expect(cnf.jkt).to.match(/^[\w-]{43}$/);
    });

    it('refreshes with the key', async () => {
      const { DPoP, tokens } = await bound();
      const refreshed = await oidc.refreshTokenGrant(orders.config, tokens.refresh_token ?? '', {}, { DPoP });
      expect(refreshed.token_type).to.equal('dpop');
    });
  });
});
