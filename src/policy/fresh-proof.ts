// Whether somebody who is signed in has shown lately that it is them, as whatever changes their account asks.

import { isRecovery } from './factors.ts';
import type { FactorId } from './factors.ts';
import { reaches, strongest, weakest } from './levels.ts';
import type { Level } from './levels.ts';
import { isWaiver } from './proof.ts';
import type { Proof } from './proof.ts';
import type { Policy } from './required-proof.ts';

type Owned = readonly { factor: FactorId }[];

/** Seconds that a proof is fresh. */
export const FRESH = 300;

/** @param now epoch seconds. */
export function isFresh(policy: Policy, proofs: readonly Proof[], owned: Owned, now: number): boolean {
  return isShown(
    policy,
    proofs.filter(({ at }) => now - at <= FRESH),
    owned,
  );
}

/**
 * Who has a second factor shows that it is them by one of theirs that is strong enough; who has none, by the first one. A recovery
 * code may have been the last one: it is gone by being proven, and whoever needed it has lost the others.
 */
export function isShown(policy: Policy, proofs: readonly Proof[], owned: Owned): boolean {
  if (owned.length === 0) return proofs.some(({ factor }) => !isWaiver(factor));
  const enough = showing(policy, [...owned, { factor: 'recovery-code' }], levelToChange(policy, owned));
  return proofs.some((proof) => enough.some(({ factor }) => factor === proof.factor));
}

/** Those of the factors by which their owner may change what they own. */
export function showing<O extends { factor: FactorId }>(
  policy: Policy,
  owned: readonly O[],
  level = levelToChange(policy, owned),
): O[] {
  return owned.filter(({ factor }) => level === undefined || reaches(policy.levels[factor], level));
}

/**
 * What has to be proven before anything is changed: as much as the strongest factor that the person has, else a code by mail would
 * do to add a passkey, and to take away what it could not stand in for. But no more than two factors, so that whoever has lost a
 * passkey is not shut out by it. Undefined where they have none.
 */
export function levelToChange(policy: Policy, owned: Owned): Level | undefined {
  const lasting = owned.filter(({ factor }) => !isRecovery(factor));
  const [first, ...others] = (lasting.length > 0 ? lasting : owned).map(({ factor }) => policy.levels[factor]);
  return first && weakest([strongest(first, ...others), 'mfa']);
}
