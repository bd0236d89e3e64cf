// Kinds of servers that the embedded directory stands in for, with entries such as they have.

import { randomBytes, randomUUID } from 'node:crypto';

import { ldifEntry } from '../support/ldif.ts';
import type { Dialect } from './directory-dialects.ts';
import {
  ACCOUNT,
  activeDirectory,
  activeDirectoryNames,
  disabledAccount,
  expiredAccount,
  NAMES_OF_ANN,
  openldap,
} from './directory-dialects.ts';

const objectGUID = (): Buffer => randomBytes(16);

export const activeDirectoryEntries: Dialect = {
  ...activeDirectory,
  foldsWidth: true,
  tellsPasswordTime: 'never',
  groupStrategies: {
    'a walk by memberOf': { nesting: 'walk' },
    'a walk by member': { nesting: 'walk', memberOf: null },
  },
  crowds: 120,
  states: [disabledAccount, expiredAccount],
  person: (dn, name, { password = `${name}-password`, ...attributes }) =>
    ldifEntry(dn, {
      objectClass: ['user', 'person'],
      objectGUID: objectGUID(),
      sAMAccountType: '805306368',
      userAccountControl: ACCOUNT,
      cn: name,
      userPassword: password,
      ...activeDirectoryNames(name, attributes),
    }),
  group: (dn, name, members) =>
    ldifEntry(dn, { objectClass: 'group', objectGUID: objectGUID(), cn: name, member: members }),
  setPassword: openldap.setPassword,
};

export const freeIpaEntries: Dialect = {
  ...openldap,
  preset: 'freeipa',
  tellsPasswordTime: 'never',
  groupStrategies: {},
  states: [
    {
      name: 'locked',
      attributes: { nsAccountLock: 'TRUE' },
      entry: 'disabled',
      right: 'disabled',
      wrong: 'bad-credentials',
    },
    { ...expiredAccount, attributes: { krbPrincipalExpiration: '20200101000000Z' } },
  ],
  person: (dn, name, attributes) => openldap.person(dn, name, { ipaUniqueID: randomUUID(), ...attributes }),
  group: (dn, name, members) =>
    ldifEntry(dn, {
      objectClass: ['groupOfNames', 'ipaUserGroup'],
      ipaUniqueID: randomUUID(),
      cn: name,
      member: members,
    }),
};

/** Groups in it hold people alone. */
export const lldapEntries: Dialect = {
  ...openldap,
  preset: 'lldap',
  // It has no attribute for more.
  profileOfAnn: NAMES_OF_ANN,
  tellsPasswordTime: 'never',
  nests: false,
  groupStrategies: {},
  member: 'uniqueMember',
  states: [],
  group: (dn, name, members) => ldifEntry(dn, { objectClass: 'groupOfUniqueNames', cn: name, uniqueMember: members }),
};
