// People and groups for the directory's contract, in the words of whichever server they are for.

import { adding, ldifEntry } from '../support/ldif.ts';
import type { Dialect, PersonAttributes } from './directory-dialects.ts';

/** A tree of its own below `base`, whose first entry is an organizational unit. Everybody's password is `<name>-password`. */
export function directoryFixture(dialect: Dialect, base: string): string {
  return [
    unit(base),
    ...['people', 'former', 'groups', 'sales'].map((ou) => unit(`ou=${ou},${base}`)),
    ...people(dialect, base),
    ...groups(dialect, base),
  ].join('');
}

/** The DN of somebody of the fixture. */
export function personDn({ naming }: Dialect, base: string, name: string): string {
  return `${naming}=${name.replaceAll(',', '\\,')},ou=people,${base}`;
}

function unit(dn: string): string {
  return ldifEntry(dn, { objectClass: 'organizationalUnit', ou: dn.slice('ou='.length, dn.indexOf(',')) });
}

const PLAIN = [
  'bob',
  'cay',
  'dee',
  'eve',
  'flo',
  'renewer',
  'mover',
  'leaver',
  'unlucky',
  'solo',
  'many',
  'circler',
  'twin',
];

function people(dialect: Dialect, base: string): string[] {
  const person = (name: string, attributes: PersonAttributes = {}): string =>
    dialect.person(personDn(dialect, base, name), name, attributes);
  return [
    person('ann', {
      givenName: 'Ann',
      displayName: 'Ann Anderson',
      mail: ['ann@fixture.test', 'ann.anderson@fixture.test'],
      telephoneNumber: '+1 555 0190',
      mobile: '+1 555 0100',
      preferredLanguage: 'en',
    }),
    ...PLAIN.map((name) => person(name)),
    person('other', { mail: 'twin' }),
    person('gone', { employeeType: 'left' }),
    person('visitor', { employeeType: 'guest' }),
    person('zoë', { password: 'pässwörd-☃' }),
    person('o, (brien)*', { mail: 'o, (brien)*' }),
    ...dialect.states.map(({ name, attributes }) => person(name, attributes)),
  ];
}

function groups(dialect: Dialect, base: string): string[] {
  const user = (name: string): string => personDn(dialect, base, name);
  const dn = (cn: string): string => `cn=${cn},ou=groups,${base}`;
  const group = (cn: string, ...members: string[]): string => dialect.group(dn(cn), cn, members);
  return [
    group('platform', user('ann')),
    group('engineering', dn('platform')),
    group('staff', dn('engineering')),
    // Two ways from ann up to "everybody": through one group, and through three.
    group('shortcut', user('ann').replace(',ou=people', ', OU=People').replace('=ann', '=Ann')),
    group('everybody', dn('staff'), dn('shortcut')),
    group('managers', user('ann')),
    dialect.group(`cn=managers,ou=sales,${base}`, 'managers', [user('ann')]),
    group('circle-a', user('circler')),
    group('circle-b', dn('circle-a')),
    group('circle-c', dn('circle-b')),
    // Closed last: some servers take only members that are there.
    adding(dn('circle-a'), dialect.member, dn('circle-c')),
    group('movers', user('mover')),
    ...Array.from({ length: dialect.crowds }, (_, number) => group(`crowd-${number}`, user('many'))),
  ];
}
