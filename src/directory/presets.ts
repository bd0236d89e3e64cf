// What each kind of server calls things. A preset, and over it the configuration's own words, make the one schema that the
// adapter reads.

import type { DirectoryProfile } from './directory.ts';
import type { DirectorySettings } from './directory-settings.ts';

/** In the words of directory-settings.ts, which describes them. */
export interface DirectorySchema {
  users: {
    objectClass: string;
    filter?: string | undefined;
    login: readonly string[];
    username: string;
    stableId: string;
    /** Holds the time of the last change of the password, as GeneralizedTime (RFC 4517 3.3.13). */
    passwordChangedAt: string;
    disabled: readonly { attribute: string; value: string }[];
    attributes: Readonly<Record<keyof DirectoryProfile, readonly string[]>>;
  };
  groups: {
    objectClass: readonly string[];
    name: string;
    member: readonly string[];
    memberOf: string | null;
  };
}

const openldap: DirectorySchema = {
  users: {
    objectClass: 'inetOrgPerson',
    login: ['uid', 'mail'],
    username: 'uid',
    stableId: 'entryUUID',
    // slapo-ppolicy(5) keeps it from the first change on; it may be missing for a password that came with the entry.
    passwordChangedAt: 'pwdChangedTime',
    disabled: [
      // The time that slapo-ppolicy(5) keeps for "locked by an administrator".
      { attribute: 'pwdAccountLockedTime', value: '000001010000Z' },
      { attribute: 'nsAccountLock', value: 'TRUE' },
    ],
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
  },
};

const PRESETS: Readonly<Record<DirectorySettings['preset'], DirectorySchema>> = { openldap };

export function resolveSchema({ preset, users, groups }: DirectorySettings): DirectorySchema {
  const base = PRESETS[preset];
  const attributes = { ...base.users.attributes, ...users.attributes };
  return { users: { ...base.users, ...users, attributes }, groups: { ...base.groups, ...groups } };
}
