// How often a door may be tried: by account, by address and by tenant. An attempt is reserved before it is evaluated, so that
// of any number made at once no more than the limit are. A failure stays counted; success and outages
// give the attempt back.
// Who counts as one account is the caller's to say (login-name.ts, first-factors/).

import type { EphemeralStore } from '../ephemeral/ephemeral-store.ts';
import type { Accepted, Refused } from '../outcome.ts';
import { accepted } from '../outcome.ts';
import { networkOf } from './client-network.ts';

/**
 * A password from a browser that its owner trusts has budgets of its own: whoever uses up those of passwords keeps nobody from
 * signing in there. A passkey cannot be guessed, and is no attempt (tally.ts).
 */
export type AttemptKind = 'password' | 'second-factor' | 'trusted-device';

export interface Attempt {
  tenantId: string;
  kind: AttemptKind;
  /** What the account's own counters are kept on: the resolved user as well as what was typed. Any of them can block. */
  subjects: readonly string[];
  /** The client's address, as the trusted proxies tell it. */
  address: string;
  allowance?: Allowance;
}

/** After `failures` failures an account is blocked for `firstBlock` seconds, twice as long after each further one. */
export interface Allowance {
  failures: number;
  firstBlock: number;
  longestBlock: number;
}

/** The usual allowance: five, then 30 s doubling up to 15 minutes, which leaves a guesser about a hundred tries a day. */
export const ALLOWANCE: Allowance = { failures: 5, firstBlock: 30, longestBlock: 15 * 60 };

/** An attempt that counts as a failure unless one of these is called. */
export interface Reservation {
  /** The account's counters start anew. */
  succeeded(): Promise<void>;
  /** The attempt was never evaluated, or was no guess. */
  release(): Promise<void>;
}

export interface Blocked extends Refused<'blocked'> {
  /** Seconds until another attempt can be made. */
  retryAfter: number;
}

export interface AttemptLimiter {
  /**
   * Call it outside any unit of work: a transaction that is rolled back would take the count with it.
   *
   * @throws AppError `storage_unavailable` when a counter cannot be reached; an outage is no permission.
   */
  reserve(attempt: Attempt): Promise<Accepted<Reservation> | Blocked>;
}

/** What one account's counters are kept under. */
export type AccountCounters = Pick<Attempt, 'tenantId' | 'kind' | 'subjects'>;

/** The accounts' counters, which survive restarts. A counter forgets after a day without an attempt. */
export interface AttemptCounters {
  /** Counts one attempt on each subject, or on none when any is blocked. Decided in one statement. */
  count(account: AccountCounters, allowance: Allowance): Promise<Accepted<CountedAttempt> | Blocked>;
  clear(account: AccountCounters): Promise<void>;
}

/** What is counted on a subject. */
export interface AttemptState {
  kind: AttemptKind;
  subject: string;
  failures: number;
  blockedUntil: Date | null;
}

/** Reads what is counted on some subjects, and counts nothing. */
export type AttemptStates = (tenantId: string, subjects: readonly string[]) => Promise<AttemptState[]>;

export interface CountedAttempt {
  /** Takes back this one attempt, and the block that it brought about. */
  undo(): Promise<void>;
}

export interface AttemptLimiterOptions {
  counters: AttemptCounters;
  store: EphemeralStore;
  /** Failures of one address, over all accounts, in each `window`. */
  perAddress?: number;
  /** Failures of one tenant, over all accounts and addresses, in each `window`. */
  perTenant?: number;
  /** Seconds. */
  window?: number;
  /** Milliseconds since the epoch. */
  clock?: () => number;
}

export function createAttemptLimiter({
  counters,
  store,
  perAddress = 100,
  perTenant = 3000,
  window = 5 * 60,
  clock = Date.now,
}: AttemptLimiterOptions): AttemptLimiter {
  return {
    async reserve(attempt) {
      const seconds = clock() / 1000;
      const period = Math.floor(seconds / window);
      const shared = [
        { key: `attempts:${attempt.kind}:address:${networkOf(attempt.address)}:${period}`, limit: perAddress },
        { key: `attempts:${attempt.kind}:tenant:${attempt.tenantId}:${period}`, limit: perTenant },
      ];
      for (const { key, limit } of shared) {
        if (await exceeds(key, limit)) return blocked((period + 1) * window - seconds);
      }

      const counted = await counters.count(attempt, attempt.allowance ?? ALLOWANCE);
      if (!counted.ok) return counted;
      const excuse = () => Promise.all(shared.map(({ key }) => store.increment(excusedKey(key), window)));
      return accepted({
        async succeeded() {
          await counters.clear(attempt);
          await excuse();
        },
        async release() {
          await counted.value.undo();
          await excuse();
        },
      });
    },
  };

  /** Attempts less those that turned out not to be failures: a whole office may sign in from one address. */
  async function exceeds(key: string, limit: number): Promise<boolean> {
    const { count } = await store.increment(key, window);
    return count > limit && count - Number((await store.get(excusedKey(key))) ?? 0) > limit;
  }
}

export function blocked(retryAfter: number): Blocked {
  return { ok: false, reason: 'blocked', retryAfter: Math.max(1, Math.ceil(retryAfter)) };
}

/**
 * Runs what evaluates a reserved attempt. A fault in it is nobody's failure and gives the attempt back, unless it `counts`: whoever
 * was asked may have taken the attempt for a failure.
 */
export async function evaluate<T>(
  reservation: Reservation,
  work: () => Promise<T>,
  counts: (fault: unknown) => boolean = () => false,
): Promise<T> {
  try {
    return await work();
  } catch (fault) {
    // What failed may be the counters' own storage: then the attempt stays counted, and the first fault is the one to tell.
    if (!counts(fault)) await reservation.release().catch(() => undefined);
    throw fault;
  }
}

function excusedKey(key: string): string {
  return `${key}:excused`;
}
