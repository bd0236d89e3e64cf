// What is short-lived and hot: interactions, login states, codes, challenges, rate limits, replay markers. Losing it loses
// logins under way and nothing else. Every method decides in the store, in one step, who of several callers wins.

/**
 * @throws AppError `storage_unavailable`, from any method, when the store does not answer in time. A caller that limits
 * attempts lets that error through: it never takes an outage for permission.
 */
export interface EphemeralStore {
  get(key: string): Promise<string | undefined>;
  /** The values of several keys in their order, in one round trip. */
  getMany(keys: readonly string[]): Promise<(string | undefined)[]>;
  /** Writes, over whatever was there. `ttl` in seconds, at least 1. */
  put(key: string, value: string, ttl: number): Promise<void>;
  /** Writes only where nothing is. True for exactly one of any number of concurrent callers. */
  add(key: string, value: string, ttl: number): Promise<boolean>;
  /** Writes only over exactly `expected`. True for exactly one of several callers that read the same value. */
  replace(key: string, expected: string, value: string, ttl: number): Promise<boolean>;
  /** Reads and removes: exactly one of several callers gets the value. */
  take(key: string): Promise<string | undefined>;
  remove(key: string): Promise<void>;
  /** Removes exactly `expected`, and nothing that somebody else has put there since. */
  removeExactly(key: string, expected: string): Promise<void>;
  /**
   * Adds one to a counter that lives `ttl` seconds from its first increment; answers the new count and the seconds left.
   * `get` reads a counter as a decimal number.
   */
  increment(key: string, ttl: number): Promise<{ count: number; secondsLeft: number }>;
  ping(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}
