// How often the passwords of a tenant's directories may be tried, so that our stop comes before the directories' own.

import { assumedLockout, USUAL_WINDOW } from '../directory/assumed-lockout.ts';
import type { ConfiguredLockout } from '../directory/assumed-lockout.ts';
import type { LockoutPolicy } from '../directory/directory.ts';
import { ALLOWANCE } from '../security/attempt-limiter.ts';
import type { Allowances, NamedDirectory } from './first-factor.ts';

/** What a directory bears: failed binds that do not lock an account, and the seconds after which it has forgotten them. */
export interface LockoutLimit {
  budget: number;
  window: number;
}

/** @throws AppError `directory_unavailable` where it never told its policy, and does not answer now. */
export type LockoutLimits = (source: NamedDirectory) => Promise<LockoutLimit>;

/**
 * Seconds, for a directory that forgets failures only after a success. However long we wait, one try more comes nearer to its
 * threshold; what we can do is to let one through where there could be hundreds. Less than the day after which our own counters
 * forget (attempt-limiter.ts): after that it would be a whole budget. Where the entry tells its own count, that has the last word
 * (`nearly-locked`).
 */
const NEVER_FORGETS = 23 * 60 * 60;

/** Seconds by which a directory counts a failure later than we did, who count before we ask, and its clock may be coarse. */
const LATENESS = 15;

/**
 * While a directory does not answer, what it told last is good. One that never told is not asked for passwords either: an outage must
 * not widen a budget.
 */
export function createLockoutLimits(): LockoutLimits {
  const told = new WeakMap<NamedDirectory['directory'], LockoutPolicy | undefined>();
  return async (source) => {
    const { directory } = source;
    try {
      told.set(directory, await directory.lockoutPolicy());
    } catch (fault) {
      if (!told.has(directory)) throw fault;
    }
    return limitOf(source, told.get(directory));
  };
}

/** Of what is told and what is configured, whichever is the stricter. */
function limitOf(configured: ConfiguredLockout, told: LockoutPolicy | undefined): LockoutLimit {
  const { lockoutBudget = Infinity, lockoutWindow } = configured;
  const { threshold, window = NEVER_FORGETS } = told ?? assumedLockout(configured);
  if (threshold === 0) return { budget: lockoutBudget, window: lockoutWindow ?? USUAL_WINDOW };
  return { budget: Math.min(Math.max(1, threshold - 1), lockoutBudget), window: Math.max(window, lockoutWindow ?? 0) };
}

/**
 * Where a directory would lock an account before our own blocks slow a guesser down, our stop comes first and lasts until it has
 * forgotten the failures. One allowance for all directories that a name may mean and for names in none, so that the number of
 * tries does not tell who exists. `trusting`: people may trust browsers.
 */
export function allowancesOf(limits: readonly LockoutLimit[], trusting: boolean): Allowances {
  const shared = limits.map(({ budget, window }) => {
    const kept = trusting ? keptOf(budget) : 0;
    return { budget: budget - kept, kept, window };
  });
  const strict = shared.filter(({ budget, window }) => budget < failuresWithin(window));
  const block = Math.max(...(strict.length > 0 ? strict : shared).map(({ window }) => window)) + LATENESS;
  const within = (failures: number[]) => ({
    failures: Math.min(ALLOWANCE.failures, ...failures),
    firstBlock: block,
    longestBlock: block,
  });
  const trusted = within(shared.map(({ kept }) => kept));
  return {
    anywhere: strict.length > 0 ? within(strict.map(({ budget }) => budget)) : ALLOWANCE,
    trusted: trusted.failures > 0 ? trusted : undefined,
  };
}

/**
 * Of the failures that a directory bears, a quarter is kept for browsers that an account's owner trusts: taken from the others'
 * and not added, so that both together still stay below its threshold. A budget of one cannot be shared.
 */
function keptOf(budget: number): number {
  if (budget === Infinity) return ALLOWANCE.failures;
  return budget > 1 ? Math.max(1, Math.floor(budget / 4)) : 0;
}

/** How many failures the usual allowance lets through in so many seconds: its first ones, and one after each block. */
function failuresWithin(seconds: number): number {
  let { failures, firstBlock: block } = ALLOWANCE;
  for (let at = block; at < seconds; at += block) {
    failures += 1;
    block = Math.min(block * 2, ALLOWANCE.longestBlock);
  }
  return failures;
}
