import { expect } from 'chai';

import { memberOfGraph } from '../../src/directory/member-of-graph.ts';
import type { Group, ParentsOf } from '../../src/directory/nested-groups.ts';
import { climb } from '../../src/directory/nested-groups.ts';

const group = (dn: string): Group => ({ id: `id-${dn}`, dn, name: dn });

/** A directory of groups and their members, which remembers what it was asked. */
function groupsWith(members: Record<string, string[]>) {
  const asked: string[][] = [];
  const parentsOf: ParentsOf = (dns) => {
    asked.push([...dns]);
    const parents = Object.entries(members).map(([dn, listed]) => ({
      ...group(dn),
      members: listed.filter((member) => dns.includes(member)),
    }));
    return Promise.resolve(parents.filter((parent) => parent.members.length > 0));
  };
  return { asked, parentsOf };
}

const pathsOf = (groups: Awaited<ReturnType<typeof climb>>) => groups.map(({ dn, via }) => [...via, dn].join(' > '));

describe('climbing from somebody’s own groups', () => {
  it('asks once for each level, and takes the shortest path', async () => {
    const { asked, parentsOf } = groupsWith({ top: ['long-2', 'short'], 'long-2': ['long-1'], unrelated: ['other'] });
    expect(pathsOf(await climb([group('long-1'), group('short')], 10, parentsOf))).to.deep.equal([
      'long-1',
      'short',
      'short > top',
      'long-1 > long-2',
    ]);
    expect(asked).to.deep.equal([
      ['long-1', 'short'],
      ['top', 'long-2'],
    ]);
  });

  it('takes the first of several shortest paths, in whatever order members are listed', async () => {
    const { parentsOf } = groupsWith({ top: ['b', 'a'] });
    expect(pathsOf(await climb([group('a'), group('b')], 10, parentsOf))).to.include('a > top');
  });

  it('ends in circles, and asks about no group twice', async () => {
    const { asked, parentsOf } = groupsWith({ a: ['c', 'a'], b: ['a'], c: ['b'] });
    expect(pathsOf(await climb([group('a')], 10, parentsOf))).to.deep.equal(['a', 'a > b', 'a > b > c']);
    expect(asked).to.deep.equal([['a'], ['b'], ['c']]);
  });

  it('goes no higher than it is told', async () => {
    const chain = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`g${n + 1}`, [`g${n}`]]));
    const { asked, parentsOf } = groupsWith(chain);
    expect(await climb([group('g0')], 0, parentsOf)).to.have.length(1);
    expect(asked).to.deep.equal([]);
    expect(await climb([group('g0')], 4, parentsOf)).to.have.length(5);
    expect(asked).to.have.length(4);
  });

  it('finds no more groups than anybody is meant to be in', async () => {
    const { asked, parentsOf } = groupsWith({ above: ['g0'] });
    const direct = Array.from({ length: 5001 }, (_, n) => group(`g${n}`));
    const failure = (groups: Group[]) => climb(groups, 10, parentsOf).catch((error: unknown) => error);
    expect(await failure(direct))
      .to.be.an('error')
      .with.property('message')
      .that.matches(/more than 5000/);
    expect(asked).to.have.length(0);
    expect(await failure(direct.slice(0, 5000)))
      .to.be.an('error')
      .with.property('message')
      .that.matches(/more than 5000/);
    expect(await climb(direct.slice(0, 4999), 10, parentsOf)).to.have.length(5000);
  });

  it('finds nothing above nothing, and keeps groups of one name apart', async () => {
    const { asked, parentsOf } = groupsWith({});
    expect(await climb([], 10, parentsOf)).to.deep.equal([]);
    expect(asked).to.deep.equal([]);
    const twins = ['x', 'y'].map((dn) => ({ ...group(dn), name: 'managers' }));
    expect((await climb([...twins, ...twins], 10, parentsOf)).map(({ id, name }) => [id, name])).to.deep.equal([
      ['id-x', 'managers'],
      ['id-y', 'managers'],
    ]);
  });
});

describe('what entries tell by their own memberOf', () => {
  it('is who is in which group, however a name is spelled', () => {
    const graph = memberOfGraph('uid=ann,dc=a', ['CN=One, DC=A', 'cn=two,dc=a']);
    graph.add(group('cn=one,dc=a'), ['cn=top,dc=a']);
    graph.add(group('cn=two,dc=a'), ['cn=Top,dc=a']);
    graph.add(group('cn=top,dc=a'), []);
    const dnsAndMembers = (dns: string[]) => graph.parentsOf(dns).map(({ dn, members }) => [dn, members]);
    expect(dnsAndMembers(['UID=ann,dc=a'])).to.deep.equal([
      ['cn=one,dc=a', ['UID=ann,dc=a']],
      ['cn=two,dc=a', ['UID=ann,dc=a']],
    ]);
    expect(dnsAndMembers(['cn=one,dc=a', 'cn=two,dc=a'])).to.deep.equal([
      ['cn=top,dc=a', ['cn=one,dc=a', 'cn=two,dc=a']],
    ]);
    expect(dnsAndMembers(['cn=top,dc=a', 'cn=nobody,dc=a'])).to.deep.equal([]);
  });

  it('names each group once that nothing is known of yet', () => {
    const graph = memberOfGraph('uid=ann,dc=a', ['cn=one,dc=a', 'cn=elsewhere,dc=b', 'CN=one,dc=a']);
    expect(graph.parentsOf(['uid=ann,dc=a'])).to.deep.equal([]);
    expect(graph.unknownParentsOf(['uid=ann,dc=a'])).to.have.members(['CN=one,dc=a', 'cn=elsewhere,dc=b']);
    graph.add(group('cn=one,dc=a'), ['cn=elsewhere,dc=b', 'cn=one,dc=a', 'cn=two,dc=a']);
    expect(graph.unknownParentsOf(['cn=one,dc=a'])).to.deep.equal(['cn=two,dc=a']);
  });
});
