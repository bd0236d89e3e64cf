// The limits of Active Directory: of an entry it sends 1,500 values of an attribute at once, and of a search 1,000 entries.

import { expect } from 'chai';

import { openDirectory } from '../support/open-directory.ts';
import { activeDirectoryEntries } from './directory-dialects-embedded.ts';
import { ACTIVE_DIRECTORY, embeddedServer } from './directory-embedded-server.ts';

const suffix = 'dc=demo,dc=test';
const { person, group, groupStrategies } = activeDirectoryEntries;
const ann = `CN=ann,${suffix}`;
const dn = (name: string): string => `CN=${name},${suffix}`;

const CROWD = Array.from({ length: 3200 }, (_, number) => dn(`somebody-${number}`));
const DIRECT = Array.from({ length: 1600 }, (_, number) => `team-${number}`);

const ldif = [
  person(ann, 'ann', {}),
  ...DIRECT.map((name) => group(dn(name), name, [ann])),
  // Whoever reads only the first values of either does not see how ann came into it.
  group(dn('everybody'), 'everybody', [...CROWD, ann]),
  group(dn('above'), 'above', [...CROWD, dn('team-1599')]),
].join('');

describe('a directory with the limits of Active Directory', () => {
  const asked = { 'its preset': {}, ...groupStrategies };
  for (const [strategy, groups] of Object.entries(asked)) {
    it(`finds all groups of somebody in 1,600, and the way to each, by ${strategy}`, async () => {
      const { connection, service } = await embeddedServer({
        ...ACTIVE_DIRECTORY,
        ldif,
        sizeLimit: 1000,
        maxValRange: 1500,
      });
      const settings = { preset: 'activedirectory', ...connection, baseDn: suffix, groups } as const;
      const directory = openDirectory(service, settings);
      const found = await directory.find('ann');
      if (!found.ok) throw new Error(found.reason);
      const all = await directory.groupsOf(found.value);
      await directory.close();
      expect(all.map(({ name }) => name).sort()).to.deep.equal([...DIRECT, 'everybody', 'above'].sort());
      const via = new Map(all.map((each) => [each.name, each.via]));
      expect(via.get('above')).to.deep.equal([dn('team-1599')]);
      expect(via.get('everybody')).to.deep.equal([]);
      expect(via.get('team-1599')).to.deep.equal([]);
    });
  }
});
