import { expect } from 'chai';
import type { z } from 'zod';

import { directorySettings } from '../../src/directory/directory-settings.ts';
import { LdapEntry } from '../../src/directory/ldap/responses.ts';
import { resolveSchema } from '../../src/directory/presets.ts';
import { toDirectoryUser, userAttributes, userById, usersByLogin } from '../../src/directory/users.ts';

type Settings = z.input<typeof directorySettings>;

const schemaOf = (settings: Partial<Settings>) =>
  resolveSchema(directorySettings.parse({ urls: ['ldap://a'], bindDn: 'cn=service', baseDn: 'dc=a', ...settings }))
    .users;

const GUID = Buffer.from('40daf6cdf8b5d4459c41a98b9e5b09b1', 'hex');
const now = new Date('2026-11-21T00:00:00Z');

function read(settings: Partial<Settings>, attributes: Record<string, string | Buffer>) {
  const id = { objectGUID: GUID, entryUUID: 'an id', nsUniqueId: 'an id', ipaUniqueID: 'an id' };
  const values = Object.entries({ ...id, ...attributes }).map(
    ([name, value]) => [name.toLowerCase(), [Buffer.from(value)]] as const,
  );
  return toDirectoryUser(new LdapEntry('uid=ann', new Map(values)), schemaOf(settings), now);
}

describe('a person’s entry', () => {
  it('is asked for every attribute that the schema names, each once', () => {
    const names = userAttributes(schemaOf({ preset: 'activedirectory' }));
    expect(names).to.include.members(['objectGUID', 'userAccountControl', 'accountExpires', 'pwdLastSet']);
    expect(names).to.include.members(['msDS-UserPasswordExpiryTimeComputed', 'sAMAccountName', 'mail', 'displayName']);
    expect(names).to.have.length(new Set(names).size);
    expect(userAttributes(schemaOf({})))
      .to.include('pwdChangedTime')
      .and.not.include('accountExpires');
  });

  it('is looked for by its id as the server keeps it, and not at all by a text that is none', () => {
    const text = 'cdf6da40-b5f8-45d4-9c41-a98b9e5b09b1';
    const ofActiveDirectory = schemaOf({ preset: 'activedirectory' });
    expect(read({ preset: 'activedirectory' }, {}).stableId).to.equal(text);
    expect(String(userById(ofActiveDirectory, text))).to.contain(
      '(objectGUID=\\40\\da\\f6\\cd\\f8\\b5\\d4\\45\\9c\\41\\a9\\8b\\9e\\5b\\09\\b1)',
    );
    expect(userById(ofActiveDirectory, 'ann')).to.equal(undefined);
    expect(String(userById(schemaOf({}), 'a*'))).to.equal('(&(objectClass=inetOrgPerson)(entryUUID=a\\2a))');
  });

  it('has to match the preset’s filter and the operator’s', () => {
    const filter = String(
      usersByLogin(schemaOf({ preset: 'activedirectory', users: { filter: '(ou=staff)' } }), 'ann'),
    );
    expect(filter).to.equal(
      '(&(objectClass=user)(sAMAccountType=805306368)(ou=staff)(|(sAMAccountName=ann)(userPrincipalName=ann)(mail=ann)))',
    );
    expect(String(usersByLogin(schemaOf({ preset: 'freeipa' }), 'ann'))).to.contain('(!(ipaUniqueID=autogenerate))');
  });

  it('need not match the preset’s filter where the operator says which class people are of', () => {
    const users = { objectClass: 'contact', filter: '(ou=staff)', login: ['mail'] };
    expect(String(usersByLogin(schemaOf({ preset: 'activedirectory', users }), 'ann'))).to.equal(
      '(&(objectClass=contact)(ou=staff)(|(mail=ann)))',
    );
  });

  it('without its id is a fault, since nobody could be told apart for good', () => {
    const nameless = new LdapEntry('uid=ann', new Map());
    expect(() => toDirectoryUser(nameless, schemaOf({}))).to.throw(
      'the service account may not read entryUUID of uid=ann',
    );
  });
});

