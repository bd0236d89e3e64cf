import { expect } from 'chai';
import * as oidc from 'openid-client';

import { createUserAgent } from '../support/browser-like-client.ts';
import type { UserAgent } from '../support/browser-like-client.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee } from '../support/organisation.ts';
import { CALLBACK, claimsOf, createApp, refusalOf, registration, SECRET, sentTo } from '../support/relying-party.ts';
import type { App, Tokens } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { createSecrets } from '../support/secrets.ts';

const API = 'https://api.example.com';

describe('tokens', () => {
  let server: Sallyport;
  let issuer: string;
  let pia: Employee;
  /** Pia has signed in here. */
  let browser: UserAgent;
  let orders: App;

  before(async () => {
    const organisation = await createOrganisation('tokens');
    pia = await organisation.addPerson('pia');
    await organisation.addGroup('sales', [pia]);
    const tenant = {
      name: 'Acme',
      policy: { secondFactors: { required: 'never' } },
      directories: { people: organisation.directory },
      resources: { [API]: {} },
      roles: { reader: {}, seller: { inherits: ['reader'], groups: ['sales'] } },
      clients: {
        orders: registration(),
        stranger: registration(),
        phone: registration({
          client_secret: undefined,
          token_endpoint_auth_method: 'none',
          introspectsOthers: true,
        }),
        portal: registration({ defaultResource: API }),
        api: registration({
          grant_types: ['client_credentials'],
          redirect_uris: [],
          post_logout_redirect_uris: [],
          introspectsOthers: true,
        }),
      },
    };
    server = await startSallyport({ server: { logLevel: 'debug' }, tenants: { acme: tenant, globex: tenant } });
    issuer = server.issuer('acme');
    orders = await createApp(issuer);
    ({ browser } = await orders.signIn(pia));
  });
  after(() => server.stop());

  async function fresh(scope = 'openid groups roles'): Promise<Tokens> {
    return (await orders.signIn(pia, { browser, wishes: { scope } })).tokens;
  }

  describe('refresh tokens', () => {
    it('rotate, and bring the claims of today', async () => {
      const first = await fresh();
      const second = await orders.refresh(first);
      expect(second.refresh_token).not.to.equal(first.refresh_token);
      expect(claimsOf(second).auth_time).to.equal(claimsOf(first).auth_time);
      expect(claimsOf(second)).to.deep.include({ sub: claimsOf(first).sub, roles: ['reader', 'seller'], acr: 'sfa' });
      const third = await orders.refresh(second);
      expect(await orders.userinfo(third)).to.include({ sub: claimsOf(first).sub });
    });

    it('end the whole family when one comes back', async () => {
      const first = await fresh();
      const second = await orders.refresh(first);
      expect(await refusalOf(orders.refresh(first))).to.equal('invalid_grant');
      expect(await refusalOf(orders.refresh(second))).to.equal('invalid_grant');
      expect(await refusalOf(orders.userinfo(second))).to.equal('invalid_token');
      expect(await oidc.tokenIntrospection(orders.config, second.access_token)).to.deep.equal({ active: false });
    });

    it('belong to the client that they were given to', async () => {
      const tokens = await fresh();
      const stranger = await createApp(issuer, { clientId: 'stranger' });
      expect(await refusalOf(stranger.refresh(tokens))).to.equal('invalid_grant');
      expect((await orders.refresh(tokens)).access_token).to.be.a('string');
    });

    it('widen no scope', async () => {
      const tokens = await fresh('openid groups');
      expect(await refusalOf(orders.refresh(tokens, { scope: 'openid groups roles' }))).to.equal('invalid_scope');
    });
  });

  describe('codes', () => {
    it('are redeemed once; a second time ends what came of the first', async () => {
      const request = await orders.begin();
      const page = await browser.get(request.url);
      const tokens = await orders.finish(request, page);
      expect(await refusalOf(orders.finish(request, page))).to.equal('invalid_grant');
      expect(await refusalOf(orders.userinfo(tokens))).to.equal('invalid_token');
      expect(await refusalOf(orders.refresh(tokens))).to.equal('invalid_grant');
    });

    it('are redeemed by the client that they were issued to, for the address that they were sent to', async () => {
      const stranger = await createApp(issuer, { clientId: 'stranger' });
      const request = await orders.begin();
      const page = await browser.get(request.url);
      expect(await refusalOf(stranger.finish(request, page))).to.equal('invalid_grant');

      const another = await orders.begin();
      const { searchParams } = sentTo(await browser.get(another.url));
      const elsewhere = new URL(`${CALLBACK}/elsewhere?${searchParams.toString()}`);
      const redeemed = oidc.authorizationCodeGrant(orders.config, elsewhere, another.checks);
      expect(await refusalOf(redeemed)).to.equal('invalid_grant');
    });
  });

  describe('revocation', () => {
    for (const kind of ['access_token', 'refresh_token'] as const) {
      it(`of one ${kind} ends the family, and not the session`, async () => {
        const first = await fresh();
        const second = await orders.refresh(first);
        await oidc.tokenRevocation(orders.config, second[kind] ?? '');
        expect(await refusalOf(orders.userinfo(first))).to.equal('invalid_token');
        expect(await refusalOf(orders.userinfo(second))).to.equal('invalid_token');
        expect(await refusalOf(orders.refresh(second))).to.equal('invalid_grant');
        expect(await oidc.tokenIntrospection(orders.config, second.access_token)).to.deep.equal({ active: false });
        expect((await orders.userinfo(await fresh())).sub).to.equal(claimsOf(first).sub);
      });
    }

    it('of a service’s token ends it', async () => {
      const api = await createApp(issuer, { clientId: 'api' });
      const { access_token: token } = await oidc.clientCredentialsGrant(api.config);
      expect(await oidc.tokenIntrospection(api.config, token)).to.include({ active: true, client_id: 'api' });
      await oidc.tokenRevocation(api.config, token);
      expect(await oidc.tokenIntrospection(api.config, token)).to.deep.equal({ active: false });
    });

    it('does nothing to the token of another client, and does not tell that there is one', async () => {
      const tokens = await fresh();
      const stranger = await createApp(issuer, { clientId: 'stranger' });
      await oidc.tokenRevocation(stranger.config, tokens.access_token);
      await oidc.tokenRevocation(stranger.config, tokens.refresh_token ?? '');
      await oidc.tokenRevocation(stranger.config, 'a token that never was');
      expect((await orders.userinfo(tokens)).sub).to.equal(claimsOf(tokens).sub);
      expect((await orders.refresh(tokens)).access_token).to.be.a('string');
    });
  });

  describe('introspection', () => {
    it('tells a client about its own tokens, and an API that may ask about those of others', async () => {
      const tokens = await fresh('openid groups');
      const api = await createApp(issuer, { clientId: 'api' });
      for (const { config } of [orders, api]) {
        const told = await oidc.tokenIntrospection(config, tokens.access_token);
        const expected = { active: true, client_id: 'orders', sub: claimsOf(tokens).sub, iss: issuer };
        expect(told).to.include({ ...expected, scope: 'openid groups', token_type: 'Bearer' });
      }
      const refreshToken = await oidc.tokenIntrospection(orders.config, tokens.refresh_token ?? '');
      expect(refreshToken).to.include({ active: true, client_id: 'orders' });
    });

    it('tells nobody else', async () => {
      const { access_token: token } = await fresh();
      const stranger = await createApp(issuer, { clientId: 'stranger' });
      const phone = await createApp(issuer, { clientId: 'phone', authentication: oidc.None() });
      for (const { config } of [stranger, phone]) {
        expect(await oidc.tokenIntrospection(config, token)).to.deep.equal({ active: false });
      }
    });

    it('is for opaque tokens', async () => {
      const portal = await createApp(issuer, { clientId: 'portal' });
      const { tokens } = await portal.signIn(pia, { browser });
      const asked = oidc.tokenIntrospection(portal.config, tokens.access_token);
      expect(await refusalOf(asked)).to.equal('unsupported_token_type');
    });
  });

  it('leave no trace in the log', async () => {
    const secrets = createSecrets();
    const request = await orders.begin();
    const page = await browser.get(request.url);
    const first = await orders.finish(request, page);
    const second = await orders.refresh(first);
    await orders.userinfo(second);
    await oidc.tokenIntrospection(orders.config, second.access_token);
    await oidc.tokenRevocation(orders.config, second.refresh_token ?? '');
    await refusalOf(orders.refresh(second));
    await browser.get(oidc.buildEndSessionUrl(orders.config, { id_token_hint: second.id_token ?? '' }));

    secrets.note(SECRET, encodeURIComponent(SECRET), pia.password, request.checks.pkceCodeVerifier);
    secrets.note(sentTo(page).searchParams.get('code') ?? '', browser.cookies.find('acme_session')?.value);
    for (const tokens of [first, second]) secrets.note(tokens.access_token, tokens.refresh_token, tokens.id_token);
    secrets.expectNoneIn(server);
  });

  it('of one tenant mean nothing to another', async () => {
    const tokens = await fresh();
    const other = await createApp(server.issuer('globex'));
    expect(await refusalOf(other.userinfo(tokens))).to.equal('invalid_token');
    expect(await refusalOf(other.refresh(tokens))).to.equal('invalid_grant');
    expect(await oidc.tokenIntrospection(other.config, tokens.access_token)).to.deep.equal({ active: false });
    const elsewhere = createUserAgent();
    const page = await elsewhere.get(oidc.buildEndSessionUrl(other.config, { id_token_hint: tokens.id_token ?? '' }));
    expect(page.status).to.equal(400);
  });
});
