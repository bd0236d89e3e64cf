// How often the passwords of a tenant's directories may be tried, so that our stop comes before the directories' own.

import { ALLOWANCE } from '../security/attempt-limiter.ts';
import type { NamedDirectory } from './directory-password.ts';
import type { Allowances } from './first-factor.ts';

/**
 * Where a directory would lock an account before our own blocks slow a guesser down, our stop comes first and lasts until it has
 * forgotten the failures. One allowance for all of a tenant's directories and for names in none, so that the number of tries
 * does not tell who exists.
 */
export function allowancesOf(
  directories: readonly Pick<NamedDirectory, 'lockoutBudget' | 'lockoutWindow'>[],
  trusting: boolean,
): Allowances {
  const limits = directories.map(({ lockoutBudget = Infinity, lockoutWindow = ALLOWANCE.longestBlock }) => {
    const kept = trusting ? keptOf(lockoutBudget) : 0;
    return { budget: lockoutBudget - kept, kept, window: lockoutWindow };
  });
  const strict = limits.filter(({ budget, window }) => budget < failuresWithin(window));
  const block = Math.max(...(strict.length > 0 ? strict : limits).map(({ window }) => window));
  const within = (failures: number[]) => ({
    failures: Math.min(ALLOWANCE.failures, ...failures),
    firstBlock: block,
    longestBlock: block,
  });
  const trusted = within(limits.map(({ kept }) => kept));
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
