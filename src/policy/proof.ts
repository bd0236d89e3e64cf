import { epochSeconds } from '../epoch-seconds.ts';
import type { FactorId } from './factors.ts';

/**
 * What stands in for a second factor where the tenant alone asks for one: a browser that the person trusts, or the time that the
 * tenant gives to enrol. It proves nothing, so it raises no level and answers no request.
 */
const WAIVERS = ['trusted-device', 'grace-period'] as const;
export type Waiver = (typeof WAIVERS)[number];

/** That a user answered a challenge or a bind: which factor, by what methods (RFC 8176), when. */
export interface Proof {
  factor: FactorId | 'password' | Waiver;
  amr: readonly string[];
  /** Seconds since the epoch. */
  at: number;
  /** Of a trusted device: which one. */
  device?: string;
}

export function isWaiver(factor: Proof['factor']): factor is Waiver {
  return WAIVERS.some((waiver) => waiver === factor);
}

export function proofOf(factor: Proof['factor'], amr: readonly string[], at: Date): Proof {
  return { factor, amr, at: epochSeconds(at) };
}

/** The proofs with a new one, in place of an earlier one by the same factor: a session keeps the last of each. */
export function withProof(proofs: readonly Proof[], proof: Proof): Proof[] {
  return [...proofs.filter(({ factor }) => factor !== proof.factor), proof];
}
