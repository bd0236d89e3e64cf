import { expect } from 'chai';

import type { Directory } from '../../src/directory/directory.ts';
import type { Settings } from '../support/open-directory.ts';
import { openDirectory } from '../support/open-directory.ts';
import type { TestSlapd } from '../support/slapd.ts';
import { testSlapd } from '../support/slapd.ts';

describe('a directory that is looked for in a wrong place, on slapd', () => {
  let slapd: TestSlapd;
  let stableId: string;
  const opened: Directory[] = [];

  function open(settings: Partial<Settings> = {}): Directory {
    const { url, service, suffix } = slapd;
    const directory = openDirectory(service, { urls: [url], tls: { mode: 'none' }, baseDn: suffix, ...settings });
    opened.push(directory);
    return directory;
  }

  before(async () => {
    slapd = await testSlapd();
    const ou = `ou=shown,${slapd.suffix}`;
    const person = ['objectClass: inetOrgPerson', 'uid: shown', 'cn: Shown', 'sn: Shown', ''];
    await slapd.modify([`dn: ${ou}`, 'objectClass: organizationalUnit', 'ou: shown', ''].join('\n'));
    await slapd.modify([`dn: uid=shown,${ou}`, ...person].join('\n'));
    const found = await open().find('shown');
    stableId = found.ok ? found.value.stableId : expect.fail(found.reason);
  });
  after(() => Promise.all(opened.map((directory) => directory.close())));

  it('shows people where they are', async () => {
    const directory = open({ userBaseDn: `ou=shown,${slapd.suffix}` });
    expect((await directory.findByStableId(stableId))?.stableId).to.equal(stableId);
    expect(await directory.showsPeople()).to.equal(true);
  });

  it('shows nobody where none are, nor by a filter that nobody matches, or an id that nobody shows', async () => {
    for (const settings of [
      { userBaseDn: slapd.service.dn },
      { users: { filter: '(employeeType=martian)' } },
      { users: { stableId: 'ipaUniqueID' } },
    ]) {
      const directory = open(settings);
      expect(await directory.findByStableId(stableId)).to.equal(undefined);
      expect(await directory.showsPeople()).to.equal(false);
    }
  });

  it('is a fault, and nobody’s end, where its base is not to be seen', async () => {
    const directory = open({ userBaseDn: `ou=elsewhere,${slapd.suffix}` });
    const fault = await directory.findByStableId(stableId).catch((error: unknown) => error);
    expect(fault).to.include({ code: 'directory_unavailable' });
  });
});
