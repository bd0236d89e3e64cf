import { expect } from 'chai';
import { exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';

import { createTenantProviders } from '../../src/oidc/tenant-providers.ts';
import type { TenantProviders } from '../../src/oidc/tenant-providers.ts';
import type { Tenant } from '../../src/tenants/tenants.ts';
import { eventually } from '../support/eventually.ts';
import { mapAdapter } from '../support/map-adapter.ts';
import { settings } from '../support/tenants.ts';

describe('providers of tenants', () => {
  let provider: Provider;
  let stored: Map<string, Tenant>;
  let built: string[];
  /** Names that were looked for. */
  let read: string[];
  let sites: TenantProviders;
  /** What somebody who reads a tenant waits for after the database has answered. */
  let onTheWay: Promise<unknown>;
  let build: (tenant: Tenant) => Promise<Provider>;

  before(async () => {
    const { privateKey } = await generateKeyPair('RS256', { extractable: true });
    provider = new Provider('https://id.example', {
      adapter: mapAdapter(),
      cookies: { keys: ['k'] },
      features: { devInteractions: { enabled: false } },
      jwks: { keys: [await exportJWK(privateKey)] },
    });
  });
  beforeEach(() => {
    stored = new Map([['acme', tenant('acme')]]);
    built = [];
    onTheWay = Promise.resolve();
    build = async ({ name }) => {
      built.push(name);
      return provider;
    };
    read = [];
    const find = async (slug: string) => {
      read.push(slug);
      const found = stored.get(slug);
      await onTheWay;
      return found;
    };
    sites = createTenantProviders({
      tenants: { bySlug: find, byHost: (host) => find(host.split('.')[0] ?? '') },
      issuerOf: ({ slug }) => `https://id.example/t/${slug}`,
      build: (one) => build(one),
    });
  });

  function tenant(slug: string, name = slug): Tenant {
    const rest = {
      status: 'active',
      settings: settings(),
      secret: 'x'.repeat(43),
      directories: [],
      version: 1,
    } as const;
    return { id: `id of ${slug}`, slug, name, ...rest };
  }
  const change = (name: string) => void stored.set('acme', tenant('acme', name));

  it('are made once for twenty that ask at once, and kept', async () => {
    const found = await Promise.all(Array.from({ length: 20 }, () => sites.bySlug('acme')));
    expect(new Set(found).size).to.equal(1);
    expect(await sites.bySlug('acme')).to.equal(found[0]);
    expect(built).to.deep.equal(['acme']);
  });

  it('are made anew after a change, by slug and by host', async () => {
    await Promise.all([sites.bySlug('acme'), sites.byHost('acme.example')]);
    change('Acme & Sons');
    expect((await sites.bySlug('acme'))?.tenant.name).to.equal('acme');
    sites.forget('id of acme');
    expect((await sites.bySlug('acme'))?.tenant.name).to.equal('Acme & Sons');
    expect((await sites.byHost('acme.example'))?.tenant.name).to.equal('Acme & Sons');
  });

  it('are not kept as they were read before a change that was told while they were read', async () => {
    const answer = Promise.withResolvers<undefined>();
    onTheWay = answer.promise;
    const asked = sites.bySlug('acme');
    change('Acme & Sons');
    sites.forget('id of acme');
    answer.resolve(undefined);
    await asked;
    expect((await sites.bySlug('acme'))?.tenant.name).to.equal('Acme & Sons');
  });

  it('are asked for again after a failure', async () => {
    const working = build;
    build = () => Promise.reject(new Error('no keys'));
    expect(await sites.bySlug('acme').catch((error: unknown) => error)).to.be.instanceOf(Error);
    build = working;
    expect(await sites.bySlug('acme')).to.include({ issuer: 'https://id.example/t/acme' });
  });

  it('of nobody are nobody’s, until somebody takes the name', async () => {
    expect(await sites.bySlug('globex')).to.equal(undefined);
    expect(await sites.isTenantHost('globex.example')).to.equal(false);
    stored.set('globex', tenant('globex'));
    sites.forget('id of globex');
    await eventually('the name to be known', async () => (await sites.bySlug('globex')) !== undefined);
    expect(await sites.isTenantHost('globex.example')).to.equal(true);
  });

  it('stay however many names are made up, of which those that nobody can have are not even looked for', async () => {
    await sites.bySlug('acme');
    for (let n = 0; n < 3000; n++) {
      await sites.bySlug(`nobody-${n}`);
      await sites.byHost(`nobody-${n}.example`);
    }
    await sites.bySlug('acme');
    expect(built).to.deep.equal(['acme']);

    read.length = 0;
    for (const slug of ['', 'Acme', '-', 'a_b', '__proto__', 'x'.repeat(100)]) {
      expect(await sites.bySlug(slug)).to.equal(undefined);
    }
    await Promise.all([sites.bySlug('nobody'), sites.bySlug('nobody')]);
    await sites.bySlug('nobody');
    expect(read).to.deep.equal(['nobody']);
  });
});
