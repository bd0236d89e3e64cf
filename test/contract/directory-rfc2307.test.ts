// Accounts and groups of Unix in a directory (RFC 2307), and groups of unique names beside groups of names.

import { randomUUID } from 'node:crypto';

import { expect } from 'chai';

import type { Directory } from '../../src/directory/directory.ts';
import type { LdifAttributes } from '../support/ldif.ts';
import { ldifEntry } from '../support/ldif.ts';
import type { Settings } from '../support/open-directory.ts';
import { openDirectory } from '../support/open-directory.ts';
import { testSlapd } from '../support/slapd.ts';
import type { DirectoryServer } from './directory.ts';
import { openldap } from './directory-dialects.ts';
import { embeddedServer } from './directory-embedded-server.ts';

const SERVERS: Readonly<Record<string, () => Promise<DirectoryServer>>> = {
  embedded: () => embeddedServer(),
  slapd: async () => {
    const slapd = await testSlapd();
    return { ...slapd, connection: { urls: [slapd.url], tls: { mode: 'none' } } };
  },
};

const tomorrow = Math.floor(Date.now() / 86_400_000) + 1;

function fixture(base: string): string {
  const account = (uid: string, gidNumber: string, attributes: LdifAttributes = {}): string =>
    openldap.person(`uid=${uid},${base}`, uid, {
      objectClass: ['inetOrgPerson', 'posixAccount', 'shadowAccount'],
      uidNumber: '1000',
      gidNumber,
      homeDirectory: `/home/${uid}`,
      ...attributes,
    });
  const group = (cn: string, gidNumber: string, ...memberUid: string[]): string =>
    ldifEntry(`cn=${cn},${base}`, { objectClass: 'posixGroup', cn, gidNumber, memberUid });
  return [
    ldifEntry(base, { objectClass: 'organizationalUnit', ou: base.slice('ou='.length, base.indexOf(',')) }),
    account('ann', '100', { mail: 'ann@fixture.test' }),
    account('annabel', '300'),
    account('former', '100', { shadowExpire: `${tomorrow - 1}` }),
    account('temporary', '100', { shadowExpire: `${tomorrow}` }),
    account('permanent', '100', { shadowExpire: '-1' }),
    group('users', '100'),
    group('wheel', '200', 'ann', 'former'),
    group('other', '1000', 'annabel'),
    ldifEntry(`cn=names,${base}`, { objectClass: 'groupOfNames', cn: 'names', member: `uid=ann,${base}` }),
    ldifEntry(`cn=unique,${base}`, {
      objectClass: 'groupOfUniqueNames',
      cn: 'unique',
      uniqueMember: `cn=names,${base}`,
    }),
  ].join('');
}

for (const [name, start] of Object.entries(SERVERS)) {
  describe(`a directory of RFC 2307: ${name}`, () => {
    let server: DirectoryServer;
    let base: string;
    const opened: Directory[] = [];

    function open(settings: Partial<Settings> = {}): Directory {
      const { service, connection } = server;
      const directory = openDirectory(service, { preset: 'rfc2307', ...connection, baseDn: base, ...settings });
      opened.push(directory);
      return directory;
    }

    async function find(directory: Directory, login: string) {
      const found = await directory.find(login);
      if (!found.ok) throw new Error(`${login}: ${found.reason}`);
      return found.value;
    }

    async function groupsOf(directory: Directory, login: string): Promise<string[]> {
      const groups = await directory.groupsOf(await find(directory, login));
      return groups.map((group) => [group.name, ...group.via].join(' ')).sort();
    }

    before(async () => {
      server = await start();
      base = `ou=posix-${randomUUID()},${server.suffix}`;
      await server.modify(fixture(base));
    });
    after(async () => {
      for (const directory of opened) await directory.close();
    });

    it('finds people by uid alone, and their groups by name and by number', async () => {
      const directory = open();
      expect(await find(directory, 'ann')).to.include({ username: 'ann', dn: `uid=ann,${base}`, state: 'enabled' });
      expect(await directory.find('ann@fixture.test')).to.deep.equal({ ok: false, reason: 'unknown' });
      expect(await groupsOf(directory, 'ann')).to.deep.equal(['users', 'wheel']);
      expect(await groupsOf(directory, 'annabel')).to.deep.equal(['other']);
      expect(await groupsOf(directory, 'permanent')).to.deep.equal(['users']);
    });

    it('lists whom a group names by user name, and those who name it by number', async () => {
      const directory = open();
      const membersOf = async (search: string, limit = 10) => {
        const [group] = (await directory.listGroups({ search, limit: 1 })).groups;
        const members = await directory.groupMembers(group?.id ?? '', limit);
        return { ...members, dns: members?.dns.map((dn) => dn.split(',', 1)[0]).sort() };
      };
      expect(await membersOf('wheel')).to.deep.equal({ dns: ['uid=ann', 'uid=former'], truncated: false });
      const ofUsers = ['uid=ann', 'uid=former', 'uid=permanent', 'uid=temporary'];
      expect(await membersOf('users')).to.deep.equal({ dns: ofUsers, truncated: false });
      expect(await membersOf('users', 2)).to.deep.include({ truncated: true });
    });

    it('takes shadowExpire for the day on which an account ends, and tells so only after the right password', async () => {
      const directory = open();
      for (const login of ['temporary', 'permanent']) expect((await find(directory, login)).state).to.equal('enabled');
      const former = await find(directory, 'former');
      expect(former.state).to.equal('expired');
      const right = await directory.bind(former, 'former-password');
      expect(right).to.deep.equal({ ok: false, reason: 'account-expired' });
      expect(await directory.bind(former, 'wrong')).to.deep.equal({ ok: false, reason: 'bad-credentials' });
    });

    it('finds groups of names and of unique names, each in the other, with the preset openldap', async () => {
      const directory = open({ preset: 'openldap' });
      expect(await groupsOf(directory, 'ann')).to.deep.equal(['names', `unique cn=names,${base}`]);
      const uniqueOnly = open({ preset: 'openldap', groups: { objectClass: ['groupOfUniqueNames'] } });
      expect(await groupsOf(uniqueOnly, 'ann')).to.deep.equal([]);
    });
  });
}
