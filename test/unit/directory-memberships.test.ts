import { expect } from 'chai';

import type { GroupServer, Settings } from './directory-group-server.ts';
import { groupServer, seedEntry, SUFFIX } from './directory-group-server.ts';

describe('memberships by members’ DNs', () => {
  const group = (cn: string, ...member: string[]): string =>
    seedEntry(`cn=${cn},ou=groups`, { objectClass: 'groupOfNames', cn, member });
  const dn = (cn: string): string => `cn=${cn},ou=groups,${SUFFIX}`;
  const crowd = Array.from({ length: 30 }, (_, number) => `crowd-${number}`);
  let server: GroupServer;
  before(async () => {
    server = await groupServer({
      entries: [
        seedEntry('uid=ann,ou=people', { objectClass: 'inetOrgPerson', uid: 'ann' }),
        seedEntry('uid=bob,ou=people', { objectClass: 'inetOrgPerson', uid: 'bob' }),
        seedEntry('uid=cay,ou=people', { objectClass: 'inetOrgPerson', uid: 'cay' }),
        ...['a', 'b', 'c'].map((cn) => group(cn, `uid=ann,ou=people,${SUFFIX}`)),
        group('ab', dn('a'), dn('b')),
        group('cc', dn('c')),
        group('top', dn('cc'), dn('ab')),
        group('alone', `uid=bob,ou=people,${SUFFIX}`),
        ...crowd.map((cn) => group(cn, `uid=cay,ou=people,${SUFFIX}`)),
        group('above', dn('crowd-17')),
      ],
    });
  });
  const ofAnn = ['a', 'a > ab', 'a > ab > top', 'b', 'c', 'c > cc'];

  it('are found without asking for a list of members, where it would come whole', async () => {
    expect(await server.groupsOf('uid=ann,ou=people', {})).to.deep.equal(ofAnn);
    const attributes = server.asked.flatMap((query) => query.attributes);
    expect(attributes).to.include('entryUUID').and.not.include('member').and.not.include('uniqueMember');
    // Direct; of all three, then of each; of both, then of each; of one; the names.
    expect(server.asked).to.have.length(1 + (1 + 3) + (1 + 2) + 1 + 1);
  });

  it('cost three searches where nothing is nested', async () => {
    expect(await server.groupsOf('uid=bob,ou=people', {})).to.deep.equal(['alone']);
    expect(server.asked).to.have.length(3);
  });

  it('cost few searches where one of many is nested', async () => {
    const paths = await server.groupsOf('uid=cay,ou=people', {});
    expect(paths).to.have.members([...crowd, 'crowd-17 > above']);
    // Direct; of all, of each eight, of each of the eight that have one; of that one; the names.
    expect(server.asked).to.have.length(1 + (1 + 4 + 8) + 1 + 1);
  });

  it('are the same by memberOf, with one search for a level', async () => {
    const settings = { groups: { memberOf: 'memberOf' } };
    expect(await server.groupsOf('uid=ann,ou=people', settings)).to.deep.equal(ofAnn);
    expect(server.asked).to.have.length(1 + 3 + 1);
    expect(await server.groupsOf('uid=nobody,ou=people', settings)).to.deep.equal([]);
  });

  it('run through groups that match the filter of the settings, and through no other', async () => {
    for (const memberOf of [null, 'memberOf']) {
      const groupsOf = (filter: string): Promise<string[]> =>
        server.groupsOf('uid=ann,ou=people', { groups: { filter, memberOf } });
      expect(await groupsOf('(!(cn=ab))')).to.deep.equal(['a', 'b', 'c', 'c > cc', 'c > cc > top']);
      expect(await groupsOf('(|(cn=a)(cn=top))')).to.deep.equal(['a']);
    }
  });

  it('are the same where the settings name a way of Active Directory’s, and the server is none', async () => {
    for (const nesting of ['in-chain', 'token-groups'] as const) {
      for (const memberOf of [null, 'memberOf']) {
        const groups = await server.groupsOf('uid=ann,ou=people', { groups: { nesting, memberOf } });
        expect(groups, nesting).to.deep.equal(ofAnn);
      }
    }
  });
});

describe('memberships by RFC 2307', () => {
  let gidNumber = 2000;
  const posixGroup = (cn: string, more: Record<string, string | readonly string[]>): string =>
    seedEntry(`cn=${cn},ou=groups`, {
      ...{
        objectClass: ['posixGroup', 'groupOfMembers'],
        cn,
        gidNumber: String((gidNumber += 1)),
      },
      ...more,
    });
  const account = (uid: string, more: Record<string, string> = {}): string =>
    seedEntry(`uid=${uid},ou=people`, { objectClass: ['account', 'posixAccount'], uid, gidNumber: '1000', ...more });
  let server: GroupServer;
  before(async () => {
    server = await groupServer({
      entries: [
        account('ann', { mail: 'ann@a.test' }),
        account('bob', { gidNumber: '2001' }),
        posixGroup('staff', { memberUid: ['ann', 'bob'] }),
        posixGroup('users', { gidNumber: '1000' }),
        posixGroup('named', { memberUid: 'ann@a.test' }),
        posixGroup('listed', { member: `uid=ann,ou=people,${SUFFIX}` }),
        posixGroup('above', { member: `cn=listed,ou=groups,${SUFFIX}` }),
      ],
    });
  });

  it('are names in memberUid, the number of a group, and what lists DNs, nested or not', async () => {
    const groups = await server.groupsOf('uid=ann,ou=people', { preset: 'rfc2307' });
    expect(groups).to.deep.equal(['listed', 'listed > above', 'staff', 'users']);
    expect(await server.groupsOf('uid=bob,ou=people', { preset: 'rfc2307' })).to.deep.equal(['staff']);
  });

  it('go by uid, whatever people sign in with', async () => {
    const byMail: Partial<Settings> = { preset: 'rfc2307', users: { login: ['mail'], username: 'mail' } };
    expect(await server.groupsOf('uid=ann,ou=people', byMail))
      .to.include('staff')
      .and.not.include('named');
  });

  it('cost three searches where nothing lists DNs', async () => {
    await server.groupsOf('uid=ann,ou=people', {
      preset: 'rfc2307',
      groups: { member: [] },
    });
    expect(server.asked).to.have.length(3);
  });
});
