import { expect } from 'chai';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as oidc from 'openid-client';

import type { UserAgent } from '../support/browser-like-client.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee } from '../support/organisation.ts';
import { claimsOf, createApp, refusalIn, refusalOf, registration } from '../support/relying-party.ts';
import type { App } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';

const API = 'https://api.example.com';
const LEDGER = 'https://ledger.example.com';

describe('tokens for APIs', () => {
  let server: Sallyport;
  let issuer: string;
  let pia: Employee;
  /** Pia has signed in here. */
  let browser: UserAgent;
  let orders: App;

  before(async () => {
    const organisation = await createOrganisation('apis');
    pia = await organisation.addPerson('pia');
    const sales = await organisation.addGroup('sales', [pia]);
    await organisation.addGroup('staff', [sales]);
    server = await startSallyport({
      tenants: {
        acme: {
          name: 'Acme',
          policy: { secondFactors: { required: 'never' } },
          directories: { people: organisation.directory },
          resources: {
            [API]: { scopes: ['invoices.read', 'invoices.write'] },
            [LEDGER]: { scopes: ['ledger.read'], alg: 'RS256', accessToken: '2m' },
          },
          roles: {
            reader: {},
            seller: { inherits: ['reader'], groups: ['sales'] },
            importer: { inherits: ['reader'] },
          },
          clients: {
            orders: registration(),
            portal: registration({ defaultResource: API }),
            robot: registration({
              grant_types: ['client_credentials'],
              redirect_uris: [],
              post_logout_redirect_uris: [],
              defaultResource: LEDGER,
              roles: ['importer'],
            }),
          },
        },
      },
    });
    issuer = server.issuer('acme');
    orders = await createApp(issuer);
    ({ browser } = await orders.signIn(pia));
  });
  after(() => server.stop());

  function verified(token: string, checks: { audience: string; typ?: string }) {
    return jwtVerify(token, createRemoteJWKSet(new URL(`${issuer}/jwks`)), { issuer, ...checks });
  }

  describe('access tokens for an API', () => {
    const wishes = { resource: API, scope: 'openid groups roles invoices.read' };

    it('are JWTs that say who may do what, and how surely it is they', async () => {
      const request = await orders.begin(wishes);
      const tokens = await orders.finish(request, await browser.get(request.url), { resource: API });
      const { payload, protectedHeader } = await verified(tokens.access_token, { audience: API, typ: 'at+jwt' });
      expect(protectedHeader).to.include({ alg: 'ES256', typ: 'at+jwt' });
      const { sub, auth_time } = claimsOf(tokens);
      expect(payload).to.deep.include({ client_id: 'orders', sub, scope: 'invoices.read', tenant: 'acme', auth_time });
      expect(payload).to.deep.include({ acr: 'sfa', amr: ['pwd'], roles: ['reader', 'seller'] });
      expect(payload.groups).to.deep.equal(['sales', 'staff']);
      expect(Number(payload.exp) - Number(payload.iat)).to.equal(600);
      expect(payload.jti).to.be.a('string');
    });

    it('say the same after a refresh, and are refreshed for that API alone', async () => {
      const request = await orders.begin(wishes);
      const first = await orders.finish(request, await browser.get(request.url), { resource: API });
      const second = await orders.refresh(first, { resource: API });
      const { payload } = await verified(second.access_token, { audience: API, typ: 'at+jwt' });
      expect(payload).to.deep.include({ acr: 'sfa', amr: ['pwd'], auth_time: claimsOf(first).auth_time });
      expect(payload).to.deep.include({ roles: ['reader', 'seller'], groups: ['sales', 'staff'] });
      expect(await refusalOf(orders.refresh(second, { resource: LEDGER }))).to.equal('invalid_target');
    });

    it('hold no groups and roles that were not asked for', async () => {
      const request = await orders.begin({ resource: API, scope: 'openid invoices.read invoices.write' });
      const tokens = await orders.finish(request, await browser.get(request.url), { resource: API });
      const { payload } = await verified(tokens.access_token, { audience: API });
      expect(payload.scope).to.equal('invoices.read invoices.write');
      expect(payload).not.to.have.any.keys('groups', 'roles', 'email', 'name');
    });

    it('are not for userinfo', async () => {
      const request = await orders.begin(wishes);
      const tokens = await orders.finish(request, await browser.get(request.url), { resource: API });
      expect(await refusalOf(orders.userinfo(tokens))).to.equal('invalid_token');
    });

    it('are signed and live as the API is registered', async () => {
      const request = await orders.begin({ resource: LEDGER, scope: 'openid ledger.read' });
      const tokens = await orders.finish(request, await browser.get(request.url), { resource: LEDGER });
      const { payload, protectedHeader } = await verified(tokens.access_token, { audience: LEDGER, typ: 'at+jwt' });
      expect(protectedHeader.alg).to.equal('RS256');
      expect(Number(payload.exp) - Number(payload.iat)).to.equal(120);
    });

    it('come without being asked for where the client has a default API', async () => {
      const portal = await createApp(issuer, { clientId: 'portal' });
      const { tokens } = await portal.signIn(pia, { browser, wishes: { scope: 'openid roles invoices.read' } });
      const { payload } = await verified(tokens.access_token, { audience: API, typ: 'at+jwt' });
      expect(payload).to.deep.include({ client_id: 'portal', scope: 'invoices.read', roles: ['reader', 'seller'] });
      const refreshed = await portal.refresh(tokens);
      expect((await verified(refreshed.access_token, { audience: API })).payload.sub).to.equal(payload.sub);
    });

    it('are for registered APIs only', async () => {
      const { url } = await orders.begin({ resource: 'https://unknown.example.com' });
      expect(refusalIn(await browser.get(url))).to.equal('invalid_target');
      const request = await orders.begin({ resource: API, scope: 'openid invoices.read' });
      const page = await browser.get(request.url);
      expect(await refusalOf(orders.finish(request, page, { resource: LEDGER }))).to.equal('invalid_target');
    });
  });

  describe('client credentials', () => {
    it('bring a service a token with the roles that it holds', async () => {
      const robot = await createApp(issuer, { clientId: 'robot' });
      const tokens = await oidc.clientCredentialsGrant(robot.config, { scope: 'ledger.read' });
      const { payload } = await verified(tokens.access_token, { audience: LEDGER, typ: 'at+jwt' });
      expect(payload).to.deep.include({ client_id: 'robot', sub: 'robot', scope: 'ledger.read', tenant: 'acme' });
      expect(payload.roles).to.deep.equal(['importer', 'reader']);
      expect(tokens).not.to.have.any.keys('refresh_token', 'id_token');
    });

    it('bring nothing to a client that is not registered for them', async () => {
      // The library's answer, where RFC 6749 5.2 has `unauthorized_client`.
      expect(await refusalOf(oidc.clientCredentialsGrant(orders.config))).to.equal('invalid_request');
    });

    it('bring no token for an API that is not registered', async () => {
      const robot = await createApp(issuer, { clientId: 'robot' });
      const granted = oidc.clientCredentialsGrant(robot.config, { resource: 'https://unknown.example.com' });
      expect(await refusalOf(granted)).to.equal('invalid_target');
    });
  });
});
