import { expect } from 'chai';

import { directorySettings } from '../../src/directory/directory-settings.ts';
import { groupNames } from '../../src/directory/group-names.ts';
import type { GroupSource } from '../../src/directory/groups.ts';
import type { Search } from '../../src/directory/ldap/connection.ts';
import { LdapEntry } from '../../src/directory/ldap/responses.ts';
import { ldapMemberships } from '../../src/directory/memberships.ts';
import { resolveSchema } from '../../src/directory/presets.ts';

const BASE = 'dc=a';
const schema = resolveSchema(
  directorySettings.parse({ urls: ['ldap://127.0.0.1'], tls: { mode: 'none' }, bindDn: 'cn=a', baseDn: BASE }),
);

function sourceThat(search: Search): GroupSource {
  const rootDse: GroupSource['rootDse'] = async () => ({
    namingContexts: [],
    matchedValues: false,
    activeDirectory: false,
    transitiveMemberOf: false,
  });
  return { search, schema, rootDse, groupBaseDn: BASE };
}

const groupEntry = (cn: string): LdapEntry =>
  new LdapEntry(
    `cn=${cn},${BASE}`,
    new Map([
      ['entryuuid', [Buffer.from(`id-${cn}`)]],
      ['cn', [Buffer.from(cn)]],
    ]),
  );

describe('memberships that take many searches', () => {
  it('end within one limit, and ask for nothing more after it', async () => {
    let searches = 0;
    const { promise: held, resolve: release } = Promise.withResolvers<undefined>();
    const search: Search = async () => {
      searches += 1;
      if (searches === 3) await held;
      return [groupEntry(`level-${searches}`)];
    };
    const failure = await ldapMemberships(sourceThat(search), 20)(`uid=ann,${BASE}`).catch(String);
    expect([failure, searches]).to.deep.equal(['GivenUp: groups: no answer in time', 3]);
    release(undefined);
    await new Promise((resolve) => setImmediate(resolve));
    expect(searches).to.equal(3);
  });
});

describe('names of groups', () => {
  const named = (cn: string) => ({ id: `id-${cn}`, dn: `cn=${cn},${BASE}`, name: cn, via: [] });
  const holding = (...names: string[]) => sourceThat(async () => names.map(groupEntry));

  it('are as unique as they were known to be, also when they are forgotten while others are asked for', async () => {
    const namedUniquely = groupNames();
    await namedUniquely(holding('admins'), [named('admins')]);
    const { promise, resolve } = Promise.withResolvers<LdapEntry[]>();
    const pending = namedUniquely(
      sourceThat(() => promise),
      [named('admins'), named('other')],
    );
    // More than are remembered.
    const crowd = Array.from({ length: 10_000 }, (_, number) => `crowd-${number}`);
    await namedUniquely(holding(...crowd), crowd.map(named));
    resolve([groupEntry('other')]);
    expect((await pending).map(({ name, nameIsUnique }) => [name, nameIsUnique])).to.deep.equal([
      ['admins', true],
      ['other', true],
    ]);
  });
});
