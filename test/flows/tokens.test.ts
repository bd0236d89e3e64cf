import { expect } from 'chai';
import { createRemoteJWKSet, decodeProtectedHeader, exportJWK, generateKeyPair, jwtVerify } from 'jose';
import * as oidc from 'openid-client';

import { createUserAgent } from '../support/browser-like-client.ts';
import type { UserAgent } from '../support/browser-like-client.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee, Organisation } from '../support/organisation.ts';
import {
  CALLBACK,
  claimsOf,
  createApp,
  refusalIn,
  refusalOf,
  registration,
  SECRET,
  sentTo,
} from '../support/relying-party.ts';
import type { App, Tokens } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';

const API = 'https://api.example.com';
const LEDGER = 'https://ledger.example.com';

describe('tokens', () => {
  let server: Sallyport;
  let issuer: string;
  let robotKeys: oidc.CryptoKeyPair;
  let organisation: Organisation;
  let pia: Employee;
  /** Pia has signed in here. */
  let browser: UserAgent;
  let orders: App;

  before(async () => {
    organisation = await createOrganisation('tokens');
    pia = await organisation.addPerson('pia');
    const sales = await organisation.addGroup('sales', [pia]);
    await organisation.addGroup('staff', [sales]);
    await organisation.addGroup('sales-north', [pia]);
    robotKeys = await generateKeyPair('ES256', { extractable: true });
    server = await startSallyport({ tenants: { acme: await acme(), crowded: crowded() } });
    issuer = server.issuer('acme');
    orders = await createApp(issuer);
    ({ browser } = await orders.signIn(pia));
  });
  after(() => server.stop());

  async function acme(): Promise<object> {
    const service = { grant_types: ['client_credentials'], redirect_uris: [], post_logout_redirect_uris: [] };
    const publicKey = { ...(await exportJWK(robotKeys.publicKey)), kid: 'robot', alg: 'ES256' };
    const keyOwner = { client_secret: undefined, token_endpoint_auth_method: 'private_key_jwt' };
    const withoutSecret = { client_secret: undefined, token_endpoint_auth_method: 'none' };
    return {
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
        stranger: registration(),
        post: registration({ token_endpoint_auth_method: 'client_secret_post' }),
        hmac: registration({ token_endpoint_auth_method: 'client_secret_jwt' }),
        key: registration({ ...keyOwner, jwks: { keys: [publicKey] } }),
        phone: registration({ ...withoutSecret, introspectsOthers: true }),
        portal: registration({ defaultResource: API }),
        elliptic: registration({ id_token_signed_response_alg: 'ES256' }),
        dns: registration({ groups: { form: 'dn' } }),
        ids: registration({ groups: { form: 'id' } }),
        listed: registration({ groups: { only: ['staff', 'nobody'] } }),
        prefixed: registration({ groups: { only: ['sales*'] } }),
        api: registration({ ...service, introspectsOthers: true }),
        robot: registration({ ...service, defaultResource: LEDGER, roles: ['importer'] }),
      },
    };
  }

  /** The same people; two groups are too many for a token. */
  function crowded(): object {
    return {
      name: 'Crowded',
      policy: { secondFactors: { required: 'never' } },
      directories: { people: organisation.directory },
      tokens: { groupLimit: 2 },
      clients: { orders: registration(), listed: registration({ groups: { only: ['sales*'] } }) },
    };
  }

  async function fresh(scope = 'openid groups roles'): Promise<Tokens> {
    return (await orders.signIn(pia, { browser, wishes: { scope } })).tokens;
  }

  function verified(token: string, options: { audience: string; typ?: string; at?: string }) {
    const { at = issuer, ...checks } = options;
    return jwtVerify(token, createRemoteJWKSet(new URL(`${at}/jwks`)), { issuer: at, ...checks });
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
      expect(payload.groups).to.deep.equal(['sales', 'sales-north', 'staff']);
      expect(Number(payload.exp) - Number(payload.iat)).to.equal(600);
      expect(payload.jti).to.be.a('string');
    });

    it('say the same after a refresh, and are refreshed for that API alone', async () => {
      const request = await orders.begin(wishes);
      const first = await orders.finish(request, await browser.get(request.url), { resource: API });
      const second = await orders.refresh(first, { resource: API });
      const { payload } = await verified(second.access_token, { audience: API, typ: 'at+jwt' });
      expect(payload).to.deep.include({ acr: 'sfa', amr: ['pwd'], auth_time: claimsOf(first).auth_time });
      expect(payload).to.deep.include({ roles: ['reader', 'seller'], groups: ['sales', 'sales-north', 'staff'] });
      expect(await refusalOf(orders.refresh(second, { resource: LEDGER }))).to.equal('invalid_target');
    });

    it('hold no groups and roles that were not asked for', async () => {
      const request = await orders.begin({ resource: API, scope: 'openid invoices.read invoices.write' });
      const tokens = await orders.finish(request, await browser.get(request.url), { resource: API });
      const { payload } = await verified(tokens.access_token, { audience: API });
      expect(payload.scope).to.equal('invoices.read invoices.write');
      expect(payload).not.to.have.any.keys('groups', 'roles', 'email', 'name');
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

  describe('client authentication', () => {
    const methods: [string, (keys: oidc.CryptoKeyPair) => oidc.ClientAuth][] = [
      ['orders', () => oidc.ClientSecretBasic(SECRET)],
      ['post', () => oidc.ClientSecretPost(SECRET)],
      ['hmac', () => oidc.ClientSecretJwt(SECRET)],
      ['key', ({ privateKey }) => oidc.PrivateKeyJwt({ key: privateKey, kid: 'robot' })],
      ['phone', () => oidc.None()],
    ];
    for (const [clientId, authenticationBy] of methods) {
      it(`lets ${clientId} in by its own method`, async () => {
        const app = await createApp(issuer, { clientId, authentication: authenticationBy(robotKeys) });
        const { tokens } = await app.signIn(pia, { browser });
        expect((await app.refresh(tokens)).access_token).to.be.a('string');
      });
    }

    it('refuses a wrong secret or key, and a method that the client is not registered for', async () => {
      const otherKeys = await generateKeyPair('ES256');
      const wrong: [string, oidc.ClientAuth][] = [
        ['orders', oidc.ClientSecretBasic('a wrong secret')],
        ['orders', oidc.None()],
        ['post', oidc.ClientSecretPost('a wrong secret')],
        ['hmac', oidc.ClientSecretJwt('a wrong secret')],
        ['key', oidc.PrivateKeyJwt({ key: otherKeys.privateKey, kid: 'robot' })],
        ['nobody', oidc.ClientSecretBasic(SECRET)],
      ];
      for (const [clientId, authentication] of wrong) {
        const app = await createApp(issuer, { clientId, authentication });
        const tried = oidc.refreshTokenGrant(app.config, 'whatever');
        expect(await refusalOf(tried), clientId).to.equal('invalid_client');
      }
    });

    it('takes an assertion once', async () => {
      const { config } = await createApp(issuer, { clientId: 'hmac' });
      const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'whatever' });
      await oidc.ClientSecretJwt(SECRET)(config.serverMetadata(), config.clientMetadata(), body, new Headers());
      const errors: unknown[] = [];
      for (let time = 0; time < 2; time++) {
        const answer = await fetch(`${issuer}/token`, { method: 'POST', body });
        errors.push(((await answer.json()) as { error: unknown }).error);
      }
      expect(errors).to.deep.equal(['invalid_grant', 'invalid_client']);
    });
  });

  describe('ID tokens', () => {
    it('are signed by RS256, or by what the client registered', async () => {
      const elliptic = await createApp(issuer, {
        clientId: 'elliptic',
        metadata: { id_token_signed_response_alg: 'ES256' },
      });
      const usual = await fresh();
      expect(decodeProtectedHeader(usual.id_token ?? '').alg).to.equal('RS256');
      const { tokens } = await elliptic.signIn(pia, { browser });
      expect(decodeProtectedHeader(tokens.id_token ?? '').alg).to.equal('ES256');
      expect((await verified(tokens.id_token ?? '', { audience: 'elliptic' })).payload.tenant).to.equal('acme');
    });
  });

  describe('groups', () => {
    async function groupsFor(clientId: string): Promise<unknown> {
      const app = await createApp(issuer, { clientId });
      const { claims, tokens } = await app.signIn(pia, { browser, wishes: { scope: 'openid groups' } });
      expect((await app.userinfo(tokens)).groups).to.deep.equal(claims.groups);
      return claims.groups;
    }

    it('are named by name, by DN or by id, as the client registered', async () => {
      expect(await groupsFor('orders')).to.deep.equal(['sales', 'sales-north', 'staff']);
      const dn = (name: string) => `cn=${name},ou=groups,o=tokens,dc=demo,dc=test`;
      expect(await groupsFor('dns')).to.deep.equal([dn('sales'), dn('sales-north'), dn('staff')].sort());
      const ids = await groupsFor('ids');
      if (!Array.isArray(ids)) throw new Error('expected a list');
      expect(new Set(ids).size).to.equal(3);
      for (const id of ids) expect(id).to.match(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    });

    it('are those that the client may see', async () => {
      expect(await groupsFor('listed')).to.deep.equal(['staff']);
      expect(await groupsFor('prefixed')).to.deep.equal(['sales', 'sales-north']);
    });
  });

  describe('groups that are too many for a token', () => {
    const scope = 'openid groups';
    let crowdedIssuer: string;
    let tokens: Tokens;
    let app: App;

    before(async () => {
      crowdedIssuer = server.issuer('crowded');
      app = await createApp(crowdedIssuer);
      ({ tokens } = await app.signIn(pia, { wishes: { scope } }));
    });

    /** Where the claims say that the groups are. */
    function sourceIn(claims: Record<string, unknown>): { endpoint: string; access_token: string } {
      const { _claim_names: names, _claim_sources: sources } = claims as {
        _claim_names: { groups: string };
        _claim_sources: Record<string, { endpoint: string; access_token: string }>;
      };
      const source = sources[names.groups];
      if (!source) throw new Error('the source that is named is not there');
      return source;
    }
    function ask(endpoint: string, authorization?: string): Promise<Response> {
      return fetch(endpoint, { headers: authorization === undefined ? {} : { authorization } });
    }

    it('are told where to fetch, in the ID token and by userinfo', async () => {
      for (const claims of [claimsOf(tokens), await app.userinfo(tokens)]) {
        expect(claims).not.to.have.any.keys('groups');
        const { endpoint, access_token: ticket } = sourceIn(claims);
        expect(endpoint).to.equal(`${crowdedIssuer}/claims/groups`);
        const answer = await ask(endpoint, `Bearer ${ticket}`);
        expect(answer.headers.get('content-type')).to.contain('application/jwt');
        const { payload } = await verified(await answer.text(), { at: crowdedIssuer, audience: 'orders' });
        expect(payload.groups).to.deep.equal(['sales', 'sales-north', 'staff']);
        expect(payload.sub).to.equal(claimsOf(tokens).sub);
      }
    });

    it('are told nobody without the bearer token that came along', async () => {
      const { endpoint, access_token: ticket } = sourceIn(claimsOf(tokens));
      const elsewhere = endpoint.replace('/t/crowded/', '/t/acme/');
      for (const answer of [
        await ask(endpoint),
        await ask(endpoint, 'Bearer wrong'),
        await ask(endpoint, `Bearer ${ticket.slice(1)}x`),
        await ask(endpoint, `Basic ${ticket}`),
        await ask(endpoint, `Bearer ${tokens.access_token}`),
        await ask(`${endpoint}?access_token=${ticket}`),
        await ask(elsewhere, `Bearer ${ticket}`),
      ]) {
        expect(answer.status).to.equal(401);
        expect(answer.headers.get('www-authenticate')).to.match(/^Bearer/);
        expect(await answer.text()).not.to.contain('sales');
      }
    });

    it('are counted as the client sees them', async () => {
      const listed = await createApp(crowdedIssuer, { clientId: 'listed' });
      const { claims } = await listed.signIn(pia, { wishes: { scope } });
      expect(claims.groups).to.deep.equal(['sales', 'sales-north']);
      expect(claims).not.to.have.any.keys('_claim_names', '_claim_sources');
    });
  });

  it('of one tenant mean nothing to another', async () => {
    const tokens = await fresh();
    const other = await createApp(server.issuer('crowded'));
    expect(await refusalOf(other.userinfo(tokens))).to.equal('invalid_token');
    expect(await refusalOf(other.refresh(tokens))).to.equal('invalid_grant');
    expect(await oidc.tokenIntrospection(other.config, tokens.access_token)).to.deep.equal({ active: false });
    const elsewhere = createUserAgent();
    const page = await elsewhere.get(oidc.buildEndSessionUrl(other.config, { id_token_hint: tokens.id_token ?? '' }));
    expect(page.status).to.equal(400);
  });
});
