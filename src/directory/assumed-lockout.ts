// What is assumed of a directory that does not tell after how many failed binds it locks an account.

import type { LockoutPolicy } from './directory.ts';

export interface ConfiguredLockout {
  /** Binds that may fail before we stop asking. */
  lockoutBudget?: number | undefined;
  /** Seconds after which the directory forgets failed binds. */
  lockoutWindow?: number | undefined;
}

/** 389-ds locks after three failures unless set, and lets nobody but administrators read that. */
const USUAL_BUDGET = 2;
export const USUAL_WINDOW = 15 * 60;

export function assumedLockout({
  lockoutBudget = USUAL_BUDGET,
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
