// What each kind of server calls things. A preset, and over it the configuration's own words, make the one schema that the
// adapter reads.

import type { DirectoryProfile } from './directory.ts';
import type { DirectorySettings } from './directory-settings.ts';

export type DisabledRule = { attribute: string; value: string } | { attribute: string; bit: number };

/** In the words of directory-settings.ts, which describes them. */
export interface DirectorySchema {
  users: {
    objectClass: string;
    /** Each of them must match as well: the preset's own, and the operator's. */
    filters: readonly string[];
    login: readonly string[];
    username: string;
    stableId: string;
    stableIdSyntax: 'text' | 'guid';
    disabled: readonly DisabledRule[];
    /** The three hold times, in a form that tells itself: GeneralizedTime (RFC 4517 3.3.13), FILETIME, or days since 1970. */
    expires: string | null;
    passwordChangedAt: string | null;
    passwordExpiresAt: string | null;
    attributes: Readonly<Record<keyof DirectoryProfile, readonly string[]>>;
  };
  groups: {
    objectClass: readonly string[];
    filter?: string | undefined;
    name: string;
    member: readonly string[];
    memberOf: string | null;
    memberUid: string | null;
    primary: 'gid' | 'rid' | null;
    nesting: 'walk' | 'in-chain' | 'token-groups';
    depth: number;
  };
  passwords: { change: 'password-modify' | 'unicode-pwd' | 'no'; warnDays: number };
  /** How the server is asked about failed binds (lockout-rules.ts). */
  lockout: 'ppolicy' | 'activedirectory' | '389ds' | null;
  /** Failed binds that such a server bears as it is installed or usually set up, where it does not tell. */
  untoldBudget: number;
}

type Preset = Omit<DirectorySchema, 'passwords'> & { passwords: Pick<DirectorySchema['passwords'], 'change'> };

const openldap: Preset = {
  users: {
    objectClass: 'inetOrgPerson',
    filters: [],
    login: ['uid', 'mail'],
    username: 'uid',
    stableId: 'entryUUID',
    stableIdSyntax: 'text',
    disabled: [
      // The time that slapo-ppolicy(5) keeps for "locked by an administrator".
      { attribute: 'pwdAccountLockedTime', value: '000001010000Z' },
      { attribute: 'nsAccountLock', value: 'TRUE' },
    ],
    expires: null,
    // slapo-ppolicy(5) keeps it from the first change on; it may be missing for a password that came with the entry.
    passwordChangedAt: 'pwdChangedTime',
    passwordExpiresAt: null,
    attributes: {
      name: ['displayName', 'cn'],
      givenName: ['givenName'],
      familyName: ['sn'],
      nickname: [],
      email: ['mail'],
      phoneNumber: ['mobile', 'telephoneNumber'],
      locale: ['preferredLanguage'],
      zoneinfo: [],
      picture: [],
      website: [],
    },
  },
  groups: {
    objectClass: ['groupOfNames', 'groupOfUniqueNames'],
    name: 'cn',
    member: ['member', 'uniqueMember'],
    // The overlay knows only what was added after it, and without it memberOf is an attribute that anybody may fill.
    memberOf: null,
    memberUid: null,
    primary: null,
    nesting: 'walk',
    depth: 10,
  },
  passwords: { change: 'password-modify' },
  lockout: 'ppolicy',
  untoldBudget: 4,
};

const rfc2307: Preset = {
  ...openldap,
  users: {
    ...openldap.users,
    objectClass: 'posixAccount',
    login: ['uid'],
    // shadow(5)
    expires: 'shadowExpire',
  },
  groups: {
    ...openldap.groups,
    objectClass: ['posixGroup'],
    // RFC 2307 has memberUid alone; its successor, draft-howard-rfc2307bis, lists DNs.
    member: ['member'],
    memberUid: 'memberUid',
    primary: 'gid',
  },
};

const activedirectory: Preset = {
  users: {
    objectClass: 'user',
    // SAM_NORMAL_USER_ACCOUNT ([MS-ADTS] 2.2.12): computers are users as well.
    filters: ['(sAMAccountType=805306368)'],
    login: ['sAMAccountName', 'userPrincipalName', 'mail'],
    username: 'sAMAccountName',
    stableId: 'objectGUID',
    stableIdSyntax: 'guid',
    // ADS_UF_ACCOUNTDISABLE ([MS-ADTS] 2.2.16)
    disabled: [{ attribute: 'userAccountControl', bit: 2 }],
    expires: 'accountExpires',
    passwordChangedAt: 'pwdLastSet',
    passwordExpiresAt: 'msDS-UserPasswordExpiryTimeComputed',
    attributes: {
      ...openldap.users.attributes,
      website: ['wWWHomePage'],
    },
  },
  groups: {
    objectClass: ['group'],
    name: 'cn',
    member: ['member'],
    memberOf: 'memberOf',
    memberUid: null,
    primary: 'rid',
    nesting: 'in-chain',
    depth: 10,
  },
  passwords: { change: 'unicode-pwd' },
  lockout: 'activedirectory',
  untoldBudget: 4,
};

const ds389: Preset = {
  ...openldap,
  users: {
    ...openldap.users,
    objectClass: 'person',
    stableId: 'nsUniqueId',
    disabled: [{ attribute: 'nsAccountLock', value: 'TRUE' }],
    // Only where passwordTrackUpdateTime is on.
    passwordChangedAt: 'pwdUpdateTime',
    passwordExpiresAt: 'passwordExpirationTime',
  },
  lockout: '389ds',
  // It locks after three unless set, and lets nobody but administrators read that.
  untoldBudget: 2,
};

const freeipa: Preset = {
  ...ds389,
  users: {
    ...ds389.users,
    // What the people of the staging area, who are below the same suffix, have for an id.
    filters: ['(!(ipaUniqueID=autogenerate))'],
    stableId: 'ipaUniqueID',
    expires: 'krbPrincipalExpiration',
    passwordChangedAt: 'krbLastPwdChange',
    passwordExpiresAt: 'krbPasswordExpiration',
  },
  groups: { ...ds389.groups, objectClass: ['ipaUserGroup'], member: ['member'] },
  // krbPwdMaxFailure is 6 unless set.
  untoldBudget: 4,
};

const lldap: Preset = {
  ...openldap,
  users: {
    ...openldap.users,
    objectClass: 'person',
    disabled: [],
    passwordChangedAt: null,
    // It warns in its log of each attribute that it does not know.
    attributes: { ...openldap.users.attributes, name: ['displayName'], phoneNumber: [], locale: [] },
  },
  // Groups have people alone for members.
  groups: { ...openldap.groups, objectClass: ['groupOfUniqueNames'], member: ['uniqueMember'], depth: 0 },
  lockout: null,
};

const PRESETS: Readonly<Record<DirectorySettings['preset'], Preset>> = {
  openldap,
  rfc2307,
  activedirectory,
  '389ds': ds389,
  freeipa,
  lldap,
};

export function resolveSchema({ preset, users, groups, passwords }: DirectorySettings): DirectorySchema {
  const base = PRESETS[preset];
  const { filter, attributes, ...named } = users;
  const ofThePreset = users.objectClass === undefined ? base.users.filters : [];
  return {
    ...base,
    users: {
      ...base.users,
      ...named,
      filters: filter === undefined ? ofThePreset : [...ofThePreset, filter],
      attributes: { ...base.users.attributes, ...attributes },
    },
    groups: { ...base.groups, ...groups },
    passwords: { ...base.passwords, ...passwords },
  };
}
