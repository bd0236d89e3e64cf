import { randomUUID } from 'node:crypto';

import { expect } from 'chai';

import { describeDirectory, directoryUnderTest } from './directory.ts';
import { openldap } from './directory-dialects.ts';
import { activeDirectoryEntries, freeIpaEntries, lldapEntries } from './directory-dialects-embedded.ts';
import { ACTIVE_DIRECTORY, embeddedServer } from './directory-embedded-server.ts';

describeDirectory('embedded, in plain text', openldap, () => embeddedServer());
describeDirectory('embedded, by StartTLS', openldap, () => embeddedServer({}, 'starttls'));
describeDirectory('embedded, with entries of an Active Directory', activeDirectoryEntries, () =>
  embeddedServer(ACTIVE_DIRECTORY),
);
describeDirectory('embedded, with entries of FreeIPA', freeIpaEntries, () => embeddedServer());
describeDirectory('embedded, with entries of lldap', lldapEntries, () => embeddedServer());

describe('what only FreeIPA has', () => {
  const subject = directoryUnderTest(freeIpaEntries, () => embeddedServer());

  it('tells of a person its own id, and the times of the Kerberos password', async () => {
    const ipaUniqueID = randomUUID();
    const times = { krbLastPwdChange: '20260102030405Z', krbPasswordExpiration: '20360102030405Z' };
    await subject.server.modify(freeIpaEntries.person(subject.dnOf('kim'), 'kim', { ipaUniqueID, ...times }));
    expect(await subject.found('kim')).to.deep.include({
      stableId: ipaUniqueID,
      passwordChangedAt: new Date('2026-01-02T03:04:05Z'),
      passwordExpiresAt: new Date('2036-01-02T03:04:05Z'),
    });
  });
});
