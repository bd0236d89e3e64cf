// A directory as the rest of Sallyport sees it: people, their groups, and whether a password is theirs. It knows nothing of
// tokens, pages or tenants. directory-ldap.ts is the adapter; bind-outcomes.ts says what a bind's answer means.

import type { Outcome } from '../outcome.ts';

/** The entry's immutable id (entryUUID, objectGUID, nsUniqueId) in its canonical text form. Never a name, never a DN. */
export type StableId = string;

export interface DirectoryUser {
  stableId: StableId;
  dn: string;
  /** The value of the directory's own login attribute, as the entry spells it. */
  username: string;
  profile: DirectoryProfile;
  /** What the entry itself says of the account, whatever the password. */
  state: EntryState;
  /** By the directory's clock; undefined where it does not tell. */
  passwordChangedAt?: Date;
  /** Undefined where the entry does not tell, or it never does. */
  passwordExpiresAt?: Date;
  /**
   * How many binds as this person may still fail before the directory locks the account, by its own count; undefined where it never
   * does, or does not tell.
   */
  bindsLeft?: number;
}

/** `expired`: the account was valid until a time that has passed. */
export type EntryState = 'enabled' | 'disabled' | 'expired';

/** Attributes of an entry under the names of OpenID Connect's standard claims (OpenID Connect Core 5.1). */
export interface DirectoryProfile {
  name?: string;
  givenName?: string;
  familyName?: string;
  nickname?: string;
  email?: string;
  phoneNumber?: string;
  locale?: string;
  zoneinfo?: string;
  picture?: string;
  website?: string;
}

export interface DirectoryGroup {
  /** The group's immutable id; two groups of one name in two branches stay two. */
  id: StableId;
  dn: string;
  name: string;
  /** True only where the directory has no other group of this name: only then may configuration call this one by its name. */
  nameIsUnique?: boolean;
  /** DNs of the groups through which the membership runs, from the user's own group upwards; empty for a direct one. */
  via: readonly string[];
}

/** A group itself, whoever is in it. */
export type DirectoryGroupEntry = Pick<DirectoryGroup, 'id' | 'dn' | 'name' | 'nameIsUnique'>;

export interface GroupsQuery {
  /** Text that the name has anywhere in it. */
  search?: string | undefined;
  limit: number;
}

/** `truncated`: there are more, and which of them these are is the directory's choice. */
export interface GroupsFound {
  groups: readonly DirectoryGroupEntry[];
  truncated: boolean;
}

export interface GroupMembersFound {
  dns: readonly string[];
  truncated: boolean;
}

/** What came along with a successful bind. */
export interface BindNotice {
  /** The password ends in this many seconds. */
  passwordExpiresIn?: number;
  /** Binds left with a password that has already expired. */
  graceLoginsLeft?: number;
}

/**
 * Why a bind was refused. `must-change`, `expired`, `disabled`, `account-expired` and `not-now` are given only where the
 * directory tells them after the right password, so they may be acted on and shown. The others prove nothing, and a person must
 * not be able to tell these apart: `locked` after too many failures; `inactive`, disabled or expired, said whatever the password
 * was; `nearly-locked`, not asked at all, because one more failure would lock the account.
 */
export type BindRefusal =
  | 'bad-credentials'
  | 'locked'
  | 'inactive'
  | 'nearly-locked'
  | 'must-change'
  | 'expired'
  | 'disabled'
  | 'account-expired'
  | 'not-now';

/**
 * Why a new password was not taken. `bad-credentials`: the current one was wrong. `rejected`: by the directory's rules, which does
 * not tell by which (Active Directory). `not-allowed`: nobody's to change here; `locked`: the account, meanwhile; `nearly-locked`: as
 * for a bind.
 */
export type PasswordRefusal =
  | 'bad-credentials'
  | 'locked'
  | 'nearly-locked'
  | 'too-short'
  | 'too-weak'
  | 'in-history'
  | 'too-soon'
  | 'rejected'
  | 'not-allowed';

/** What a directory does about failed binds, by default: single people may have rules of their own. */
export interface LockoutPolicy {
  /** Failures after which it locks an account; 0: it never does. */
  threshold: number;
  /** Seconds after which it forgets failures; undefined: only a success or an administrator makes it. */
  window: number | undefined;
}

export interface DirectoryProbe {
  step: 'connect' | 'tls' | 'bind' | 'search';
  server: string;
  ok: boolean;
  milliseconds: number;
  detail: string;
}

/** Every method throws AppError `directory_unavailable` when no configured server answers in time. */
export interface Directory {
  readonly name: string;
  /** Whether people's passwords can be changed here: the settings allow it, and what is sent is encrypted. */
  readonly changesPasswords: boolean;
  /** Finds the one entry that a login name means. Searches only; proves nothing. */
  find(login: string): Promise<Outcome<DirectoryUser, 'unknown' | 'ambiguous'>>;
  /**
   * Proves the password by a simple bind as the entry that `find` returned (RFC 4513 5.1.3).
   *
   * @param last also where one more failure would lock the account, which else is refused as `nearly-locked`
   * @throws AppError for which `isUnanswered` (unanswered.ts) where it was sent: it may have counted as a failure
   */
  bind(user: DirectoryUser, password: string, last?: boolean): Promise<Outcome<BindNotice, BindRefusal>>;
  /**
   * Binds as nobody, with this password, and tells nothing: what a wrong password costs, in time and at the directory. To be
   * called where `find` brought no user, so that an unknown name answers no sooner than a known one.
   */
  bindNobody(password: string): Promise<void>;
  /** The entry that now carries this id, wherever it was moved; undefined when there is none any more. */
  findByStableId(id: StableId): Promise<DirectoryUser | undefined>;
  /** Whether the service account sees anybody at all. Where it does not, that somebody is not found says little. */
  showsPeople(): Promise<boolean>;
  /** Direct and nested groups, each once, by the shortest path. */
  groupsOf(user: DirectoryUser): Promise<DirectoryGroup[]>;
  /** Sorted by name; whether a name is unique is left open. */
  listGroups(query: GroupsQuery): Promise<GroupsFound>;
  findGroup(id: StableId): Promise<DirectoryGroupEntry | undefined>;
  /** Direct members, people and groups alike; undefined where there is no such group. */
  groupMembers(id: StableId, limit: number): Promise<GroupMembersFound | undefined>;
  /**
   * Gives a person a new password, under their own credentials, so that the directory's own rules apply (RFC 3062; in Active
   * Directory [MS-ADTS] 3.1.1.3.1.5.2). `current` may be one that has expired or must be changed.
   *
   * @param last as for `bind`
   * @throws AppError for which `isUnanswered` where it was sent: `next` may be the password now
   */
  changePassword(
    user: DirectoryUser,
    current: string,
    next: string,
    last?: boolean,
  ): Promise<Outcome<void, PasswordRefusal>>;
  /** Undefined where the service account may not read it. Remembered for a while. */
  lockoutPolicy(): Promise<LockoutPolicy | undefined>;
  /** Tries each configured server step by step; never throws. */
  probe(): Promise<DirectoryProbe[]>;
  close(): Promise<void>;
}
