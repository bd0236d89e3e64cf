// People and groups for the directory's contract, as LDIF that both servers take.

/** A tree of its own below `base`, whose first entry is an organization. Everybody's password is `<uid>-password`. */
export function directoryFixture(base: string): string {
  return [
    entry(base, { objectClass: 'organization', o: base.slice('o='.length, base.indexOf(',')) }),
    ...['people', 'former', 'groups', 'sales'].map((ou) =>
      entry(`ou=${ou},${base}`, { objectClass: 'organizationalUnit', ou }),
    ),
    ...people(base),
    ...groups(base),
  ].join('\n');
}

function people(base: string): string[] {
  const plain = ['bob', 'cay', 'dee', 'eve', 'flo', 'renewer', 'mover', 'leaver', 'unlucky', 'solo', 'many', 'circler'];
  return [
    person(base, 'ann', {
      givenName: 'Ann',
      displayName: 'Ann Anderson',
      mail: ['ann@fixture.test', 'ann.anderson@fixture.test'],
      telephoneNumber: '+1 555 0190',
      mobile: '+1 555 0100',
      preferredLanguage: 'en',
    }),
    ...plain.map((uid) => person(base, uid)),
    person(base, 'twin'),
    person(base, 'other', { mail: 'twin' }),
    person(base, 'locked', { pwdAccountLockedTime: '000001010000Z' }),
    person(base, 'changer', { pwdReset: 'TRUE' }),
    person(base, 'gone', { employeeType: 'left' }),
    person(base, 'guest', { employeeType: 'guest' }),
    person(base, 'zoë', { userPassword: 'pässwörd-☃' }),
    person(base, 'o\\, (brien)*', { uid: 'o, (brien)*' }),
  ];
}

function groups(base: string): string[] {
  const user = (uid: string): string => `uid=${uid},ou=people,${base}`;
  const dn = (cn: string): string => `cn=${cn},ou=groups,${base}`;
  const group = (cn: string, ...member: string[]): string => entry(dn(cn), { objectClass: 'groupOfNames', cn, member });
  return [
    group('platform', user('ann')),
    group('engineering', dn('platform')),
    group('staff', dn('engineering')),
    // Two ways from ann up to "everybody": through one group, and through three.
    group('shortcut', `UID=Ann, OU=People, ${base}`),
    group('everybody', dn('staff'), dn('shortcut')),
    group('managers', user('ann')),
    entry(`cn=managers,ou=sales,${base}`, { objectClass: 'groupOfNames', cn: 'managers', member: user('ann') }),
    entry(dn('unique'), { objectClass: 'groupOfUniqueNames', cn: 'unique', uniqueMember: user('ann') }),
    group('circle-a', user('circler'), dn('circle-c')),
    group('circle-b', dn('circle-a')),
    group('circle-c', dn('circle-b')),
    group('movers', user('mover')),
    ...Array.from({ length: 120 }, (_, number) => group(`crowd-${number}`, user('many'))),
  ];
}

type Attributes = Record<string, string | readonly string[]>;

function person(base: string, uid: string, attributes: Attributes = {}): string {
  return entry(`uid=${uid},ou=people,${base}`, {
    objectClass: 'inetOrgPerson',
    uid,
    cn: uid,
    sn: 'Fixture',
    userPassword: `${uid}-password`,
    ...attributes,
  });
}

function entry(dn: string, attributes: Attributes): string {
  const lines = Object.entries(attributes).flatMap(([name, values]) =>
    [values].flat().map((value) => line(name, value)),
  );
  return [line('dn', dn), ...lines, ''].join('\n');
}

function line(name: string, value: string): string {
  const isSafe = /^[\x21-\x7e][\x20-\x7e]*$/.test(value) && !/^[:<]/.test(value);
  return isSafe ? `${name}: ${value}` : `${name}:: ${Buffer.from(value).toString('base64')}`;
}
