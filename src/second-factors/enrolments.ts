// The second factors that people have, and the steps that they have used. Secrets are plain at this port and encrypted behind it.

import type { Enrolment, FactorId } from './second-factor.ts';

export interface NewEnrolment {
  factor: FactorId;
  /** What its owner calls it. */
  name: string;
  secret: string;
}

/** Every method means one user of one tenant; ids of anybody else's are ids that do not exist. */
export interface Enrolments {
  /** Oldest first. */
  list(tenantId: string, userId: string): Promise<Enrolment[]>;
  /** Answers the new enrolment's id. */
  add(tenantId: string, userId: string, enrolment: NewEnrolment): Promise<string>;
  /** False when there was none. */
  remove(tenantId: string, userId: string, enrolmentId: string): Promise<boolean>;
  /** Sets when it was last used to now. */
  markUsed(tenantId: string, userId: string, enrolmentId: string): Promise<void>;
  /**
   * Uses a step up, and every earlier one with it (RFC 6238 5.2). True for exactly one of any number of concurrent callers,
   * and in a unit of work the user's steps and enrolments are then this caller's alone until it ends.
   */
  acceptStep(tenantId: string, userId: string, step: number): Promise<boolean>;
}
