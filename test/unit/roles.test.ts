import { expect } from 'chai';

import { membershipIn } from '../../src/groups/group-reference.ts';
import { effectiveRoles } from '../../src/roles/roles.ts';

describe('effective roles', () => {
  const roles = Object.entries({
    admin: ['editor', 'auditor'],
    editor: ['reader'],
    auditor: ['reader'],
    reader: [],
    chicken: ['egg'],
    egg: ['chicken', 'reader'],
    narcissus: ['narcissus'],
    heir: ['of-a-role-that-is-gone', 'reader'],
  }).map(([name, inherits]) => ({ name, inherits }));

  const table: [held: string[], effective: string[]][] = [
    [[], []],
    [['reader'], ['reader']],
    [['editor'], ['editor', 'reader']],
    [['admin'], ['admin', 'auditor', 'editor', 'reader']],
    [
      ['reader', 'editor', 'reader'],
      ['editor', 'reader'],
    ],
    [['chicken'], ['chicken', 'egg', 'reader']],
    [['egg'], ['chicken', 'egg', 'reader']],
    [['narcissus'], ['narcissus']],
    [['heir'], ['heir', 'reader']],
    [['unknown'], []],
    [['__proto__', 'constructor'], []],
  ];
  for (const [held, effective] of table) {
    it(`${held.join(' and ') || 'none'} gives ${effective.join(', ') || 'none'}`, () => {
      expect(effectiveRoles(held, roles)).to.deep.equal(effective);
    });
  }

  it('follow a long line of inheritance', () => {
    const line = Array.from({ length: 10_000 }, (_, index) => ({ name: `r${index}`, inherits: [`r${index + 1}`] }));
    expect(effectiveRoles(['r0'], line)).to.have.length(10_000);
  });
});

describe('membership in a group that configuration names', () => {
  const managers = {
    id: '3f2504e0-4f89-41d3-9a0c-0305e82c3301',
    dn: 'cn=Managers,ou=Groups,dc=example,dc=com',
    name: 'Managers',
    nameIsUnique: true,
  };
  const isMember = membershipIn([managers]);

  const same = [
    'Managers',
    'managers',
    '  MANAGERS ',
    managers.id,
    managers.id.toUpperCase(),
    managers.dn,
    'CN=managers, OU=groups, DC=Example, DC=com',
    'cn=\\4danagers,ou=Groups,dc=example,dc=com',
  ];
  for (const reference of same) {
    it(`is seen by ${JSON.stringify(reference)}`, () => expect(isMember(reference)).to.equal(true));
  }

  const others = [
    '',
    'manager',
    'Managers,ou=Groups',
    'cn=Managers',
    'cn=Managers,ou=Branch,dc=example,dc=com',
    '3f2504e0-4f89-41d3-9a0c-0305e82c3302',
    '*',
  ];
  for (const reference of others) {
    it(`is not seen by ${JSON.stringify(reference)}`, () => expect(isMember(reference)).to.equal(false));
  }

  it('is not seen by a name that another group has too, nor by one of which that is not known', () => {
    for (const nameIsUnique of [false, undefined]) {
      const byName = membershipIn([{ ...managers, nameIsUnique }]);
      expect(byName('managers')).to.equal(false);
      expect(byName(managers.dn)).to.equal(true);
      expect(byName(managers.id)).to.equal(true);
    }
  });

  it('is not lent by a name that reads as the id or the DN of another group', () => {
    const impostor = {
      id: '1b4e28ba-2fa1-4d2b-883f-0016d3cca427',
      dn: 'cn=impostor,dc=example,dc=com',
      nameIsUnique: true,
    };
    for (const name of [managers.id, managers.dn, '66446001-1dd211b2-8aaafac4-5b2bf2ba']) {
      expect(membershipIn([{ ...impostor, name }])(name)).to.equal(false);
    }
  });
});
