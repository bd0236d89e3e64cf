// What a second factor is: how it is enrolled and how it is proven. prove.ts and enrol.ts own what all factors share
// (attempt limits, single use, audit), so that no factor can forget it. A factor never imports another.

import type { Outcome } from '../outcome.ts';

export type FactorId = 'totp';

/** A factor that a person has. `secret` is plain here; the store keeps it encrypted. */
export interface Enrolment {
  id: string;
  factor: FactorId;
  name: string;
  secret: string;
  createdAt: Date;
  lastUsedAt: Date | undefined;
}

/** What verification found out, and what single use needs to be decided by the store. */
export interface FactorProof {
  /**
   * A number that a user's later proofs by this factor must exceed (RFC 6238 5.2: a time step is accepted once). For TOTP the
   * second since the epoch at which the step began, which stays comparable when the length of a step changes.
   */
  step: number;
}

export type FactorRejection = 'malformed' | 'wrong';

/** For whom a factor is enrolled or asked; enough to label it, nothing more. */
export interface FactorSubject {
  userId: string;
  /** What an authenticator app shows as the account. */
  accountName: string;
}

export interface SecondFactor {
  readonly id: FactorId;
  /** RFC 8176 values. */
  readonly amr: readonly string[];
  /** A fresh secret for a new enrolment; kept on the server until a first answer confirms it. */
  newSecret(): string;
  /** What the enrolment page shows of a pending secret. */
  present(subject: FactorSubject, secret: string): Promise<FactorPresentation>;
  /** Checks an answer. Pure: whether the step was used before is for the store to say. */
  verify(secret: string, answer: string, now: Date): Outcome<FactorProof, FactorRejection>;
}

export interface FactorPresentation {
  /** `otpauth://` (Key URI Format), for an authenticator on the same device. */
  uri: string;
  /** The secret in groups of four, to be typed. */
  key: string;
  /** An inline SVG of the QR code, without a script, a style or a reference. */
  qrSvg: string;
}
