// What a first factor is: who a login name means, and whether a password is theirs. password-sign-in.ts owns what both kinds
// share (attempt limits, audit, what a person is told). A factor never imports another.

import type { AuditEvent } from '../audit/audit.ts';
import type { ConfiguredLockout } from '../directory/assumed-lockout.ts';
import type { BindNotice, BindRefusal, Directory, DirectoryUser } from '../directory/directory.ts';
import type { Outcome } from '../outcome.ts';
import type { Allowance } from '../security/attempt-limiter.ts';

/** One of a tenant's, as sign-in asks it. */
export interface NamedDirectory extends ConfiguredLockout {
  id: string;
  directory: Directory;
  /** `ann@<realm>`, or `<realm>\ann`, means this directory and no other. */
  realm?: string | undefined;
}

/** Why a directory takes a password that is right for nothing but to change it. */
export type MustChange = Extract<BindRefusal, 'must-change' | 'expired'>;

/** Whose password it was. `mustChange`: it can be changed here, and has to be. */
export type SignedIn =
  | { kind: 'directory'; directoryId: string; entry: DirectoryUser; notice: BindNotice; mustChange?: MustChange }
  /** `proofGeneration`: the person's when the password was looked up. */
  | { kind: 'local'; userId: string; proofGeneration: number };

/** Whose account a name means, before anything is proven. */
export type Account =
  | { kind: 'directory'; directoryId: string; entry: Pick<DirectoryUser, 'stableId' | 'passwordChangedAt'> }
  | { kind: 'local'; userId: string };

/** How often a password may be tried. */
export interface Allowances {
  anywhere: Allowance;
  /** In browsers that the account's owner trusts, once it is blocked elsewhere; undefined for not at all. */
  trusted: Allowance | undefined;
}

/** The true reason; what of it a person may learn is password-sign-in.ts's to say. */
export type FirstFactorRefusal = BindRefusal | 'unknown' | 'ambiguous' | 'malformed';

/** Whoever a login name means, which may be nobody: to prove a password takes the same time then. */
export interface Candidate {
  /** What attempts are counted on, whichever of its names was typed; empty for nobody. */
  subjects: readonly string[];
  /** Nobody's may be one that is not found: to look for it takes as long. Undefined where none need be looked for. */
  account?: Account;
  /** Who it is, for the audit trail. */
  who: Pick<AuditEvent, 'subject' | 'detail'>;
  /**
   * @param mayTryLast asked where a directory would lock the account if this password were wrong.
   * @throws AppError when the password could not be judged: `directory_unavailable`, `storage_unavailable`, `overloaded`.
   */
  prove(password: string, mayTryLast: () => Promise<boolean>): Promise<Outcome<SignedIn, FirstFactorRefusal>>;
}

/** Whom a name means, and how often their password may be tried: as often for a name that nobody has. */
export interface Found {
  candidate: Candidate;
  allowances: Allowances;
}

export interface FirstFactor {
  /** @throws AppError when it cannot be told: `directory_unavailable`, `storage_unavailable`. */
  find(loginName: string): Promise<Found>;
}
