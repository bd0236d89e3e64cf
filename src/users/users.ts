// People of a tenant: those joined to a directory's entry by its immutable id, and those whose account lives here. What the
// directory said last is kept with a person; asking it again, and how old an answer may be, is up to whoever needs it.

import type { DirectoryGroup, DirectoryProfile, DirectoryUser, EntryState, StableId } from '../directory/directory.ts';
import type { LocalMembership } from '../groups/local-membership.ts';
import type { Outcome } from '../outcome.ts';

/** What is told of a person, under the names of OpenID Connect's standard claims (OpenID Connect Core 5.1). */
export interface UserProfile extends DirectoryProfile {
  emailVerified?: boolean;
  phoneNumberVerified?: boolean;
}

/**
 * Of these only `active` people sign in. An account that lives here is `pending` until its owner has set it up, then `complete`
 * where the tenant asks for approval; it may be `rejected` instead.
 */
export type UserStatus = 'pending' | 'complete' | 'active' | 'disabled' | 'rejected';

export interface User {
  /** A UUIDv7; the `sub`. */
  id: string;
  tenantId: string;
  /** As the directory, or whoever made the account, spells it. */
  username: string;
  status: UserStatus;
  profile: UserProfile;
  /** Undefined for a local account. */
  directory: UserEntry | undefined;
  /** All that the person is in: the directory's, as it said last, and those that live here; nested ones too. */
  groups: readonly UserGroup[];
  /** Undefined for a directory's user. */
  local: LocalAccount | undefined;
  lastLoginAt: Date | undefined;
  /**
   * Rises whenever the person's other sessions end: after a change of a factor or a password, or because they asked for it. What
   * was proven under an earlier one counts for nothing any more, wherever it is kept.
   */
  proofGeneration: number;
}

export type UserGroup = DirectoryGroup | LocalMembership;

/** A person's entry as the directory described it at `checkedAt`. */
export interface UserEntry {
  /** Of the tenant's directory. */
  id: string;
  stableId: StableId;
  dn: string;
  groups: readonly DirectoryGroup[];
  /** `gone`: the directory had no such entry any more; the rest is what it said before that. */
  state: EntryState | 'gone';
  checkedAt: Date;
}

export interface LocalAccount {
  /** The login name in the one spelling that is compared (security/login-name.ts). */
  name: string;
}

/** An entry and its groups, found at `checkedAt`. */
export interface DirectoryAnswer {
  entry: DirectoryUser;
  groups: readonly DirectoryGroup[];
  checkedAt: Date;
}

/** That the directory had no such entry at `checkedAt`. */
export interface NoEntry {
  entry: undefined;
  checkedAt: Date;
}

export interface RememberedAnswer {
  user: User;
  /** Until this answer the entry was enabled, and now it is not: of any number of callers at once one is told so. */
  leaves: boolean;
}

export interface NewLocalUser {
  tenantId: string;
  localName: string;
  /** Undefined until the person chooses a password. */
  passwordHash: string | undefined;
  profile: UserProfile;
  /** `active` if left out. */
  status?: UserStatus;
}

/** Another tenant's user is as unknown as one that does not exist. */
export interface Users {
  find(tenantId: string, userId: string): Promise<User | undefined>;
  /** The user of the entry with this id, once there is one. */
  findByEntry(tenantId: string, directoryId: string, stableId: StableId): Promise<User | undefined>;
  /** Keeps what the directory said of an entry that somebody signs in with. Answers whose it is; undefined while it is nobody's. */
  updateByEntry(tenantId: string, directoryId: string, answer: DirectoryAnswer): Promise<User | undefined>;
  /** The user of this entry, made if this is the first time; of any number of callers at once exactly one makes it. */
  linkDirectoryUser(
    tenantId: string,
    directoryId: string,
    answer: DirectoryAnswer,
  ): Promise<{ user: User; created: boolean }>;
  /**
   * Keeps what the directory said, or that it has no such entry any more. An answer older than the one that is kept, or about
   * another entry, changes nothing. Answers the user as it is then.
   */
  rememberDirectoryAnswer(
    tenantId: string,
    userId: string,
    answer: DirectoryAnswer | NoEntry,
  ): Promise<RememberedAnswer | undefined>;

  /** Whether anybody but this user had an enabled entry in the directory when it was asked last. */
  hasOthersOf(tenantId: string, directoryId: string, userId: string): Promise<boolean>;

  createLocal(user: NewLocalUser): Promise<Outcome<User, 'taken' | 'malformed'>>;
  /** By login name as it was typed. */
  findByLocalName(
    tenantId: string,
    typed: string,
  ): Promise<{ user: User; passwordHash: string | undefined } | undefined>;
  storePasswordHash(tenantId: string, userId: string, passwordHash: string): Promise<void>;
  /** Only over exactly `expected`: the password may have been changed in between. */
  replacePasswordHash(tenantId: string, userId: string, expected: string, next: string): Promise<void>;

  /** Whether there is such a user and their status was one of `from`: then it is `to` now. */
  changeStatus(tenantId: string, userId: string, from: readonly UserStatus[], to: UserStatus): Promise<boolean>;
  /**
   * Whether the login stands, decided here once: the person is active, what it rests on is of the current generation, and where it
   * is `inGrace` there is one left of `maxLogins`, if that is limited, which is then used up. Otherwise nothing is recorded.
   */
  recordLogin(tenantId: string, userId: string, login: RecordedLogin): Promise<boolean>;

  /**
   * Since when this person has time to enrol a second factor, and how often they have signed in without one since. The time begins
   * with the first call.
   */
  grace(tenantId: string, userId: string): Promise<{ since: Date; logins: number }>;
}

export interface RecordedLogin {
  at: Date;
  proofGeneration: number;
  /** Signed in without a factor that the person is asked to enrol. */
  inGrace?: { maxLogins: number | undefined } | undefined;
}

/** `admin@local`: so that accounts that live here are told from a directory's. No directory can have this realm. */
export const LOCAL_SUFFIX = '@local';

/** What the person would type to sign in. */
export function loginNameOf({ username, local }: Pick<User, 'username' | 'local'>): string {
  return local ? local.name + LOCAL_SUFFIX : username;
}
