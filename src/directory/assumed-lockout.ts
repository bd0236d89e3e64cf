// What is assumed of a directory that does not tell after how many failed binds it locks an account.

import type { LockoutPolicy } from './directory.ts';

export interface ConfiguredLockout {
  /** Binds that may fail before we stop asking; fewer where the directory tells that it locks an account after as many. */
  lockoutBudget?: number | undefined;
  /** Seconds after which the directory forgets failed binds; what it tells if that is longer. */
  lockoutWindow?: number | undefined;
  /** What such a kind of server bears as it is installed (presets.ts); the strictest if left out. */
  untoldBudget?: number | undefined;
}

const STRICTEST_BUDGET = 2;
export const USUAL_WINDOW = 15 * 60;

export function assumedLockout({
  untoldBudget = STRICTEST_BUDGET,
  lockoutBudget = untoldBudget,
  lockoutWindow = USUAL_WINDOW,
}: ConfiguredLockout): LockoutPolicy & { window: number } {
  return { threshold: lockoutBudget + 1, window: lockoutWindow };
}

/**
 * Of somebody whose own rules are hidden: as strict as rules can be that leave anything to stop before, unless the configuration
 * knows better, and never laxer than everybody's. Their time is not known either.
 */
export function hiddenLockout(configured: ConfiguredLockout, general: LockoutPolicy | undefined): LockoutPolicy {
  const assumed = assumedLockout({ ...configured, lockoutBudget: configured.lockoutBudget ?? 1 });
  if (!general || general.threshold === 0) return assumed;
  return { threshold: Math.min(general.threshold, assumed.threshold), window: general.window };
}
