import { expect } from 'chai';

import { isGroupName } from '../../src/groups/group-name.ts';
import { localReference, membershipIn } from '../../src/groups/group-reference.ts';
import { membershipsFrom } from '../../src/groups/local-membership.ts';
import { MOST_LEVELS, refusalToNest } from '../../src/groups/nesting.ts';
import type { Nesting } from '../../src/groups/nesting.ts';

/** `b>a`: a is a member of b. */
const nestings = (...texts: string[]): Nesting[] =>
  texts.map((text) => {
    const [group = '', member = ''] = text.split('>');
    return { group, member };
  });

const chain = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, at) => `g${from + at + 1}>g${from + at}`);

describe('groups in groups', () => {
  const refusals: [string, string[], ReturnType<typeof refusalToNest>][] = [
    ['b>a', [], undefined],
    ['a>a', [], 'circle'],
    ['a>b', ['b>a'], 'circle'],
    ['a>c', ['b>a', 'c>b'], 'circle'],
    ['c>a', ['b>a', 'c>b'], undefined],
    ['g1>g0', chain(1, MOST_LEVELS - 1), undefined],
    ['g1>g0', chain(1, MOST_LEVELS), 'too-deep'],
    ['top>g9', chain(0, 9), undefined],
    ['g10>g9', [...chain(0, 9), ...chain(10, 20)], 'too-deep'],
  ];
  for (const [wanted, given, refusal] of refusals) {
    it(`${wanted} beside ${given.length} others is ${refusal ?? 'fine'}`, () => {
      const [nesting] = nestings(wanted);
      expect(nesting && refusalToNest(nesting, nestings(...given))).to.equal(refusal);
    });
  }

  it('are looked through in good time where each is in all of the level above', () => {
    const levels = Array.from({ length: MOST_LEVELS - 1 }, (_, level) =>
      Array.from({ length: 8 }, (_item, at) => `l${level}-${at}`),
    );
    const all = levels.flatMap((level, at) =>
      (levels[at + 1] ?? []).flatMap((group) => level.map((member) => ({ group, member }))),
    );
    const started = performance.now();
    expect(refusalToNest({ group: 'l0-0', member: 'new' }, all)).to.equal(undefined);
    const edges = all.map(({ group, member }) => ({ group, member, name: group }));
    expect(membershipsFrom('l0-0', edges)).to.have.length((MOST_LEVELS - 2) * 8);
    expect(performance.now() - started).to.be.lessThan(500);
  });

  it('make nobody a member by a longer way than need be, nor twice', () => {
    const edges = [
      { member: 'ann', group: 'a', name: 'A' },
      { member: 'a', group: 'b', name: 'B' },
      { member: 'b', group: 'c', name: 'C' },
      { member: 'a', group: 'c', name: 'C' },
      { member: 'c', group: 'a', name: 'A' },
    ];
    expect(membershipsFrom('ann', edges).map(({ name, via }) => [name, ...via])).to.deep.equal([
      ['A'],
      ['B', 'A'],
      ['C', 'A'],
    ]);
  });
});

describe('a group that lives here', () => {
  const group = { local: true, id: '01890a5d-ac96-774b-bcce-b302099a8057', name: 'Finance' } as const;
  const isMember = membershipIn([group]);

  for (const reference of ['local:Finance', 'LOCAL:finance', ' local:  FINANCE', 'ｌｏｃａｌ：finance', group.id]) {
    it(`is meant by ${JSON.stringify(reference)}`, () => expect(isMember(reference)).to.equal(true));
  }

  const directorys = ['Finance', 'finance', 'cn=Finance', `local:${group.id}`, 'local:', 'local:fin', ''];
  for (const reference of directorys) {
    it(`is not meant by ${JSON.stringify(reference)}`, () => expect(isMember(reference)).to.equal(false));
  }

  it('leaves the name of a directory’s group to that, and that leaves it its own', () => {
    const theirs = { id: 'g1', dn: 'cn=Finance,dc=example', name: 'Finance', nameIsUnique: true };
    expect(membershipIn([theirs, group])('finance')).to.equal(true);
    expect(membershipIn([theirs])('local:finance')).to.equal(false);
    const impostor = { ...theirs, name: localReference('Finance') };
    expect(membershipIn([impostor])('local:finance')).to.equal(false);
  });

  for (const name of ['Finance', 'Zoë & Söhne', 'R&D (EMEA)', '財務', 'a:b', 'local']) {
    it(`may be called ${name}`, () => expect(isGroupName(name)).to.equal(true));
  }
});
