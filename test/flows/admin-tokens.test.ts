import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import { expect } from 'chai';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import * as oidc from 'openid-client';

import { createUserAgent } from '../support/browser-like-client.ts';
import { createApp, refusalIn, refusalOf, registration, sentTo } from '../support/relying-party.ts';
import type { App, Wishes } from '../support/relying-party.ts';
import { runSallyport, startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { doorOf, signIn } from '../support/sign-in.ts';
import type { Person } from '../support/sign-in.ts';

const OTHER_API = 'https://api.example.com';
const PASSWORD = 'a long password of the tests';

describe('tokens for the admin API', () => {
  let server: Sallyport;
  let audience: string;
  let consoleApp: App;

  const service = (settings: object = {}) =>
    registration({
      grant_types: ['client_credentials'],
      redirect_uris: [],
      post_logout_redirect_uris: [],
      ...settings,
    });
  const tenant = (settings: object = {}) => ({
    name: 'Acme',
    policy: { secondFactors: { required: 'never' }, ...settings },
    tokens: { accessToken: '1h' },
    resources: { [OTHER_API]: { scopes: ['users:read'] } },
    roles: { feeder: { inherits: ['helpdesk'] } },
    clients: {
      console: registration({ client_name: 'Console', scope: 'openid offline_access *:*' }),
      partner: registration({ client_name: 'Partner', firstParty: false, scope: 'openid users:read' }),
      plain: registration({ client_name: 'Plain' }),
      narrow: registration({ client_name: 'Narrow', scope: 'openid users:read' }),
      feed: service({ roles: ['feeder'] }),
      idle: service(),
    },
  });

  before(async () => {
    server = await startSallyport({
      tenants: { acme: tenant(), strict: tenant({ administration: { freshSecondFactor: true } }) },
    });
    audience = `${server.publicUrl}/admin`;
    consoleApp = await createApp(server.issuer('acme'), { clientId: 'console' });
  });
  after(() => server.stop());

  let made = 0;
  async function anOwner(slug: string): Promise<Person> {
    const username = `boss${(made += 1)}`;
    const file = path.join(path.dirname(server.configFile), 'password');
    await writeFile(file, PASSWORD);
    const args = ['--tenant', slug, '--password-file', file, '--config', server.configFile];
    const { code, output } = await runSallyport(['admin', 'create', username, ...args]);
    expect(code, output).to.equal(0);
    return { username: `${username}@local`, password: PASSWORD };
  }

  async function tokensOf(
    app: App,
    person: Person,
    wishes: Wishes = {},
    { resource = audience, browser = createUserAgent() } = {},
  ) {
    const request = await app.begin({ resource, scope: 'openid *:*', ...wishes });
    const page = await signIn(browser, await browser.get(request.url), person);
    return app.finish(request, page, { resource });
  }

  function call(token: string | undefined, target = '/tenants/acme/roles', init: RequestInit = {}): Promise<Response> {
    const headers = {
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      'Content-Type': 'application/json',
    };
    return fetch(`${server.publicUrl}/admin/v1${target}`, { ...init, headers });
  }

  it('are described to whoever wants one', async () => {
    const answer = await fetch(`${server.publicUrl}/.well-known/oauth-protected-resource/admin`);
    const described: unknown = await answer.json();
    expect(described).to.deep.include({ resource: audience, bearer_methods_supported: ['header'] });
    expect(described).to.have.property('scopes_supported').that.includes.members(['users:read', '*:*']);
  });

  describe('of a person', () => {
    it('are JWTs of five minutes, whatever the tenant says, and open the API', async () => {
      const { access_token: token } = await tokensOf(consoleApp, await anOwner('acme'));
      expect(decodeProtectedHeader(token)).to.include({ typ: 'at+jwt', alg: 'ES256' });
      const { iat = 0, exp = 0, aud, client_id, scope } = decodeJwt(token);
      expect({ aud, client_id, scope, life: exp - iat }).to.deep.equal({
        aud: audience,
        client_id: 'console',
        scope: '*:*',
        life: 300,
      });
      expect((await call(token)).status).to.equal(200);
      expect((await call(token, '/tenants/strict/roles')).status).to.equal(404);
    });

    it('permit what was asked for, and no more than the roles', async () => {
      const boss = await anOwner('acme');
      const { access_token: narrow } = await tokensOf(consoleApp, boss, { scope: 'openid users:read' });
      const refused = await call(narrow);
      expect(refused.status).to.equal(403);
      expect(refused.headers.get('WWW-Authenticate')).to.include('insufficient_scope');
    });

    it('are for nobody else, and nothing else is for the API', async () => {
      const boss = await anOwner('acme');
      const tokens = await tokensOf(consoleApp, boss);
      const other = await tokensOf(
        consoleApp,
        boss,
        { scope: 'openid users:read', resource: OTHER_API },
        { resource: OTHER_API },
      );
      const opaque = await consoleApp.signIn(boss);
      for (const wrong of [tokens.id_token, other.access_token, opaque.tokens.access_token, tokens.refresh_token]) {
        const answer = await call(wrong);
        expect(answer.status).to.equal(401);
        expect(answer.headers.get('WWW-Authenticate')).to.equal('Bearer error="invalid_token"');
      }
      expect((await call(undefined)).headers.get('WWW-Authenticate')).to.match(/^Bearer realm="admin", DPoP algs=/);
    });

    it('come to an application of others by consent alone, and with the scopes that it may ask for', async () => {
      const boss = await anOwner('acme');
      const browser = createUserAgent();
      const partner = await createApp(server.issuer('acme'), { clientId: 'partner' });
      const request = await partner.begin({ resource: audience, scope: 'openid users:read' });
      const page = await signIn(browser, await browser.get(request.url), boss);
      expect(doorOf(page)).to.equal('consent');
      const silent = await partner.begin({ resource: audience, scope: 'openid users:read', prompt: 'none' });
      expect(refusalIn(await browser.get(silent.url))).to.equal('consent_required');

      const narrow = await createApp(server.issuer('acme'), { clientId: 'narrow' });
      const { access_token: token } = await tokensOf(narrow, boss, { scope: 'openid users:read users:write *:*' });
      expect(decodeJwt(token).scope).to.equal('users:read');
    });

    it('are not for an application whose registration names none of the scopes', async () => {
      const plain = await createApp(server.issuer('acme'), { clientId: 'plain' });
      for (const scope of ['openid', 'openid users:read *:*']) {
        const { url } = await plain.begin({ resource: audience, scope });
        expect(refusalIn(await createUserAgent().get(url))).to.equal('invalid_target');
      }
    });

    it('are good for nothing any more once the application gives up its grant', async () => {
      const tokens = await tokensOf(consoleApp, await anOwner('acme'));
      expect((await call(tokens.access_token)).status).to.equal(200);
      await oidc.tokenRevocation(consoleApp.config, tokens.refresh_token ?? '');
      expect((await call(tokens.access_token)).status).to.equal(401);
    });

    it('are refreshed', async () => {
      const tokens = await tokensOf(consoleApp, await anOwner('acme'));
      const { access_token: token } = await consoleApp.refresh(tokens, { resource: audience });
      expect((await call(token)).status).to.equal(200);
    });

    it('are bound to a key where the application asks for it', async () => {
      const DPoP = oidc.getDPoPHandle(consoleApp.config, await oidc.randomDPoPKeyPair('ES256'));
      const browser = createUserAgent();
      const request = await consoleApp.begin({ resource: audience, scope: 'openid *:*' });
      const page = await signIn(browser, await browser.get(request.url), await anOwner('acme'));
      const tokens = await oidc.authorizationCodeGrant(
        consoleApp.config,
        sentTo(page),
        request.checks,
        { resource: audience },
        { DPoP },
      );
      expect(tokens.token_type).to.equal('dpop');
      expect((await call(tokens.access_token)).status).to.equal(401);
      const url = new URL(`${server.publicUrl}/admin/v1/tenants/acme/roles?pageSize=2`);
      const fetchWith = (handle: oidc.DPoPHandle) =>
        oidc.fetchProtectedResource(consoleApp.config, tokens.access_token, url, 'GET', undefined, undefined, {
          DPoP: handle,
        });
      expect((await fetchWith(DPoP)).status).to.equal(200);
      const otherKey = oidc.getDPoPHandle(consoleApp.config, await oidc.randomDPoPKeyPair('ES256'));
      const refused = await fetchWith(otherKey).catch((error: unknown) => error);
      expect(JSON.stringify(refused)).to.include('invalid_dpop_proof');
    });
  });

  describe('of a service', () => {
    const grant = async (clientId: string, parameters: Record<string, string>) => {
      const { config } = await createApp(server.issuer('acme'), { clientId });
      return oidc.clientCredentialsGrant(config, parameters);
    };

    it('permit what its roles do', async () => {
      const { access_token: token } = await grant('feed', {
        resource: audience,
        scope: 'users:read users:write roles:read',
      });
      expect(decodeJwt(token)).to.include({ sub: 'feed', client_id: 'feed', aud: audience });
      expect((await call(token)).status).to.equal(403);
      expect((await call(token, '/tenants/acme/sessions')).status).to.equal(403);
      const { access_token: sessions } = await grant('feed', { resource: audience, scope: 'sessions:read' });
      expect((await call(sessions, '/tenants/acme/sessions')).status).to.equal(200);
    });

    it('permit nothing to one that holds none', async () => {
      const { access_token: token } = await grant('idle', { resource: audience, scope: '*:*' });
      expect((await call(token, '/tenants/acme/sessions')).status).to.equal(403);
    });

    it('have the scopes that there are', async () => {
      const asked = grant('feed', { resource: audience, scope: 'sessions:fly' });
      expect(decodeJwt((await asked).access_token).scope).to.equal(undefined);
      expect(await refusalOf(grant('console', { resource: audience, scope: 'users:read' }))).to.equal(
        'invalid_request',
      );
    });
  });

  describe('where a fresh second factor is asked for', () => {
    it('read with a password, and write after a step-up', async () => {
      const boss = await anOwner('strict');
      const strict = await createApp(server.issuer('strict'), { clientId: 'console' });
      const browser = createUserAgent();
      const weak = await tokensOf(strict, boss, {}, { browser });
      expect(decodeJwt(weak.access_token).acr).to.equal('sfa');
      const target = '/tenants/strict/roles';
      const create = (token: string, name: string) =>
        call(token, target, { method: 'POST', body: JSON.stringify({ name }) });
      expect((await call(weak.access_token, target)).status).to.equal(200);

      const refused = await create(weak.access_token, 'clerk');
      expect(refused.status).to.equal(401);
      const challenge = refused.headers.get('WWW-Authenticate') ?? '';
      expect(challenge).to.include('error="insufficient_user_authentication"');
      const [, acr_values = ''] = /acr_values="([^"]+)"/.exec(challenge) ?? [];
      const [, max_age = ''] = /max_age="?(\d+)/.exec(challenge) ?? [];
      expect({ acr_values, max_age }).to.deep.equal({ acr_values: 'mfa', max_age: '300' });

      const strong = await tokensOf(strict, boss, { acr_values, max_age }, { browser });
      expect(decodeJwt(strong.access_token).acr).to.equal('mfa');
      expect((await create(strong.access_token, 'clerk')).status).to.equal(201);
      expect((await create(weak.access_token, 'other')).status).to.equal(401);
    });
  });
});
