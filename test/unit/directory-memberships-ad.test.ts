import { expect } from 'chai';

import type { SearchQuery } from '../../src/directory/ldap/connection.ts';
import type { GroupServer, Settings } from './directory-group-server.ts';
import { groupServer, seedEntry, SUFFIX } from './directory-group-server.ts';

const ACTIVE_DIRECTORY = '1.2.840.113556.1.4.800';

describe('memberships in Active Directory', () => {
  const sid = (rid: number): Buffer => {
    const bytes = Buffer.from('010500000000000515000000b84b8314fed337c7bd292ff600000000', 'hex');
    bytes.writeUInt32LE(rid, bytes.length - 4);
    return bytes;
  };
  const identified = (rid: number) => ({ objectSid: sid(rid), objectGUID: Buffer.alloc(16, rid) });
  const group = (name: string, rid: number, ...member: string[]): string =>
    seedEntry(name, { objectClass: 'group', cn: /^cn=([^,]+)/.exec(name)?.[1] ?? '', ...identified(rid), member });
  const ann = `cn=Ann,ou=people,${SUFFIX}`;
  const groups = (cn: string): string => `cn=${cn},ou=groups,${SUFFIX}`;
  const entries = [
    seedEntry('cn=Ann,ou=people', {
      ...{ objectClass: 'user', cn: 'Ann', primaryGroupID: '513', ...identified(11) },
      tokenGroups: [513, 14, 15, 16, 17, 18, 19, 20].map(sid),
    }),
    seedEntry('cn=Bea,ou=people', { objectClass: 'user', cn: 'Bea', ...identified(12) }),
    group('cn=Domain Users,ou=groups', 513),
    group('cn=Users,ou=groups', 14, groups('Domain Users')),
    group('cn=inner,ou=groups', 15, ann, `cn=Bea,ou=people,${SUFFIX}`),
    group('cn=middle,ou=groups', 16, groups('inner'), groups('outer')),
    group('cn=outer,ou=groups', 17, groups('middle')),
    group('cn=managers,ou=groups', 18, ann),
    group('cn=managers,ou=sales', 19, ann, groups('managers')),
    group('cn=above,ou=groups', 20, `cn=managers,ou=sales,${SUFFIX}`),
  ];
  let server: GroupServer;
  before(async () => {
    server = await groupServer({ entries, capabilities: [ACTIVE_DIRECTORY] });
  });
  const ofAnn = [
    ...['Domain Users', 'Domain Users > Users', 'inner', 'inner > middle', 'inner > middle > outer'],
    ...['managers', 'managers,ou=sales', 'managers,ou=sales > above'],
  ];
  const ofActiveDirectory = (more: Settings['groups'] = {}): Partial<Settings> => ({
    preset: 'activedirectory',
    groups: more,
  });
  const isChain = ({ filter }: SearchQuery): boolean => String(filter).includes(':1.2.840.113556.1.4.1941:');

  it('are found in chains, with the primary group’s, however deep, in four searches', async () => {
    expect(await server.groupsOf('cn=Ann,ou=people', ofActiveDirectory())).to.deep.equal(ofAnn);
    expect(server.asked).to.have.length(4);
    expect(server.asked.filter(isChain)).to.have.length(1);
  });

  it('are the same level by level', async () => {
    for (const memberOf of ['memberOf', null]) {
      const groups = await server.groupsOf('cn=Ann,ou=people', ofActiveDirectory({ nesting: 'walk', memberOf }));
      expect(groups).to.deep.equal(ofAnn);
    }
  });

  it('are the same where the server refuses to follow chains, or does not show the token', async () => {
    expect(await server.groupsOf('cn=Ann,ou=people', ofActiveDirectory(), isChain)).to.deep.equal(ofAnn);
    const byToken = ofActiveDirectory({ nesting: 'token-groups' });
    expect(await server.groupsOf('cn=Bea,ou=people', byToken)).to.deep.equal([
      'inner',
      'inner > middle',
      'inner > middle > outer',
    ]);
  });

  it('are read off the token, with their paths', async () => {
    const byToken = ofActiveDirectory({ nesting: 'token-groups' });
    expect(await server.groupsOf('cn=Ann,ou=people', byToken)).to.deep.equal(ofAnn);
    expect(server.asked).to.have.length(3);
  });

  it('go as high, and are looked for where, the settings say, whichever way it goes', async () => {
    const high = (depth: number) => ofAnn.filter((path) => path.split(' > ').length <= depth + 1);
    for (const nesting of ['walk', 'in-chain'] as const) {
      for (const depth of [0, 1]) {
        const found = await server.groupsOf('cn=Ann,ou=people', ofActiveDirectory({ nesting, depth }));
        expect(found, `${nesting} ${depth}`).to.deep.equal(high(depth));
      }
      const inSales = { ...ofActiveDirectory({ nesting }), groupBaseDn: `ou=sales,${SUFFIX}` };
      expect(await server.groupsOf('cn=Ann,ou=people', inSales), nesting).to.deep.equal(['managers,ou=sales']);
    }
  });

  it('are whole where the server sends only a few values at once', async () => {
    const many = Array.from({ length: 20 }, (_, number) => group(`cn=g${number},ou=groups`, 100 + number, ann));
    const capabilities = [ACTIVE_DIRECTORY];
    const sparing = await groupServer({ entries: [...entries, ...many], capabilities, maxValRange: 3 });
    for (const nesting of ['walk', 'in-chain'] as const) {
      const groups = await sparing.groupsOf('cn=Ann,ou=people', ofActiveDirectory({ nesting }));
      expect(groups, nesting).to.have.length(ofAnn.length + many.length);
    }
  });
});
