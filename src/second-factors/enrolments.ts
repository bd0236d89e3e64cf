// The second factors that people have, and what of them was used. Secrets are plain at this port and encrypted behind it.

import type { SendingFactor } from '../policy/factors.ts';
import type { Enrolment, NewEnrolment, SingleUse } from './second-factor.ts';

/** Which one it was; what the directory vouches for has no row of its own. */
export type UsedEnrolment = Pick<Enrolment, 'id' | 'factor' | 'vouchedFor'>;

/** Every method means one user of one tenant; ids of anybody else's are ids that do not exist. */
export interface Enrolments {
  /** Oldest first. */
  list(tenantId: string, userId: string): Promise<Enrolment[]>;
  /** Answers the new enrolment's id; undefined where the tenant has that credential already. */
  add(tenantId: string, userId: string, enrolment: NewEnrolment): Promise<string | undefined>;
  /** False when there was none. */
  rename(tenantId: string, userId: string, enrolmentId: string, name: string): Promise<boolean>;
  remove(tenantId: string, userId: string, enrolmentId: string): Promise<boolean>;
  /** Sets when it was last used to now. */
  markUsed(tenantId: string, userId: string, enrolment: UsedEnrolment): Promise<void>;
  /** When the user last proved to have an address or a number that the directory vouches for. */
  contactsUsedAt(tenantId: string, userId: string): Promise<Partial<Record<SendingFactor, Date>>>;
  /** Whose passkey it is, by its credential id (base64url). */
  findByCredential(
    tenantId: string,
    credentialId: string,
  ): Promise<{ userId: string; proofGeneration: number; enrolment: Enrolment } | undefined>;
  /**
   * Decides a single use: true for exactly one of any number of concurrent callers. A step uses up every earlier one with it; a
   * counter has to be above the one before, unless both are zero. After a step, the user's steps and enrolments are this
   * caller's alone until its unit of work ends.
   */
  use(tenantId: string, userId: string, use: Exclude<SingleUse, { kind: 'challenge' }>): Promise<boolean>;
  /** Makes the user's enrolments this caller's alone until its unit of work ends. */
  lock(tenantId: string, userId: string): Promise<void>;
}
