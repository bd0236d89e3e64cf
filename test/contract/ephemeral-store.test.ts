import { expect } from 'chai';
import { createMemoryStore } from '../../src/ephemeral/ephemeral-memory.ts';
import { createRedisStore } from '../../src/ephemeral/ephemeral-redis.ts';
import { testRedisUrl } from '../support/redis.ts';
import { describeEphemeralStore } from './ephemeral-store.ts';

describeEphemeralStore('memory', async () => [createMemoryStore()]);

describeEphemeralStore('Redis, from two processes', async () => {
  const url = await testRedisUrl();
  return [createRedisStore({ url }), createRedisStore({ url })];
});

describe('ephemeral store: Redis', () => {
  it('serves a program that has just started', async () => {
    const store = createRedisStore({ url: await testRedisUrl() });
    expect(await store.add('k', 'v', 60)).to.equal(true);
    await store.close();
  });

  it('keeps to its prefix', async () => {
    const url = await testRedisUrl();
    const [one, other] = [createRedisStore({ url, keyPrefix: 'one:' }), createRedisStore({ url, keyPrefix: 'other:' })];
    await one.put('k', 'v', 60);
    await one.increment('n', 60);
    expect(await other.getMany(['k', 'n'])).to.deep.equal([undefined, undefined]);
    expect(await other.replace('k', 'v', 'w', 60)).to.equal(false);
    expect(await other.increment('n', 60)).to.include({ count: 1 });
    await Promise.all([one.close(), other.close()]);
  });
});
