import { expect } from 'chai';

import type { ParentsOf } from '../../src/directory/nested-groups.ts';
import { walkUp } from '../../src/directory/nested-groups.ts';

/** A directory of groups and their members, which remembers what it was asked. */
function groupsWith(members: Record<string, string[]>) {
  const asked: string[][] = [];
  const parentsOf: ParentsOf = (dns) => {
    asked.push([...dns]);
    const parents = Object.entries(members).map(([dn, listed]) => ({
      id: `id-${dn}`,
      dn,
      name: dn,
      members: listed.filter((member) => dns.includes(member)),
    }));
    return Promise.resolve(parents.filter((parent) => parent.members.length > 0));
  };
  return { asked, parentsOf };
}

const pathsOf = (groups: Awaited<ReturnType<typeof walkUp>>) => groups.map(({ dn, via }) => [...via, dn].join(' > '));

describe('walking up from somebody to their groups', () => {
  it('asks once for each level, and takes the shortest path', async () => {
    const { asked, parentsOf } = groupsWith({
      top: ['long-2', 'short'],
      'long-2': ['long-1'],
      'long-1': ['ann'],
      short: ['ann'],
      unrelated: ['bob'],
    });
    expect(pathsOf(await walkUp('ann', 10, parentsOf))).to.deep.equal([
      'long-1',
      'short',
      'short > top',
      'long-1 > long-2',
    ]);
    expect(asked).to.deep.equal([['ann'], ['long-1', 'short'], ['top', 'long-2']]);
  });

  it('ends in circles, and asks about no group twice', async () => {
    const { asked, parentsOf } = groupsWith({ a: ['ann', 'c', 'a'], b: ['a'], c: ['b'] });
    expect(pathsOf(await walkUp('ann', 10, parentsOf))).to.deep.equal(['a', 'a > b', 'a > b > c']);
    expect(asked).to.deep.equal([['ann'], ['a'], ['b'], ['c']]);
  });

  it('goes no higher than it is told', async () => {
    const chain = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`g${n}`, [n === 0 ? 'ann' : `g${n - 1}`]]));
    const { asked, parentsOf } = groupsWith(chain);
    expect(await walkUp('ann', 0, parentsOf)).to.have.length(1);
    expect(await walkUp('ann', 4, parentsOf)).to.have.length(5);
    expect(asked).to.have.length(1 + 5);
  });

  it('finds nothing for who is in no group, and keeps groups of one name apart', async () => {
    const { parentsOf } = groupsWith({});
    expect(await walkUp('ann', 10, parentsOf)).to.deep.equal([]);
    const twins: ParentsOf = () =>
      Promise.resolve(['x', 'y'].map((dn) => ({ id: dn, dn, name: 'managers', members: ['ann'] })));
    expect((await walkUp('ann', 10, twins)).map(({ id, name }) => [id, name])).to.deep.equal([
      ['x', 'managers'],
      ['y', 'managers'],
    ]);
  });
});
