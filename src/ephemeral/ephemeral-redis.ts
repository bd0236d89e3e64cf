import { Redis } from 'ioredis';
import type { Result } from 'ioredis';
import { within } from '../deadline.ts';
import { storageUnavailable } from '../errors.ts';
import type { EphemeralStore } from './ephemeral-store.ts';
import { milliseconds } from './time-to-live.ts';

export interface RedisStoreOptions {
  /** `redis://user:password@host:port/database`; `rediss:` for TLS. */
  url: string;
  /** Before every key; `sallyport:` unless told. */
  keyPrefix?: string;
  /** Told when a connection fails; the store goes on trying. */
  onError?: (error: Error) => void;
}

declare module 'ioredis' {
  interface RedisCommander<Context> {
    replaceValue(key: string, expected: string, value: string, ttlMs: number): Result<number, Context>;
    removeValue(key: string, expected: string): Result<number, Context>;
    incrementCounter(key: string, ttlMs: number): Result<[count: number, msLeft: number], Context>;
  }
}

const scripts = {
  replaceValue: {
    numberOfKeys: 1,
    lua: `
      if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
      redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
      return 1`,
  },
  removeValue: {
    numberOfKeys: 1,
    lua: `
      if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
      return redis.call('DEL', KEYS[1])`,
  },
  incrementCounter: {
    numberOfKeys: 1,
    lua: `
      local count = redis.call('INCR', KEYS[1])
      if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
      return { count, redis.call('PTTL', KEYS[1]) }`,
  },
};

const connectTimeoutMs = 1_000;

/** The store in Redis 7 or newer. Connects by itself, and again whenever the connection is lost. */
export function createRedisStore({ url, keyPrefix = 'sallyport:', onError }: RedisStoreOptions): EphemeralStore {
  const redis = new Redis(url, {
    keyPrefix,
    scripts,
    // Fail fast: what cannot be had now is an error now, and nothing is sent a second time without its caller's knowledge.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    commandTimeout: 500,
    connectTimeout: connectTimeoutMs,
    // A host that has vanished does not even reset the connection; silence for this long ends it.
    socketTimeout: 2_000,
    retryStrategy: (attempt) => Math.min(50 * 2 ** attempt, 1_000),
    enableAutoPipelining: true,
  });
  redis.on('error', (error: Error) => onError?.(error));
  const firstConnection = settled(redis);

  /** Whatever goes wrong with Redis is the same to the caller. */
  async function ask<T>(command: () => Promise<T>): Promise<T> {
    await firstConnection;
    try {
      return await command();
    } catch (cause) {
      throw storageUnavailable(cause);
    }
  }

  return {
    get: (key) => ask(async () => (await redis.get(key)) ?? undefined),
    async getMany(keys) {
      if (keys.length === 0) return [];
      const values = await ask(() => redis.mget([...keys]));
      return values.map((value) => value ?? undefined);
    },
    async put(key, value, ttl) {
      const ms = milliseconds(ttl);
      await ask(() => redis.set(key, value, 'PX', ms));
    },
    async add(key, value, ttl) {
      const ms = milliseconds(ttl);
      return (await ask(() => redis.set(key, value, 'PX', ms, 'NX'))) === 'OK';
    },
    async replace(key, expected, value, ttl) {
      const ms = milliseconds(ttl);
      return (await ask(() => redis.replaceValue(key, expected, value, ms))) === 1;
    },
    take: (key) => ask(async () => (await redis.getdel(key)) ?? undefined),
    async remove(key) {
      await ask(() => redis.del(key));
    },
    async removeExactly(key, expected) {
      await ask(() => redis.removeValue(key, expected));
    },
    async increment(key, ttl) {
      const ms = milliseconds(ttl);
      const [count, msLeft] = await ask(() => redis.incrementCounter(key, ms));
      return { count, secondsLeft: Math.ceil(msLeft / 1_000) };
    },
    async ping(timeoutMs) {
      await within(timeoutMs, () => ask(() => redis.ping()), storageUnavailable);
    },
    async close() {
      redis.disconnect();
    },
  };
}

/** Resolves when the first connection is made or has failed: without it, every command of a program that just starts would fail. */
function settled(redis: Redis): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, connectTimeoutMs);
    for (const event of ['ready', 'close']) {
      redis.once(event, () => {
        clearTimeout(timer);
        resolve();
      });
    }
  });
}
