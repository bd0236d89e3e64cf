// The directory's contract: groups as it has them, whoever is in them.

import { randomUUID } from 'node:crypto';

import { expect } from 'chai';

import { comparableDn } from '../../src/directory/distinguished-name.ts';
import type { DirectoryUnderTest } from './directory.ts';

export function describeGroupListing(subject: DirectoryUnderTest): void {
  const namesOf = async (search: string | undefined, limit = 1000) => {
    const { groups, truncated } = await subject.directory.listGroups({ search, limit });
    return { names: groups.map(({ name }) => name), truncated };
  };
  const idOf = async (name: string) => {
    const { groups } = await subject.directory.listGroups({ search: name, limit: 1000 });
    return groups.find((group) => group.name === name)?.id ?? expect.fail(`no group ${name}`);
  };

  it('finds groups by a part of their name, in whatever letter case, by name', async () => {
    expect(await namesOf('ANAGE')).to.deep.equal({ names: ['managers', 'managers'], truncated: false });
    expect(await namesOf('circle-')).to.deep.equal({ names: ['circle-a', 'circle-b', 'circle-c'], truncated: false });
    expect(await namesOf(undefined)).to.deep.include({ truncated: false });
  });

  it('finds all of them where the server gives fewer in one answer, and no more than asked for', async () => {
    const all = await namesOf('crowd-');
    expect(new Set(all.names).size).to.equal(subject.dialect.crowds);
    expect(all.truncated).to.equal(false);
    const some = await namesOf('crowd-', 7);
    expect(some.names).to.have.length(7);
    expect(some.truncated).to.equal(true);
  });

  it('takes nothing in a name for syntax', async () => {
    for (const search of ['*', 'man*gers', ')(cn=*', '\\2a', '\0', 'x'.repeat(300)]) {
      expect(await namesOf(search)).to.deep.equal({ names: [], truncated: false });
    }
  });

  it('finds a group by the id that memberships name it by, and nothing by any other', async () => {
    const { directory, found } = subject;
    const ann = await found('ann');
    const [group = expect.fail()] = (await directory.groupsOf(ann)).filter(({ name }) => name === 'platform');
    expect(await directory.findGroup(group.id)).to.deep.equal({
      id: group.id,
      dn: group.dn,
      name: 'platform',
      nameIsUnique: true,
    });
    expect(await directory.findGroup(await idOf('managers'))).to.include({ nameIsUnique: false });
    for (const other of [randomUUID(), '', '*', ann.stableId, 'platform']) {
      expect(await directory.findGroup(other)).to.equal(undefined);
      expect(await directory.groupMembers(other, 10)).to.equal(undefined);
    }
  });

  it('lists direct members, people and groups, up to a limit', async () => {
    const { directory, dialect, dnOf } = subject;
    const ofCircle = await directory.groupMembers(await idOf('circle-a'), 10);
    expect(ofCircle?.dns.map(comparableDn)).to.include(comparableDn(dnOf('circler')));
    expect(ofCircle?.truncated).to.equal(false);
    if (!dialect.nests) return;
    expect(ofCircle?.dns).to.have.length(2);
    expect(await directory.groupMembers(await idOf('circle-a'), 1)).to.deep.include({ truncated: true });
  });
}
