import type { FactorId } from '../second-factors/second-factor.ts';

/** That a user answered a challenge or a bind: which factor, by what methods (RFC 8176), when. */
export interface Proof {
  factor: FactorId | 'password';
  amr: readonly string[];
  /** Seconds since the epoch. */
  at: number;
}
