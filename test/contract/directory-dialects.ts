// What the contract of a directory needs to know of each kind of server: how people and groups are written there, and what the
// kinds of servers tell differently.

import type { BindNotice, BindRefusal, DirectoryProfile, EntryState } from '../../src/directory/directory.ts';
import type { LdifAttributes } from '../support/ldif.ts';
import { ldifEntry, renaming, replacing } from '../support/ldif.ts';
import type { Settings } from '../support/open-directory.ts';
import { unicodePwd } from '../support/samba.ts';
import { AGEING, AGEING_WITH_GRACE } from '../support/slapd.ts';

export interface Dialect {
  preset: NonNullable<Settings['preset']>;
  /** The type of the RDN of people. */
  naming: string;
  /** The attribute that is shown as their name. */
  username: string;
  stableId: RegExp;
  profileOfAnn: DirectoryProfile;
  /** Whether full-width letters count as the ordinary ones (RFC 4518 2.3). */
  foldsWidth: boolean;
  /** From when on an entry tells when its password was set. */
  tellsPasswordTime: 'always' | 'after a change' | 'never';
  /** Whether its preset looks for groups in groups. */
  nests: boolean;
  /** Other ways to ask for groups, which find the same. */
  groupStrategies: Readonly<Record<string, NonNullable<Settings['groups']>>>;
  /** The attribute of a group that lists its members. */
  member: string;
  /** Somebody is in so many groups: more than the server gives in one answer, if it has a limit. */
  crowds: number;
  states: readonly AccountState[];
  person(dn: string, name: string, attributes: PersonAttributes): string;
  group(dn: string, name: string, members: readonly string[]): string;
  setPassword(dn: string, password: string): string;
  /** The person's name, as they sign in with it, and that of the entry. */
  rename(dn: string, name: string): string;
}

/** `mail` may have two values; where the server takes one, the second is another name to sign in with. */
export type PersonAttributes = LdifAttributes & { password?: string; mail?: readonly string[] | string };

/**
 * Somebody's account, and what a bind then comes to: with the right password a refusal, or a notice beside success; with a wrong
 * one a refusal.
 */
export interface AccountState {
  name: string;
  attributes?: LdifAttributes;
  /** What is done to it once it is there. */
  after?(server: StatefulServer, dn: string): Promise<void> | undefined;
  entry: EntryState;
  right: BindRefusal | keyof BindNotice;
  wrong: BindRefusal;
}

