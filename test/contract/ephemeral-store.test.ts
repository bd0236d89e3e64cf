import { expect } from 'chai';
import { createMemoryStore } from '../../src/ephemeral/ephemeral-memory.ts';
import { createRedisStore } from '../../src/ephemeral/ephemeral-redis.ts';
import type { EphemeralStore } from '../../src/ephemeral/ephemeral-store.ts';
import { testRedisUrl } from '../support/redis.ts';
import { describeEphemeralStore } from './ephemeral-store.ts';

describeEphemeralStore('memory', async () => [createMemoryStore()]);

describeEphemeralStore('Redis, from two processes', async () => {
  const url = await testRedisUrl();
  return [createRedisStore({ url }), createRedisStore({ url })];
});

describe('ephemeral store: Redis', () => {
  let stores: EphemeralStore[] = [];
  afterEach(() => Promise.all(stores.map((store) => store.close())));

  it('serves a program that has just started', async () => {
    const store = createRedisStore({ url: await testRedisUrl() });
    stores = [store];
    expect(await store.add('k', 'v', 60)).to.equal(true);
  });

  it('keeps to its prefix', async () => {
    const url = await testRedisUrl();
    const [one, other] = [createRedisStore({ url, keyPrefix: 'one:' }), createRedisStore({ url, keyPrefix: 'other:' })];
    stores = [one, other];
    await one.put('k', 'v', 60);
    await one.increment('n', 60);
    expect(await other.getMany(['k', 'n'])).to.deep.equal([undefined, undefined]);
    expect(await other.replace('k', 'v', 'w', 60)).to.equal(false);
    expect(await other.increment('n', 60)).to.include({ count: 1 });
  });
});
