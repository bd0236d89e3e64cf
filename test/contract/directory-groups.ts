// The directory's contract: which groups somebody is in, and by way of which others.

import { expect } from 'chai';

import type { DirectoryGroup } from '../../src/directory/directory.ts';
import { comparableDn } from '../../src/directory/distinguished-name.ts';
import { deleting } from '../support/ldif.ts';
import type { Settings } from '../support/open-directory.ts';
import type { DirectoryUnderTest } from './directory.ts';

const DIRECT = ['cn=managers', 'cn=managers,ou=sales', 'cn=platform', 'cn=shortcut'].map((dn) => [dn]);

const OF_ANN = [
  ...DIRECT,
  ['cn=engineering', 'cn=platform'],
  ['cn=everybody', 'cn=shortcut'],
  ['cn=staff', 'cn=platform', 'cn=engineering'],
].sort();

const OF_CIRCLER = [['cn=circle-a'], ['cn=circle-b', 'cn=circle-a'], ['cn=circle-c', 'cn=circle-a', 'cn=circle-b']];

export function describeGroups(subject: DirectoryUnderTest): void {
  const { dialect, open, found } = subject;

  /** Each group's DN and those of its `via`, without what they have in common. */
  function shape(groups: readonly DirectoryGroup[]): string[][] {
    const below = new RegExp(`(?:,ou=groups)?,${comparableDn(subject.base)}$`);
    return groups.map(({ dn, via }) => [dn, ...via].map((each) => comparableDn(each).replace(below, ''))).sort();
  }

  const asked: Record<string, NonNullable<Settings['groups']>> = { 'its preset': {}, ...dialect.groupStrategies };
  for (const [strategy, groups] of Object.entries(asked)) {
    it(`finds direct and nested groups by ${strategy}, each once and by the shortest path`, async () => {
      const directory = open({ groups });
      expect(shape(await directory.groupsOf(await found('ann')))).to.deep.equal(dialect.nests ? OF_ANN : DIRECT);
      expect(await directory.groupsOf(await found('solo'))).to.deep.equal([]);
    });

    it(`comes out of a circle by ${strategy}`, async () => {
      const circle = dialect.nests ? OF_CIRCLER : OF_CIRCLER.slice(0, 1);
      expect(shape(await open({ groups }).groupsOf(await found('circler')))).to.deep.equal(circle);
    });

    it(`goes as deep by ${strategy} as the settings say`, async () => {
      const directory = open({ groups: { ...groups, depth: 0 } });
      expect(shape(await directory.groupsOf(await found('ann')))).to.deep.equal(DIRECT);
      if (!dialect.nests) return;
      const oneUp = open({ groups: { ...groups, depth: 1 } });
      const upToTwo = OF_ANN.filter((path) => path.length <= 2);
      expect(shape(await oneUp.groupsOf(await found('ann')))).to.deep.equal(upToTwo);
    });

    it(`finds by ${strategy} more groups than the server gives in one answer, for many at once`, async () => {
      const small = open({ pageSize: 50, groups });
      const many = await found('many');
      const answers = await Promise.all(Array.from({ length: 5 }, () => small.groupsOf(many)));
      for (const answer of answers) expect(new Set(answer.map(({ name }) => name)).size).to.equal(dialect.crowds);
    });
  }

  it('keeps two groups of one name apart', async () => {
    const groups = await subject.directory.groupsOf(await found('ann'));
    const managers = groups.filter(({ name }) => name === 'managers');
    expect(new Set(managers.map(({ id }) => id)).size).to.equal(2);
    expect(managers.map(({ nameIsUnique }) => nameIsUnique)).to.deep.equal([false, false]);
    expect(groups.find(({ name }) => name === 'platform')).to.include({ nameIsUnique: true });
  });

  it('finds out at once that a name is not the only one any more', async () => {
    const { base, dialect, directory } = subject;
    const isUnique = async (name: string) => {
      const groups = await directory.groupsOf(await found('ann'));
      return groups.filter((group) => group.name === name).map(({ nameIsUnique }) => nameIsUnique);
    };
    expect(await isUnique('platform')).to.deep.equal([true]);
    const namesake = `cn=platform,ou=sales,${base}`;
    await subject.server.modify(dialect.group(namesake, 'platform', [(await found('ann')).dn]));
    try {
      expect(await isUnique('platform')).to.deep.equal([false, false]);
    } finally {
      await subject.server.modify(deleting(namesake));
    }
  });

  it('looks where the settings say', async () => {
    const sales = open({ groupBaseDn: `ou=sales,${subject.base}` });
    const groups = await sales.groupsOf(await found('ann'));
    expect(groups.map(({ name }) => name)).to.deep.equal(['managers']);
  });
}