/** What some servers can be told to do to an account. */
export interface StatefulServer {
  requirePasswordChange?(dn: string): Promise<void>;
  expirePassword?(dn: string, inDays?: number): Promise<void>;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export const NAMES_OF_ANN = {
  name: 'Ann Anderson',
  givenName: 'Ann',
  familyName: 'Fixture',
  email: 'ann@fixture.test',
};

const mustChange: AccountState = {
  name: 'changer',
  after: (server, dn) => server.requirePasswordChange?.(dn),
  entry: 'enabled',
  right: 'must-change',
  wrong: 'bad-credentials',
};

const expiredPassword: AccountState = {
  name: 'lapsed',
  after: (server, dn) => server.expirePassword?.(dn),
  entry: 'enabled',
  right: 'expired',
  wrong: 'bad-credentials',
};

const expiringPassword: AccountState = {
  ...expiredPassword,
  name: 'warned',
  after: (server, dn) => server.expirePassword?.(dn, 3),
  right: 'passwordExpiresIn',
};

export const openldap: Dialect = {
  preset: 'openldap',
  naming: 'uid',
  username: 'uid',
  stableId: UUID,
  profileOfAnn: { ...NAMES_OF_ANN, phoneNumber: '+1 555 0100', locale: 'en' },
  foldsWidth: true,
  tellsPasswordTime: 'after a change',
  nests: true,
  groupStrategies: { memberOf: { memberOf: 'memberOf' } },
  member: 'member',
  crowds: 120,
  states: [
    {
      name: 'locked',
      attributes: { pwdAccountLockedTime: '000001010000Z' },
      entry: 'disabled',
      right: 'locked',
      wrong: 'locked',
    },
    { ...mustChange, after: undefined, attributes: { pwdReset: 'TRUE' } },
  ],
  person: (dn, name, { password = `${name}-password`, ...attributes }) =>
    ldifEntry(dn, {
      objectClass: 'inetOrgPerson',
      uid: name,
      cn: name,
      sn: 'Fixture',
      userPassword: password,
      ...attributes,
    }),
  group: (dn, name, members) => ldifEntry(dn, { objectClass: 'groupOfNames', cn: name, member: members }),
  setPassword: (dn, password) => replacing(dn, 'userPassword', password),
  rename: (dn, name) => renaming(dn, `uid=${name}`),
};

/** With policies of its own for some, by which passwords end. */
export const slapd: Dialect = {
  ...openldap,
  states: [
    ...openldap.states,
    { ...expiredPassword, attributes: { pwdPolicySubentry: AGEING } },
    { ...expiringPassword, attributes: { pwdPolicySubentry: AGEING } },
    {
      ...expiredPassword,
      name: 'graced',
      attributes: { pwdPolicySubentry: AGEING_WITH_GRACE },
      right: 'graceLoginsLeft',
    },
  ],
};

export const ds389: Dialect = {
  ...openldap,
  preset: '389ds',
  stableId: /^[0-9a-f]{8}(-[0-9a-f]{8}){3}$/,
  foldsWidth: false,
  states: [
    {
      name: 'inactive',
      attributes: { nsAccountLock: 'true' },
      entry: 'disabled',
      right: 'inactive',
      wrong: 'inactive',
    },
    mustChange,
    expiredPassword,
    expiringPassword,
  ],
  // Without it a password must be changed at once, since an administrator wrote it.
  person: (dn, name, attributes) =>
    openldap.person(dn, name, { passwordExpirationTime: '20380101000000Z', ...attributes }),
};

/** A day of 2019 ([MS-DTYP] 2.3.3). */
const LONG_AGO = '132000000000000000';
/** UF_NORMAL_ACCOUNT, and that with UF_ACCOUNTDISABLE ([MS-ADTS] 2.2.16). */
export const ACCOUNT = '512';
const DISABLED_ACCOUNT = '514';

export const disabledAccount: AccountState = {
  name: 'disabled',
  attributes: { userAccountControl: DISABLED_ACCOUNT },
  entry: 'disabled',
  right: 'disabled',
  wrong: 'bad-credentials',
};

export const expiredAccount: AccountState = {
  name: 'temporary',
  attributes: { accountExpires: LONG_AGO },
  entry: 'expired',
  right: 'account-expired',
  wrong: 'bad-credentials',
};

export const activeDirectoryNames = (name: string, { mail = [], ...attributes }: PersonAttributes) => {
  const [address = [], userPrincipalName = `${name}@ad.demo.test`] = [mail].flat();
  // Without what Active Directory does not allow in it.
  const sAMAccountName = name.replaceAll(/["/\\[\]:;|=,+*?<> ()]/g, '');
  return { sn: 'Fixture', sAMAccountName, userPrincipalName, mail: address, ...attributes };
};

export const activeDirectory: Dialect = {
  preset: 'activedirectory',
  naming: 'CN',
  username: 'sAMAccountName',
  stableId: UUID,
  profileOfAnn: openldap.profileOfAnn,
  foldsWidth: false,
  tellsPasswordTime: 'always',
  nests: true,
  groupStrategies: {
    tokenGroups: { nesting: 'token-groups' },
    'a walk by memberOf': { nesting: 'walk' },
    'a walk by member': { nesting: 'walk', memberOf: null },
  },
  member: 'member',
  crowds: 30,
  states: [disabledAccount, expiredAccount, mustChange, expiredPassword, expiringPassword],
  person: (dn, name, { password = `${name}-password`, ...attributes }) =>
    ldifEntry(dn, {
      objectClass: 'user',
      cn: name,
      userAccountControl: ACCOUNT,
      unicodePwd: unicodePwd(password),
      ...activeDirectoryNames(name, attributes),
    }),
  group: (dn, name, members) => ldifEntry(dn, { objectClass: 'group', cn: name, member: members }),
  setPassword: (dn, password) => replacing(dn, 'unicodePwd', unicodePwd(password)),
  rename: (dn, name) => replacing(dn, 'sAMAccountName', name) + renaming(dn, `CN=${name}`),
};
