import { storageUnavailable } from '../errors.ts';
import type { EphemeralStore } from './ephemeral-store.ts';
import { milliseconds } from './time-to-live.ts';

export interface MemoryOptions {
  /** Milliseconds since the epoch; the system's clock unless told. */
  now?: () => number;
  /** Entries at most; 100,000 unless told. */
  maxEntries?: number;
}

interface Entry {
  value: string;
  expiresAt: number;
}

const sweepIntervalMs = 30_000;

/**
 * The store in this process's memory, for one process only. When it is full it refuses new keys: to evict an old one would be to
 * forget somebody's failed attempts.
 */
export function createMemoryStore({ now = Date.now, maxEntries = 100_000 }: MemoryOptions = {}): EphemeralStore {
  const entries = new Map<string, Entry>();

  function read(key: string): Entry | undefined {
    const entry = entries.get(key);
    if (entry && entry.expiresAt > now()) return entry;
    entries.delete(key);
    return undefined;
  }

  function write(key: string, value: string, ttl: number): void {
    const expiresAt = now() + milliseconds(ttl);
    if (!entries.has(key) && entries.size >= maxEntries) {
      sweep();
      if (entries.size >= maxEntries) throw storageUnavailable(new Error(`All ${maxEntries} entries are in use.`));
    }
    entries.set(key, { value, expiresAt });
  }

  function sweep(): void {
    for (const key of entries.keys()) read(key);
  }

  const sweeper = setInterval(sweep, sweepIntervalMs).unref();

  return {
    async get(key) {
      return read(key)?.value;
    },
    async getMany(keys) {
      return keys.map((key) => read(key)?.value);
    },
    async put(key, value, ttl) {
      write(key, value, ttl);
    },
    async add(key, value, ttl) {
      if (read(key)) return false;
      write(key, value, ttl);
      return true;
    },
    async replace(key, expected, value, ttl) {
      if (read(key)?.value !== expected) return false;
      write(key, value, ttl);
      return true;
    },
    async take(key) {
      const entry = read(key);
      entries.delete(key);
      return entry?.value;
    },
    async remove(key) {
      entries.delete(key);
    },
    async removeExactly(key, expected) {
      if (read(key)?.value === expected) entries.delete(key);
    },
    async increment(key, ttl) {
      const entry = read(key);
      const count = Number(entry?.value ?? 0) + 1;
      if (entry) entry.value = `${count}`;
      else write(key, `${count}`, ttl);
      const left = entry ? entry.expiresAt - now() : milliseconds(ttl);
      return { count, secondsLeft: Math.ceil(left / 1_000) };
    },
    async ping() {
      // It is there for as long as the process is.
    },
    async close() {
      clearInterval(sweeper);
      entries.clear();
    },
  };
}
