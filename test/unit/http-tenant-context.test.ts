import { expect } from 'chai';
import Provider from 'oidc-provider';

import { clientAddress } from '../../src/http/client-address.ts';
import { handleErrors } from '../../src/http/error-handler.ts';
import { requireHost } from '../../src/http/public-host.ts';
import { siteOf, tenantContext } from '../../src/http/tenant-context.ts';
import type { Sites, TenantSite } from '../../src/http/tenant-context.ts';
import { derivedSecrets } from '../../src/security/derived-secrets.ts';
import { mapAdapter } from '../support/map-adapter.ts';
import { settings } from '../support/tenants.ts';
import { ask, closeAll, serve, silentLog } from './http-fixture.ts';

const PUBLIC = 'id.example.com';

describe('tenantContext', () => {
  afterEach(closeAll);

  function site(slug: string, host?: string): TenantSite {
    const rest = { status: 'active', secret: 'x'.repeat(43), directories: [], version: 1 } as const;
    const tenant = { id: slug, slug, name: slug, settings: settings({ host }), ...rest };
    const provider = new Provider('https://id.example.com', { adapter: mapAdapter(), cookies: { keys: ['k'] } });
    return { tenant, issuer: 'https://id.example.com', provider, secrets: derivedSecrets(tenant.secret) };
  }
  const shared = site('acme');
  const apart = site('globex', 'login.globex.example');
  const sites: Sites = {
    bySlug: async (slug) => [shared, apart].find(({ tenant }) => tenant.slug === slug),
    byHost: async (host) => [shared, apart].find(({ tenant }) => tenant.settings.host === host),
    isTenantHost: async (host) => (await sites.byHost(host)) !== undefined,
  };

  /** Slug and path within the tenant; the status where there is none. */
  async function found(host: string, path: string): Promise<string | number> {
    const { url } = await serve([
      clientAddress([]),
      handleErrors({ renderErrorPage: () => '', log: silentLog }),
      requireHost(async (asked) => asked === PUBLIC || (await sites.isTenantHost(asked))),
      tenantContext(sites, PUBLIC),
      (ctx) => void (ctx.body = `${siteOf(ctx)?.tenant.slug ?? 'none'} ${ctx.url}`),
    ]);
    const { status, body } = await ask(url + path, { headers: { Host: host } });
    return status === 200 ? body : status;
  }

  for (const host of [PUBLIC, 'ID.example.com', `${PUBLIC}:80`]) {
    it(`finds a tenant by the first part of the path at ${host}`, async () => {
      expect(await found(host, '/t/acme/auth?x=1')).to.equal('acme /auth?x=1');
      expect(await found(host, '/t/nobody/auth')).to.equal(404);
      expect(await found(host, '/.well-known/openid-configuration/t/acme')).to.equal(
        'acme /.well-known/openid-configuration',
      );
      expect(await found(host, '/livez')).to.equal('none /livez');
    });
  }

  for (const host of ['login.globex.example', 'Login.Globex.example:80']) {
    it(`finds a tenant by its own host ${host}, and there alone`, async () => {
      expect(await found(host, '/auth')).to.equal('globex /auth');
      expect(await found(host, '/t/acme/auth')).to.equal('globex /t/acme/auth');
      expect(await found(PUBLIC, '/t/globex/auth')).to.equal(404);
    });
  }
});
