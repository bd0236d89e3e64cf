// What a second factor is: how it is enrolled, how it asks, how it judges an answer. prove.ts and enrol.ts own what all factors
// share (challenges that live a while, sending, attempt limits, single use, audit), so that no factor can forget it. A factor
// keeps nothing, sends nothing, and never imports another.

import type { Outcome } from '../outcome.ts';
import type { FactorId, SendingFactor } from '../policy/factors.ts';

/** A factor that a person has. `secret` is plain here; the store keeps it encrypted. What it holds is its factor's business. */
export interface Enrolment {
  /** A UUID, or `directory-email`, `directory-sms`. */
  id: string;
  factor: FactorId;
  /** What its owner calls it. */
  name: string;
  secret: string;
  createdAt: Date;
  lastUsedAt: Date | undefined;
  /** Of a passkey: the signature counter (WebAuthn Level 3, 6.1.1) as it was last seen. */
  counter?: number;
  /** Of recovery codes: how many are left. */
  remaining?: number;
  /** An address or a number that the directory vouches for. It is kept there, and nobody changes it here. */
  vouchedFor?: true;
}

/** What a factor needs of a new enrolment to be kept. */
export interface NewEnrolment {
  factor: FactorId;
  name: string;
  secret: string;
  /** Of a passkey, base64url; unique within the tenant. */
  credentialId?: string;
  counter?: number;
  /** Of recovery codes, hashed: each is good for one use. */
  codeHashes?: readonly string[];
}

/** For whom a factor is enrolled or asked. */
export interface FactorPerson {
  tenantId: string;
  userId: string;
  /** What an authenticator app or a passkey shows as the account. */
  accountName: string;
  displayName: string;
}

/** What a challenge is put for: to prove a factor that somebody has, or to confirm one that is being added. */
export type Purpose = 'prove' | 'enrol';

/** What a factor asks, once. */
export interface NewChallenge {
  /** What the answer is checked against. Only the server sees it, and keeps it encrypted. */
  kept: string;
  /** Seconds that it can be answered. */
  life: number;
  /** Goes out to the person, by a factor that sends. */
  message?: CodeMessage;
}

export interface CodeMessage {
  channel: 'sms' | 'email';
  /** A number in E.164, or an address. */
  to: string;
  code: string;
}

/** What makes an answer good for one use. Decided by the store, in the transaction that the proof is written in. */
export type SingleUse =
  /**
   * A number that a user's later proofs by this factor must exceed (RFC 6238 5.2). For TOTP the second since the epoch at which
   * the step began, which stays comparable when the length of a step changes.
   */
  | { kind: 'step'; step: number }
  | { kind: 'counter'; enrolmentId: string; counter: number }
  | { kind: 'recovery-code'; enrolmentId: string; codeHash: string }
  /** The challenge itself is: prove.ts uses up every challenge that is answered right. */
  | { kind: 'challenge' };

export interface FactorProof {
  enrolmentId: string;
  /** RFC 8176 values. */
  amr: readonly string[];
  use: SingleUse;
}

/** What an enrolment's first answer came to. */
export interface ConfirmedEnrolment {
  enrolment: Omit<NewEnrolment, 'factor' | 'name'>;
  /** RFC 8176 values; left out where the answer proves nothing: recovery codes were only shown. */
  amr?: readonly string[];
  /** The answer is used up by this: the same code does not sign in afterwards. */
  use: Exclude<SingleUse, { enrolmentId: string }>;
}

/** `expired`: there is no challenge open that it could answer. `cloned`: a counter ran backwards (WebAuthn Level 3, 7.2). */
export type FactorRejection = 'malformed' | 'wrong' | 'expired' | 'cloned' | 'not-accepted';
/** `unreachable`: the tenant sends nothing to that country, or there is no channel to send by. */
export type ContactRejection = 'malformed-contact' | 'unreachable';

export interface SecondFactor {
  readonly id: FactorId;
  /** Its answers can be guessed, so that wrong ones count against the account. */
  readonly guessable: boolean;
  /** A person has one at most: a new one takes the former one's place. */
  readonly single: boolean;

  /**
   * A new enrolment. `contact`: the number or the address, for a factor that sends.
   * `owned`: those of this factor that the person has.
   */
  beginEnrolment(
    person: FactorPerson,
    owned: readonly Enrolment[],
    contact?: string,
  ): Promise<Outcome<NewChallenge, ContactRejection>>;
  /** What the page shows of it. */
  presentEnrolment(person: FactorPerson, kept: string): Promise<EnrolmentView>;
  /** Checks the first answer. Pure, but for cryptography. */
  finishEnrolment(
    person: FactorPerson,
    kept: string,
    answer: string,
    now: Date,
  ): Promise<Outcome<ConfirmedEnrolment, FactorRejection>>;

  /** To somebody who has `owned`, of this factor, at least one. Left out where no challenge is needed: an app has its codes. */
  readonly ask?: (
    person: FactorPerson,
    owned: readonly Enrolment[],
  ) => Promise<Outcome<NewChallenge, ContactRejection>>;
  /** What the page shows of the challenge. */
  present(owned: readonly Enrolment[], kept: string | undefined): ChallengeView;
  /** Checks an answer to the challenge `kept`. Whether it was given before is for the store to say. */
  verify(
    person: FactorPerson,
    owned: readonly Enrolment[],
    kept: string | undefined,
    answer: string,
    now: Date,
  ): Promise<Outcome<FactorProof, FactorRejection>>;
}

export type EnrolmentView =
  | {
      factor: 'totp';
      /** `otpauth://` (Key URI Format), for an authenticator on the same device. */
      uri: string;
      /** The secret in groups of four, to be typed. */
      key: string;
      /** An inline SVG of the QR code, without a script, a style or a reference. */
      qrSvg: string;
    }
  /** Whole: the person has just typed it. */
  | { factor: SendingFactor; target: string }
  /** PublicKeyCredentialCreationOptionsJSON (WebAuthn Level 3, 5.1.9), as JSON. */
  | { factor: 'passkey'; options: string }
  | { factor: 'recovery-code'; codes: readonly string[] };

export type ChallengeView =
  | { factor: 'totp' }
  | { factor: 'recovery-code'; remaining: number }
  /** Masked: `+41 ** *** ** 67`, `a***@example.com`. */
  | { factor: SendingFactor; target: string }
  /** PublicKeyCredentialRequestOptionsJSON, as JSON. */
  | { factor: 'passkey'; options: string };
