import { expect } from 'chai';
import type { CustomFetch } from 'openid-client';

import { createUserAgent } from '../support/browser-like-client.ts';
import type { UserAgent } from '../support/browser-like-client.ts';
import { exchange } from '../support/http-exchange.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee } from '../support/organisation.ts';
import { claimsOf, createApp, refusalIn, registration } from '../support/relying-party.ts';
import type { App } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';

const PUBLIC = 'https://id.example.com';
const OWN = 'https://login.globex.example';

describe('behind a proxy that ends TLS', () => {
  let server: Sallyport;
  let proxied: Record<string, string>;
  let kim: Employee;
  let browser: UserAgent;

  before(async () => {
    const organisation = await createOrganisation('hosts');
    kim = await organisation.addPerson('kim');
    const tenant = (host?: string) => ({
      name: 'Acme',
      ...(host !== undefined && { host }),
      policy: { secondFactors: { required: 'never' } },
      directories: { people: organisation.directory },
      clients: { orders: registration(), wiki: registration() },
    });
    server = await startSallyport({
      server: { publicUrl: PUBLIC, trustedProxies: ['loopback'] },
      tenants: { acme: tenant(), globex: tenant('login.globex.example') },
    });
    proxied = { [PUBLIC]: server.publicUrl, [OWN]: server.publicUrl };
  });
  after(() => server.stop());
  beforeEach(() => {
    browser = createUserAgent({ proxied });
  });

  /** As an app's requests arrive: by the proxy, too. */
  const byProxy: CustomFetch = async (url, { method, headers, body }) => {
    const target = new URL(url);
    const sent = body instanceof URLSearchParams ? body.toString() : '';
    const answer = await exchange(target, proxied[target.origin], { method, headers }, sent);
    return new Response(answer.body, { status: answer.status, headers: answer.headers });
  };

  const places = { 'on a path of the shared host': `${PUBLIC}/t/acme`, 'on a host of its own': OWN };

  for (const [where, issuer] of Object.entries(places)) {
    describe(`a tenant ${where}`, () => {
      let orders: App;
      let wiki: App;

      before(async () => {
        orders = await createApp(issuer, { fetch: byProxy });
        wiki = await createApp(issuer, { clientId: 'wiki', fetch: byProxy });
      });

      it('signs in, refreshes, and signs in to a second app', async () => {
        const { tokens, claims } = await orders.signIn(kim, { browser });
        expect(claims.iss).to.equal(issuer);
        expect(claimsOf(await orders.refresh(tokens)).sub).to.equal(claims.sub);
        expect((await orders.userinfo(tokens)).sub).to.equal(claims.sub);
        const silently = await browser.get((await wiki.begin({ prompt: 'none' })).url);
        expect(refusalIn(silently)).to.equal('a code');
      });

      it('has cookies for itself and for TLS alone', async () => {
        await orders.signIn(kim, { browser });
        const path = new URL(issuer).pathname;
        const session = browser.cookies.all().filter((cookie) => cookie.name.includes('session'));
        expect(session.length).to.equal(2);
        for (const cookie of session) {
          expect(cookie).to.include({ path, secure: true, httpOnly: true, sameSite: 'lax', hostOnly: true });
          expect(cookie.name).to.match(/^__Secure-/);
        }
        for (const cookie of browser.cookies.all()) expect(cookie, cookie.name).to.include({ secure: true });
      });

      it('tells browsers to stay with TLS', async () => {
        const page = await browser.get((await orders.begin()).url);
        expect(page.headers.get('strict-transport-security')).to.match(/^max-age=\d{8}/);
      });

      it('names nothing but its own issuer', async () => {
        const metadata = orders.config.serverMetadata();
        const urls = Object.values(metadata).filter((value) => typeof value === 'string' && value.includes('://'));
        expect(urls.length).to.be.greaterThan(6);
        for (const url of urls) expect(url).to.satisfy((text: string) => text.startsWith(issuer));
      });
    });
  }

  it('a tenant with a host of its own is not on the shared one, and the other way round', async () => {
    for (const url of [`${PUBLIC}/t/globex/jwks`, `${OWN}/t/acme/jwks`, `${OWN}/t/globex/jwks`]) {
      expect((await browser.get(url)).status, url).to.equal(404);
    }
  });

  it('a session on one host is none on the other', async () => {
    const orders = await createApp(places['on a path of the shared host'], { fetch: byProxy });
    await orders.signIn(kim, { browser });
    const other = await createApp(OWN, { fetch: byProxy });
    const page = await browser.get((await other.begin({ prompt: 'none' })).url);
    expect(refusalIn(page)).to.equal('login_required');
  });
});
