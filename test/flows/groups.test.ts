import { expect } from 'chai';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { z } from 'zod';

import type { UserAgent } from '../support/browser-like-client.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee } from '../support/organisation.ts';
import { claimsOf, createApp, registration } from '../support/relying-party.ts';
import type { App, Tokens } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';

const API = 'https://api.example.com';

/** OpenID Connect Core 5.6.2. */
const distributedGroups = z.object({
  _claim_names: z.object({ groups: z.string() }),
  _claim_sources: z.record(z.string(), z.object({ endpoint: z.url(), access_token: z.string() })),
});

describe('groups', () => {
  let server: Sallyport;
  let pia: Employee;

  before(async () => {
    const organisation = await createOrganisation('groups');
    pia = await organisation.addPerson('pia');
    const sales = await organisation.addGroup('sales', [pia]);
    await organisation.addGroup('staff', [sales]);
    await organisation.addGroup('sales-north', [pia]);
    const tenant = (groupLimit: number) => ({
      name: 'Acme',
      policy: { secondFactors: { required: 'never' } },
      directories: { people: organisation.directory },
      tokens: { groupLimit },
      resources: { [API]: {} },
      clients: {
        orders: registration(),
        dns: registration({ groups: { form: 'dn' } }),
        ids: registration({ groups: { form: 'id' } }),
        listed: registration({ groups: { only: ['staff', 'nobody'] } }),
        prefixed: registration({ groups: { only: ['sales*'] } }),
      },
    });
    server = await startSallyport({ tenants: { acme: tenant(100), crowded: tenant(2) } });
  });
  after(() => server.stop());

  describe('in the claims', () => {
    let app: App;
    let browser: UserAgent;

    before(async () => {
      app = await createApp(server.issuer('acme'));
      ({ browser } = await app.signIn(pia));
    });

    async function groupsFor(clientId: string): Promise<unknown> {
      app = await createApp(server.issuer('acme'), { clientId });
      const { claims, tokens } = await app.signIn(pia, { browser, wishes: { scope: 'openid groups' } });
      expect((await app.userinfo(tokens)).groups).to.deep.equal(claims.groups);
      return claims.groups;
    }

    it('are named by name, by DN or by id, as the client registered', async () => {
      expect(await groupsFor('orders')).to.deep.equal(['sales', 'sales-north', 'staff']);
      const dn = (name: string) => `cn=${name},ou=groups,o=groups,dc=demo,dc=test`;
      expect(await groupsFor('dns')).to.have.members([dn('sales'), dn('sales-north'), dn('staff')]);
      const ids = z.array(z.guid()).parse(await groupsFor('ids'));
      expect(new Set(ids).size).to.equal(3);
    });

    it('are those that the client may see', async () => {
      expect(await groupsFor('listed')).to.deep.equal(['staff']);
      expect(await groupsFor('prefixed')).to.deep.equal(['sales', 'sales-north']);
    });
  });

  describe('that are too many for a token', () => {
    const scope = 'openid groups';
    let issuer: string;
    let tokens: Tokens;
    let app: App;

    before(async () => {
      issuer = server.issuer('crowded');
      app = await createApp(issuer);
      ({ tokens } = await app.signIn(pia, { wishes: { scope } }));
    });

    /** Where the claims say that the groups are. */
    function sourceIn(claims: Record<string, unknown>) {
      const { _claim_names: names, _claim_sources: sources } = distributedGroups.parse(claims);
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
        expect(endpoint).to.equal(`${issuer}/claims/groups`);
        const answer = await ask(endpoint, `Bearer ${ticket}`);
        expect(answer.headers.get('content-type')).to.contain('application/jwt');
        const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`));
        const { payload } = await jwtVerify(await answer.text(), keys, { issuer, audience: 'orders' });
        expect(payload.groups).to.deep.equal(['sales', 'sales-north', 'staff']);
        expect(payload.sub).to.equal(claimsOf(tokens).sub);
      }
    });

    it('are told where to fetch in a token for an API, too', async () => {
      const { browser } = await app.signIn(pia);
      const request = await app.begin({ scope, resource: API });
      const { access_token: jwt } = await app.finish(request, await browser.get(request.url), { resource: API });
      const { endpoint, access_token: ticket } = sourceIn(decodeJwt(jwt));
      expect(decodeJwt(jwt)).not.to.have.any.keys('groups');
      expect((await ask(endpoint, `Bearer ${ticket}`)).status).to.equal(200);
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
      const prefixed = await createApp(issuer, { clientId: 'prefixed' });
      const { claims } = await prefixed.signIn(pia, { wishes: { scope } });
      expect(claims.groups).to.deep.equal(['sales', 'sales-north']);
      expect(claims).not.to.have.any.keys('_claim_names', '_claim_sources');
    });
  });
});
