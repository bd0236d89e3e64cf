import { createMemoryStore } from '../../src/ephemeral/ephemeral-memory.ts';
import { createRedisStore } from '../../src/ephemeral/ephemeral-redis.ts';
import type { EphemeralStore } from '../../src/ephemeral/ephemeral-store.ts';
import { testRedisUrl } from './redis.ts';

/**
 * Runs a suite on both ephemeral stores. The suite gets a function, since the stores are there only once a test runs: the store
 * as process `number` has it, of two on Redis and of one in memory.
 */
export function describeOnEveryStore(title: string, suite: (store: (number?: number) => EphemeralStore) => void): void {
  describe(`${title}, in memory`, () => {
    suite(storesOf(async () => [createMemoryStore()]));
  });
  describe(`${title}, in Redis`, () => {
    suite(
      storesOf(async () => {
        const url = await testRedisUrl();
        return [createRedisStore({ url }), createRedisStore({ url })];
      }),
    );
  });
}

function storesOf(open: () => Promise<EphemeralStore[]>): (number?: number) => EphemeralStore {
  let stores: EphemeralStore[] = [];
  before(async () => {
    stores = await open();
  });
  after(() => Promise.all(stores.map((store) => store.close())));
  return (number = 0) => {
    const store = stores[number % stores.length];
    if (!store) throw new Error('The stores are there only while tests run.');
    return store;
  };
}
