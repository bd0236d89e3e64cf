import { expect } from 'chai';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { AppError } from '../../src/errors.ts';
import { createMemoryStore } from '../../src/ephemeral/ephemeral-memory.ts';
import { createRedisStore } from '../../src/ephemeral/ephemeral-redis.ts';
import type { EphemeralStore } from '../../src/ephemeral/ephemeral-store.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/ports.ts';
import { startRedis } from '../support/redis.ts';
import type { TestRedis } from '../support/redis.ts';

const everyMethod: Record<string, (store: EphemeralStore) => Promise<unknown>> = {
  get: (store) => store.get('k'),
  getMany: (store) => store.getMany(['k', 'l']),
  put: (store) => store.put('k', 'v', 60),
  add: (store) => store.add('k', 'v', 60),
  replace: (store) => store.replace('k', 'v', 'w', 60),
  take: (store) => store.take('k'),
  remove: (store) => store.remove('k'),
  increment: (store) => store.increment('n', 60),
  ping: (store) => store.ping(1_500),
};

/** Calls every method at once: each must fail with the one code, and a cause, within two seconds. */
async function expectUnavailable(store: EphemeralStore): Promise<void> {
  const start = performance.now();
  const results = await Promise.all(
    Object.values(everyMethod).map((call) =>
      call(store).then(
        () => 'no error',
        (error: unknown) => error,
      ),
    ),
  );
  expect(performance.now() - start).to.be.below(2_000);
  for (const error of results) {
    if (!(error instanceof AppError)) expect.fail(`expected an AppError, got ${String(error)}`);
    expect(error.code).to.equal('storage_unavailable');
    expect(error.cause).to.be.instanceOf(Error);
  }
}

async function expectRecovery(store: EphemeralStore): Promise<void> {
  await eventually('the store answers again', () =>
    store.ping(500).then(
      () => true,
      () => false,
    ),
  );
  for (const call of Object.values(everyMethod)) await call(store);
}

/** Passes on what comes, until the connections that are open then are cut off without being closed. */
async function startRelay(target: number): Promise<{ port: number; silenceConnections(): void }> {
  const sockets = new Set<Socket>();
  const relay = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
    }
  });
  const port = await freePort();
  await once(relay.listen(port, '127.0.0.1'), 'listening');
  relay.unref();
  return { port, silenceConnections: () => sockets.forEach((socket) => socket.unpipe().pause().unref()) };
}

describe('ephemeral store: Redis in trouble', () => {
  let redis: TestRedis;
  let store: EphemeralStore;

  beforeEach(async () => {
    redis = await startRedis();
  });
  afterEach(async () => {
    await store.close();
    await redis.stop();
  });

  it('is down when the store is made, and comes up later', async () => {
    await redis.stop();
    const reported: Error[] = [];
    store = createRedisStore({ url: redis.url, onError: (error) => reported.push(error) });
    await expectUnavailable(store);
    expect(reported).to.not.be.empty;
    await redis.start();
    await expectRecovery(store);
  });

  it('is killed, and restarted with nothing in it', async () => {
    store = createRedisStore({ url: redis.url });
    await store.put('kept', 'v', 60);
    // The scripts are known to the first server only.
    await store.replace('kept', 'v', 'w', 60);
    await store.increment('count', 60);
    await redis.stop();
    await expectUnavailable(store);
    await redis.start();
    await expectRecovery(store);
    expect(await store.get('kept')).to.equal(undefined);
    expect(await store.increment('count', 60)).to.include({ count: 1 });
    await store.put('kept', 'v', 60);
    expect(await store.replace('kept', 'v', 'w', 60)).to.equal(true);
  });

  it('hangs, for shorter and for longer than a connection is waited for', async () => {
    store = createRedisStore({ url: redis.url });
    await store.put('kept', 'v', 60);
    redis.pause();
    await expectUnavailable(store);
    redis.resume();
    await expectRecovery(store);

    redis.pause();
    for (let round = 0; round < 4; round++) await expectUnavailable(store);
    redis.resume();
    await expectRecovery(store);
    expect(await store.get('kept')).to.equal('v');
  });

  it('hangs when the store is made', async () => {
    redis.pause();
    store = createRedisStore({ url: redis.url });
    await expectUnavailable(store);
    redis.resume();
    await expectRecovery(store);
  });

  it('vanishes without a word, and answers at the same address on a new connection', async () => {
    const relay = await startRelay(Number(new URL(redis.url).port));
    store = createRedisStore({ url: `redis://127.0.0.1:${relay.port}` });
    await store.put('kept', 'v', 60);
    relay.silenceConnections();
    await expectUnavailable(store);
    await expectRecovery(store);
  });

  it('is full: nothing is written, and nothing that limits attempts passes', async () => {
    store = createRedisStore({ url: `${redis.url}/0` });
    await store.put('k', 'v', 60);
    await redis.configure('maxmemory', '1');
    for (const name of ['put', 'add', 'increment']) {
      const error = await everyMethod[name]?.(store).catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(AppError).with.property('code', 'storage_unavailable');
    }
  });
});

describe('ephemeral store: memory that is full', () => {
  it('refuses new keys, keeps what it has, and takes new ones when old ones have expired', async () => {
    let now = 0;
    const store = createMemoryStore({ maxEntries: 2, now: () => now });
    await store.increment('attempts', 10);
    await store.put('other', 'v', 60);
    for (const name of ['put', 'add', 'increment']) {
      const error = await everyMethod[name]?.(store).catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(AppError).with.property('code', 'storage_unavailable');
    }
    expect(await store.increment('attempts', 10)).to.deep.equal({ count: 2, secondsLeft: 10 });
    await store.put('other', 'w', 60);

    now = 10_000;
    expect(await store.add('k', 'v', 60)).to.equal(true);
    expect(await store.get('other')).to.equal('w');
    await store.close();
  });
});
