import { expect } from 'chai';

import type { Directory } from '../../src/directory/directory.ts';
import { directorySettings } from '../../src/directory/directory-settings.ts';
import { ldapClient } from '../../src/directory/ldap/client.ts';
import { present } from '../../src/directory/ldap/filter.ts';
import { ldapServers } from '../../src/directory/ldap/server-access.ts';
import { AppError } from '../../src/errors.ts';
import { eventually } from '../support/eventually.ts';
import { openDirectory } from '../support/open-directory.ts';
import type { TestSlapd } from '../support/slapd.ts';
import { startSlapd } from '../support/slapd.ts';

describe('a directory on slapd', () => {
  let slapd: TestSlapd;
  let directory: Directory;

  function open(settings: object = {}, bindPassword = slapd.service.password): Directory {
    const usual = {
      urls: [slapd.url],
      tls: { ca: slapd.caPem },
      baseDn: `o=acme,${slapd.suffix}`,
      connectTimeoutMs: 500,
      operationTimeoutMs: 500,
    };
    return openDirectory(slapd.service, { ...usual, ...settings }, { bindPassword });
  }

  async function failedBindsOf(dn: string): Promise<number> {
    const settings = directorySettings.parse({
      urls: [slapd.url],
      tls: { ca: slapd.caPem },
      bindDn: slapd.admin.dn,
      baseDn: slapd.suffix,
    });
    const client = ldapClient(ldapServers(settings), { settings, bindPassword: slapd.admin.password });
    try {
      const query = { base: dn, scope: 'base' as const, filter: present('objectClass') };
      const [entry] = await client.search({ ...query, attributes: ['pwdFailureTime'] });
      return entry?.values('pwdFailureTime').length ?? 0;
    } finally {
      client.close();
    }
  }

  /** A sign-in, as far as the directory goes. */
  async function signIn(): Promise<string> {
    try {
      const found = await directory.find('ann');
      if (!found.ok) return found.reason;
      const bound = await directory.bind(found.value, 'ann-demo-1234');
      return bound.ok ? 'signed in' : bound.reason;
    } catch (error) {
      return error instanceof AppError ? error.code : String(error);
    }
  }

  before(async () => {
    slapd = await startSlapd();
    directory = open();
  });
  after(() => directory.close());

  it('is unavailable while the server hangs, and there again when it goes on', async () => {
    expect(await signIn()).to.equal('signed in');
    await slapd.pause();
    const started = performance.now();
    const answers = await Promise.all(Array.from({ length: 20 }, signIn));
    expect(performance.now() - started).to.be.lessThan(3000);
    slapd.resume();
    expect(new Set(answers)).to.deep.equal(new Set(['directory_unavailable']));
    await eventually('it is there again', async () => (await signIn()) === 'signed in');
  });

  it('is unavailable while the server is gone, and there again when it is back', async () => {
    expect(await signIn()).to.equal('signed in');
    await slapd.stop();
    expect(await signIn()).to.equal('directory_unavailable');
    await slapd.start();
    await eventually('it is there again', async () => (await signIn()) === 'signed in');
    const answers = await Promise.all(Array.from({ length: 20 }, signIn));
    expect(new Set(answers)).to.deep.equal(new Set(['signed in']));
  });

  it('lets no service account be locked for a password that is wrong', async () => {
    const wrong = open({}, 'the-one-before');
    const answers = await Promise.allSettled(Array.from({ length: 20 }, (_, number) => wrong.find(`user-${number}`)));
    await wrong.close();
    expect(answers.every(({ status }) => status === 'rejected')).to.equal(true);
    expect(await failedBindsOf(slapd.service.dn)).to.equal(1);
    // It ends the count.
    expect(await signIn()).to.equal('signed in');
  });

  it('finds the groups of somebody in a group of thousands without asking for its list', async () => {
    const people = `ou=people,o=acme,${slapd.suffix}`;
    const members = Array.from({ length: 5000 }, (_, number) => `member: uid=member${number},${people}`);
    const crowd = `dn: cn=crowd,ou=groups,o=acme,${slapd.suffix}`;
    await slapd.modify(
      [crowd, 'objectClass: groupOfNames', 'cn: crowd', `member: uid=ann,${people}`, ...members, ''].join('\n'),
    );
    const frugal = open({ maxResponseBytes: 65_536 });
    const found = await frugal.find('ann');
    const groups = found.ok ? await frugal.groupsOf(found.value) : [];
    expect(groups.map(({ name }) => name)).to.include.members(['crowd', 'platform']);
    await frugal.close();
  });
});
