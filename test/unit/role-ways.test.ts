import { expect } from 'chai';

import { roleWays } from '../../src/roles/role-ways.ts';

describe('the ways to a role', () => {
  const role = (name: string, inherits: string[] = [], groups: string[] = []) => ({ name, inherits, groups });
  const group = (name: string) => ({ id: `id of ${name}`, dn: `cn=${name},dc=acme`, name, nameIsUnique: true });

  it('are all told: given, by each group, inherited', () => {
    const roles = [
      role('reader'),
      role('editor', ['reader'], ['staff', 'cn=board,dc=acme']),
      role('other', [], ['crew']),
    ];
    expect(roleWays(['reader'], [group('staff'), group('board'), group('choir')], roles)).to.deep.equal([
      {
        name: 'editor',
        ways: [
          { by: 'group', group: { id: 'id of staff', name: 'staff' } },
          { by: 'group', group: { id: 'id of board', name: 'board' } },
        ],
      },
      { name: 'reader', ways: [{ by: 'given' }, { by: 'inherited', role: 'editor' }] },
    ]);
  });

  it('end, where roles inherit in a circle', () => {
    const held = roleWays(['a'], [], [role('a', ['b']), role('b', ['c']), role('c', ['a'])]);
    expect(held).to.deep.equal([
      { name: 'a', ways: [{ by: 'given' }, { by: 'inherited', role: 'c' }] },
      { name: 'b', ways: [{ by: 'inherited', role: 'a' }] },
      { name: 'c', ways: [{ by: 'inherited', role: 'b' }] },
    ]);
  });

  it('lead to nothing that is no role', () => {
    expect(roleWays(['gone'], [], [role('a', ['gone'])])).to.deep.equal([]);
    expect(roleWays(['a'], [], [role('a', ['gone'])])).to.deep.equal([{ name: 'a', ways: [{ by: 'given' }] }]);
  });

  it('do not run through a group whose name two groups have', () => {
    const twins = [{ ...group('staff'), nameIsUnique: false }];
    expect(roleWays([], twins, [role('editor', [], ['staff'])])).to.deep.equal([]);
  });
});
