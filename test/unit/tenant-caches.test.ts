import { expect } from 'chai';

import { createTenantCaches } from '../../src/tenants/tenant-caches.ts';

interface App {
  name: string;
}

describe('what is remembered of tenants', () => {
  let stored: Map<string, App>;
  let reads: string[];

  beforeEach(() => {
    stored = new Map([
      ['acme/app', { name: 'App' }],
      ['globex/app', { name: 'Other' }],
    ]);
    reads = [];
  });

  async function read(tenantId: string, key: string): Promise<App | undefined> {
    const path = `${tenantId}/${key}`;
    reads.push(path);
    return stored.get(path);
  }

  it('is read once, however many ask', async () => {
    const find = createTenantCaches().of(read);
    const found = await Promise.all([find('acme', 'app'), find('acme', 'app'), find('acme', 'app')]);
    expect(await find('acme', 'app')).to.deep.equal({ name: 'App' });
    expect(found).to.deep.equal([{ name: 'App' }, { name: 'App' }, { name: 'App' }]);
    expect(reads).to.deep.equal(['acme/app']);
  });

  it('is each tenant’s own', async () => {
    const find = createTenantCaches().of(read);
    expect(await find('acme', 'app')).to.deep.equal({ name: 'App' });
    expect(await find('globex', 'app')).to.deep.equal({ name: 'Other' });
  });

  it('is read again after a change of its tenant, and of no other', async () => {
    const caches = createTenantCaches();
    const find = caches.of(read);
    await Promise.all([find('acme', 'app'), find('globex', 'app')]);
    stored.set('acme/app', { name: 'Renamed' });
    caches.forget('acme');
    expect(await find('acme', 'app')).to.deep.equal({ name: 'Renamed' });
    await find('globex', 'app');
    expect(reads).to.deep.equal(['acme/app', 'globex/app', 'acme/app']);
  });

  it('is not what was read before a change that was told meanwhile', async () => {
    const caches = createTenantCaches();
    const pending = Promise.withResolvers<App>();
    const answers = [pending.promise, Promise.resolve({ name: 'New' })];
    const find = caches.of<App>(() => answers.shift() ?? Promise.resolve(undefined));
    const before = find('acme', 'app');
    caches.forget('acme');
    expect(await find('acme', 'app')).to.deep.equal({ name: 'New' });
    pending.resolve({ name: 'Old' });
    expect(await before).to.deep.equal({ name: 'Old' });
    expect(await find('acme', 'app')).to.deep.equal({ name: 'New' });
  });

  it('has what is known and what is being read, however many others are asked for at once', async () => {
    const find = createTenantCaches().of(read);
    for (let app = 0; app < 5000; app += 1) stored.set(`acme/${app}`, { name: `App ${app}` });
    const known = [...stored.keys()]
      .filter((path) => path.startsWith('acme/'))
      .map((path) => path.slice('acme/'.length));
    await Promise.all(known.map((key) => find('acme', key)));
    reads = [];
    const others = Array.from({ length: 6000 }, (_, number) => find('globex', `made-up-${number}`));
    const found = await Promise.all([...others, find('globex', 'app')]);
    expect(found.filter(Boolean)).to.deep.equal([{ name: 'Other' }]);
    reads = [];
    for (const key of known.slice(-100)) expect(await find('acme', key)).to.not.equal(undefined);
    expect(reads).to.deep.equal([]);
  });

  it('comes to so many bytes, not entries: what is large drives out what was not asked for', async () => {
    const find = createTenantCaches().of(read);
    await find('globex', 'app');
    const name = 'x'.repeat(60_000);
    for (let app = 0; app < 1000; app += 1) stored.set(`acme/${app}`, { name });
    for (let app = 0; app < 1000; app += 1) await find('acme', `${app}`);
    reads = [];
    for (let app = 999; app >= 0; app -= 1) await find('acme', `${app}`);
    // 32 MiB hold 549 of them.
    expect(reads).to.have.length(1000 - 549);
    expect(reads[0]).to.equal('acme/450');
    await find('globex', 'app');
    expect(reads.at(-1)).to.equal('globex/app');
  });

  it('may be a function, and something larger than there is room for, which is read each time', async () => {
    const caches = createTenantCaches();
    let made = 0;
    const verifier = caches.of(async () => {
      made += 1;
      return () => made;
    });
    expect(await verifier('acme', 'x')).to.equal(await verifier('acme', 'x'));
    const find = caches.of(read);
    stored.set('acme/huge', { name: 'x'.repeat(40_000_000) });
    await find('acme', 'huge');
    expect((await find('acme', 'huge'))?.name).to.have.length(40_000_000);
    expect(reads).to.deep.equal(['acme/huge', 'acme/huge']);
  });

  it('does not include that there was nothing, nor a fault', async () => {
    const caches = createTenantCaches();
    const find = caches.of(read);
    expect(await find('acme', 'new')).to.equal(undefined);
    stored.set('acme/new', { name: 'New' });
    expect(await find('acme', 'new')).to.deep.equal({ name: 'New' });

    let broken = true;
    const faulty = caches.of(async (tenantId, key) => {
      if (broken) throw new Error('the database is down');
      return read(tenantId, key);
    });
    const fault = await faulty('acme', 'app').catch((error: unknown) => error);
    expect(fault).to.be.an('error').with.property('message', 'the database is down');
    broken = false;
    expect(await faulty('acme', 'app')).to.deep.equal({ name: 'App' });
  });
});
