import { expect } from 'chai';
import { decodeJwt } from 'jose';
import * as oidc from 'openid-client';

import { createUserAgent } from '../support/browser-like-client.ts';
import type { UserAgent } from '../support/browser-like-client.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee } from '../support/organisation.ts';
import { createApp, registration } from '../support/relying-party.ts';
import type { App, SignedIn, Tokens } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';

const API = 'https://api.example.com';

describe('groups and roles', () => {
  let server: Sallyport;
  let pia: Employee;
  let browser: UserAgent;
  let orders: App;

  before(async () => {
    const organisation = await createOrganisation('askedclaims');
    pia = await organisation.addPerson('pia');
    await organisation.addGroup('sales', [pia]);
    await organisation.addGroup('staff', [pia]);
    const tenant = {
      name: 'Acme',
      policy: { secondFactors: { required: 'never' } },
      directories: { people: organisation.directory },
      resources: { [API]: { scopes: ['groups', 'roles'] } },
      roles: { seller: { groups: ['sales'] } },
      clients: {
        orders: registration(),
        portal: registration({ defaultResource: API }),
        lasting: registration({ refreshOutlivesSession: true }),
      },
    };
    server = await startSallyport({ tenants: { acme: tenant, small: { ...tenant, tokens: { groupLimit: 1 } } } });
    orders = await createApp(server.issuer('acme'));
  });
  after(() => server.stop());
  beforeEach(() => {
    browser = createUserAgent();
  });

  describe('asked for by name', () => {
    const wish = (where: string) => ({
      claims: JSON.stringify({ [where]: { groups: null, roles: { essential: true } } }),
    });

    it('are in the ID token, without their scopes', async () => {
      const { claims, tokens } = await orders.signIn(pia, { browser, wishes: wish('id_token') });
      expect(claims).to.deep.include({ groups: ['sales', 'staff'], roles: ['seller'] });
      expect(await orders.userinfo(tokens)).not.to.have.any.keys('groups', 'roles');
    });

    it('are answered by userinfo, without their scopes', async () => {
      const { claims, tokens } = await orders.signIn(pia, { browser, wishes: wish('userinfo') });
      expect(claims).not.to.have.any.keys('groups', 'roles');
      expect(await orders.userinfo(tokens)).to.deep.include({ groups: ['sales', 'staff'], roles: ['seller'] });
    });
  });

  it('leave the access token when a refresh asks for less', async () => {
    const portal = await createApp(server.issuer('acme'), { clientId: 'portal' });
    const { tokens } = await portal.signIn(pia, { browser, wishes: { scope: 'openid groups roles' } });
    expect(decodeJwt(tokens.access_token)).to.deep.include({ groups: ['sales', 'staff'], roles: ['seller'] });

    const narrow = await portal.refresh(tokens, { scope: 'openid roles' });
    expect(decodeJwt(narrow.access_token)).to.deep.include({ roles: ['seller'] });
    expect(decodeJwt(narrow.access_token)).not.to.have.property('groups');
    const whole = await portal.refresh(narrow);
    expect(decodeJwt(whole.access_token)).to.have.property('groups');
  });

  describe('too many for a token are fetched', () => {
    let small: App;

    before(async () => {
      small = await createApp(server.issuer('small'));
    });

    /** The status of the endpoint that an ID token or a userinfo answer names. */
    async function fetched(claims: Record<string, unknown>): Promise<number> {
      const { endpoint, access_token: ticket } = (
        claims as { _claim_sources: { groups: { endpoint: string; access_token: string } } }
      )._claim_sources.groups;
      const { status } = await fetch(endpoint, { headers: { authorization: `Bearer ${ticket}` } });
      return status;
    }
    function signedIn(app = small): Promise<SignedIn> {
      return app.signIn(pia, { browser, wishes: { scope: 'openid groups' } });
    }
    async function expectFetchedUntil(app: App, tokens: Tokens, ending: () => Promise<unknown>, status: number) {
      const told = [tokens.claims() ?? {}, await app.userinfo(tokens)];
      for (const claims of told) expect(await fetched(claims), 'before').to.equal(200);
      await ending();
      for (const claims of told) expect(await fetched(claims), 'after').to.equal(status);
    }
    async function signOut(): Promise<void> {
      const page = await browser.get(`${server.issuer('small')}/session/end`);
      await browser.click(page, 'Sign out');
    }

    it('until the tokens are revoked', async () => {
      const { tokens } = await signedIn();
      const revoke = () => oidc.tokenRevocation(small.config, tokens.refresh_token ?? '');
      await expectFetchedUntil(small, tokens, revoke, 401);
    });

    it('until the person signs out', async () => {
      const { tokens } = await signedIn();
      await expectFetchedUntil(small, tokens, signOut, 401);
    });

    it('by an app whose tokens outlive the session, afterwards as well', async () => {
      const lasting = await createApp(server.issuer('small'), { clientId: 'lasting' });
      const { tokens } = await signedIn(lasting);
      await expectFetchedUntil(lasting, tokens, signOut, 200);
    });
  });
});
