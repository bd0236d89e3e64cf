// Whether somebody who is signed in has just shown that it is them, as every change of an account asks.

import { weakest } from '../policy/levels.ts';
import type { Level } from '../policy/levels.ts';
import { isWaiver } from '../policy/proof.ts';
import type { Proof } from '../policy/proof.ts';
import type { Policy } from '../policy/required-proof.ts';
import type { Enrolment } from '../second-factors/second-factor.ts';

/** Seconds that a proof is fresh. */
export const FRESH = 300;

/** Who has a second factor shows it by one, whichever it is; who has none, by the password. @param now epoch seconds. */
export function isFresh(proofs: readonly Proof[], owned: readonly Enrolment[], now: number): boolean {
  const counts = ({ factor }: Proof) => !isWaiver(factor) && (owned.length === 0 || factor !== 'password');
  return proofs.some((proof) => counts(proof) && now - proof.at <= FRESH);
}

/** The `acr` to ask for, so that one of the factors that the person has is proven; undefined where they have none. */
export function levelOfOwned(policy: Policy, owned: readonly Enrolment[]): Level | undefined {
  return weakest(owned.map(({ factor }) => policy.levels[factor]));
}
