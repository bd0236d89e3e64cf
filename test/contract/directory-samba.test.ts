import { expect } from 'chai';
import { Client } from 'ldapts';

import { comparableDn } from '../../src/directory/distinguished-name.ts';
import { deleting, ldifEntry } from '../support/ldif.ts';
import type { TestSamba } from '../support/samba.ts';
import { testSamba } from '../support/samba.ts';
import type { DirectoryServer } from './directory.ts';
import { describeDirectory, directoryUnderTest } from './directory.ts';
import { activeDirectory } from './directory-dialects.ts';

void testSamba();

async function byStartTls(): Promise<DirectoryServer> {
  const server = await testSamba();
  return { ...server, connection: { urls: [server.url], tls: { ca: server.caPem } } };
}

describeDirectory('Active Directory by StartTLS', activeDirectory, byStartTls);

describeDirectory('Active Directory by LDAPS', activeDirectory, async () => {
  const server = await testSamba();
  return { ...server, connection: { urls: [server.ldapsUrl], tls: { caFile: server.caFile } } };
});

const LOCKS_AFTER_TWO = {
  objectClass: 'msDS-PasswordSettings',
  'msDS-PasswordSettingsPrecedence': '1',
  'msDS-PasswordReversibleEncryptionEnabled': 'FALSE',
  'msDS-PasswordHistoryLength': '0',
  'msDS-PasswordComplexityEnabled': 'FALSE',
  'msDS-MinimumPasswordLength': '0',
  'msDS-MinimumPasswordAge': '0',
  'msDS-MaximumPasswordAge': '-9223372036854775808',
  'msDS-LockoutThreshold': '2',
  'msDS-LockoutObservationWindow': '-600000000',
  'msDS-LockoutDuration': '-600000000',
};

describe('what only Active Directory has', () => {
  const subject = directoryUnderTest(activeDirectory, byStartTls);

  it('knows a person by the same id as the directory, byte for byte', async () => {
    const samba = await testSamba();
    const { stableId, dn } = await subject.found('ann');
    expect(await dnOfGuid(samba, stableId)).to.equal(comparableDn(dn));
    const [platform] = (await subject.directory.groupsOf(await subject.found('ann'))).filter(
      ({ name }) => name === 'platform',
    );
    expect(await dnOfGuid(samba, platform?.id ?? '')).to.equal(comparableDn(platform?.dn ?? ''));
  });

  it('lists whoever has a group for the primary one among its members', async () => {
    const { open, server, base } = subject;
    const whole = open({ groupBaseDn: server.suffix, userBaseDn: base });
    const { groups } = await whole.listGroups({ search: 'Domain Users', limit: 10 });
    const members = await whole.groupMembers(groups[0]?.id ?? '', 1000);
    expect(members?.dns.map(comparableDn)).to.include(comparableDn((await subject.found('ann')).dn));
  });

  it('finds by the user principal name', async () => {
    const { realm } = await testSamba();
    expect((await subject.found(`bob@${realm}`)).username).to.equal('bob');
  });

  it('takes no computer for a person', async () => {
    const computer = {
      objectClass: 'computer',
      cn: 'host',
      sAMAccountName: 'host$',
      userAccountControl: '4096',
      mail: 'host@fixture.test',
    };
    await subject.server.modify(ldifEntry(`CN=host,${subject.base}`, computer));
    for (const login of ['host$', 'host', 'host@fixture.test']) {
      expect(await subject.directory.find(login), login).to.deep.equal({ ok: false, reason: 'unknown' });
    }
  });

  it('tells when a password ends', async () => {
    const days = (date: Date | undefined): number => ((date?.getTime() ?? 0) - Date.now()) / 86_400_000;
    expect(days((await subject.found('ann')).passwordExpiresAt)).to.be.within(41, 42);
    expect(days((await subject.found('warned')).passwordExpiresAt)).to.be.within(2, 3);
    expect(days((await subject.found('lapsed')).passwordExpiresAt)).to.be.within(-2, -1);
  });

  it('stops after one failure where a fine-grained policy, which the service account may not read, may lock after two', async () => {
    const { server, dialect, dnOf, directory } = subject;
    await server.modify(dialect.person(dnOf('pso'), 'pso', {}));
    const policy = `CN=strict,CN=Password Settings Container,CN=System,${server.suffix}`;
    await server.modify(ldifEntry(policy, { ...LOCKS_AFTER_TWO, 'msDS-PSOAppliesTo': dnOf('pso') }));
    try {
      const left = async () => (await subject.found('pso')).bindsLeft;
      expect(await left()).to.equal(2);
      expect(await directory.bind(await subject.found('pso'), 'wrong')).to.include({ reason: 'bad-credentials' });
      expect(await left()).to.equal(1);
      expect(await directory.bind(await subject.found('pso'), 'wrong')).to.include({ reason: 'nearly-locked' });
      expect((await directory.bind(await subject.found('pso'), 'pso-password', true)).ok).to.equal(true);
    } finally {
      await server.modify(deleting(policy));
    }
  });

  for (const [strategy, groups] of Object.entries({ 'its preset': {}, ...activeDirectory.groupStrategies })) {
    it(`counts the primary group, which lists nobody, and the groups that it is in, by ${strategy}`, async () => {
      const everywhere = subject.open({ groupBaseDn: subject.server.suffix, groups });
      const found = await everywhere.groupsOf(await subject.found('solo'));
      const shape = found.map(({ name, via }) => [name, ...via]);
      expect(shape).to.deep.equal([['Domain Users'], ['Users', `CN=Domain Users,CN=Users,${subject.server.suffix}`]]);
    });
  }
});

/** As the directory itself reads the text of a GUID ([MS-ADTS] 3.1.1.3.1.2.4). */
async function dnOfGuid({ ldapsUrl, caPem, service }: TestSamba, guid: string): Promise<string> {
  const client = new Client({ url: ldapsUrl, tlsOptions: { ca: caPem } });
  try {
    await client.bind(service.dn, service.password);
    const { searchEntries } = await client.search(`<GUID=${guid}>`, { scope: 'base', attributes: ['1.1'] });
    return comparableDn(searchEntries[0]?.dn ?? '');
  } finally {
    await client.unbind();
  }
}