describe('the state of an account', () => {
  for (const [preset, attributes, state] of [
    ['openldap', {}, 'enabled'],
    ['openldap', { pwdAccountLockedTime: '000001010000Z' }, 'disabled'],
    ['openldap', { pwdAccountLockedTime: '20261120225749Z' }, 'enabled'],
    ['389ds', { nsAccountLock: 'true' }, 'disabled'],
    ['389ds', { nsAccountLock: 'false' }, 'enabled'],
    ['activedirectory', { userAccountControl: '512', accountExpires: '0' }, 'enabled'],
    ['activedirectory', { userAccountControl: '512', accountExpires: '9223372036854775807' }, 'enabled'],
    ['activedirectory', { userAccountControl: '514', accountExpires: '132000000000000000' }, 'disabled'],
    ['activedirectory', { userAccountControl: '512', accountExpires: '132000000000000000' }, 'expired'],
    ['rfc2307', { shadowExpire: '20777' }, 'expired'],
    ['rfc2307', { shadowExpire: '20778' }, 'expired'],
    ['rfc2307', { shadowExpire: '20779' }, 'enabled'],
    ['rfc2307', { shadowExpire: '0' }, 'enabled'],
    ['rfc2307', { shadowExpire: '-1' }, 'enabled'],
    ['freeipa', { krbPrincipalExpiration: '20261120235959Z' }, 'expired'],
    ['freeipa', { krbPrincipalExpiration: '20261121000001Z' }, 'enabled'],
    ['lldap', { nsAccountLock: 'TRUE' }, 'enabled'],
  ] as const) {
    it(`${preset}: ${JSON.stringify(attributes)} is ${state}`, () => {
      expect(read({ preset }, attributes).state).to.equal(state);
    });
  }

  it('is what the settings say it is', () => {
    const users = { disabled: [{ attribute: 'flags', bit: 16 }], expires: 'contractEnds' };
    expect(read({ users }, { flags: '17' }).state).to.equal('disabled');
    expect(read({ users }, { flags: '15' }).state).to.equal('enabled');
    expect(read({ users }, { contractEnds: '20200101000000Z' }).state).to.equal('expired');
    const never = { users: { expires: null } };
    expect(read({ preset: 'rfc2307', ...never }, { shadowExpire: '1' }).state).to.equal('enabled');
  });
});

describe('the times of a password', () => {
  for (const [preset, attributes, changed, expires] of [
    ['openldap', { pwdChangedTime: '20261120225749Z' }, '2026-11-20T22:57:49.000Z', undefined],
    ['openldap', { pwdChangedTime: 'yesterday' }, undefined, undefined],
    ['openldap', {}, undefined, undefined],
    ['activedirectory', { pwdLastSet: '132000000000000000' }, '2019-04-17T18:40:00.000Z', undefined],
    ['activedirectory', { pwdLastSet: '0' }, undefined, undefined],
    [
      'activedirectory',
      { 'msDS-UserPasswordExpiryTimeComputed': '134433247422320850' },
      undefined,
      '2027-01-02T00:52:22.232Z',
    ],
    ['activedirectory', { 'msDS-UserPasswordExpiryTimeComputed': '9223372036854775807' }, undefined, undefined],
    // It must be changed at once.
    ['activedirectory', { 'msDS-UserPasswordExpiryTimeComputed': '0' }, undefined, '1970-01-01T00:00:00.000Z'],
    ['389ds', { passwordExpirationTime: '20270219005231Z' }, undefined, '2027-02-19T00:52:31.000Z'],
    [
      'freeipa',
      { krbLastPwdChange: '20261101000000Z', krbPasswordExpiration: '20270101000000Z' },
      '2026-11-01T00:00:00.000Z',
      '2027-01-01T00:00:00.000Z',
    ],
  ] as const) {
    it(`${preset}: ${JSON.stringify(attributes)}`, () => {
      const user = read({ preset }, attributes);
      expect(user.passwordChangedAt?.toISOString()).to.equal(changed);
      expect(user.passwordExpiresAt?.toISOString()).to.equal(expires);
    });
  }
});
