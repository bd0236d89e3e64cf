import { expect } from 'chai';

import { effectiveRoles } from '../../src/roles/roles.ts';
import { explainRoles } from '../../src/roles/why-roles.ts';

const role = (name: string, inherits: string[] = [], groups: string[] = []) => ({ name, inherits, groups });
const group = (id: string, name: string, nameIsUnique = true) => ({
  id,
  dn: `cn=${name},ou=${id}`,
  name,
  nameIsUnique,
});

describe('why somebody holds a role', () => {
  const roles = [
    role('chief', ['clerk', 'auditor']),
    role('clerk', ['chief'], ['staff']),
    role('auditor'),
    role('other'),
  ];

  it('is told of each way: given, by a group, inherited, in a circle too', () => {
    const told = explainRoles(['chief'], [group('g1', 'staff')], roles);
    expect(told).to.deep.equal([
      { name: 'auditor', why: [{ by: 'role', role: 'chief' }] },
      { name: 'chief', why: [{ by: 'user' }, { by: 'role', role: 'clerk' }] },
      {
        name: 'clerk',
        why: [
          { by: 'group', reference: 'staff', groupId: 'g1' },
          { by: 'role', role: 'chief' },
        ],
      },
    ]);
    expect(told.map(({ name }) => name)).to.deep.equal(effectiveRoles(['chief', 'clerk'], roles));
  });

  it('is no group whose name two share', () => {
    expect(explainRoles([], [group('g1', 'staff', false), group('g2', 'staff', false)], roles)).to.deep.equal([]);
  });
});
