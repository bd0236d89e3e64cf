import { expect } from 'chai';

import { ownClientMetadata } from '../../src/clients/client-metadata.ts';
import { CLAIMS_BY_SCOPE, SCOPES } from '../../src/clients/scopes.ts';
import { claimsOf, groupsFor } from '../../src/oidc/claims.ts';
import type { User } from '../../src/users/users.ts';

const user: User = {
  id: '01900000-0000-7000-8000-000000000001',
  tenantId: '01900000-0000-7000-8000-000000000002',
  username: 'ann',
  status: 'active',
  profile: { name: 'Ann Anderson', givenName: 'Ann', familyName: 'Anderson', email: 'ann@acme.test' },
  directory: { id: 'corp', stableId: 'a1', dn: 'uid=ann', groups: [], state: 'enabled', checkedAt: new Date() },
  local: undefined,
  lastLoginAt: undefined,
  groups: [],
  proofGeneration: 0,
};
const source = { user, tenant: 'acme', trustDirectoryContacts: true, groups: ['staff'], roles: ['reader'] };

function group(name: string, ou = 'groups') {
  return { id: `id-${ou}-${name}`, dn: `cn=${name},ou=${ou},o=acme`, name, nameIsUnique: true, via: [] };
}

function client(groups: object) {
  return ownClientMetadata.parse({ groups }).groups;
}

describe('claims', () => {
  it('say what the directory said, under the names of OpenID Connect Core 5.1, and leave out what it did not', () => {
    expect(claimsOf(source)).to.deep.equal({
      name: 'Ann Anderson',
      given_name: 'Ann',
      family_name: 'Anderson',
      preferred_username: 'ann',
      email: 'ann@acme.test',
      email_verified: true,
      tenant: 'acme',
      roles: ['reader'],
      groups: ['staff'],
    });
  });

  it('say that an address is verified only where the tenant trusts its directory, and only of an address', () => {
    expect(claimsOf({ ...source, trustDirectoryContacts: false })).to.include({ email_verified: false });
    const { email: _, ...profile } = user.profile;
    expect(claimsOf({ ...source, user: { ...user, profile } })).not.to.have.any.keys('email', 'email_verified');
  });

  it('say of somebody whose account lives here what was verified here, whatever a directory is trusted with', () => {
    const local = { ...user, directory: undefined, local: { name: 'ann' } };
    const told = (profile: User['profile']) => claimsOf({ ...source, user: { ...local, profile } });
    const contacts = { email: 'ann@acme.test', phoneNumber: '+15550100' };
    expect(told(contacts)).to.include({ email_verified: false, phone_number_verified: false });
    expect(told({ ...contacts, emailVerified: true })).to.include({
      email_verified: true,
      phone_number_verified: false,
    });
    expect(told({ ...contacts, phoneNumberVerified: true })).to.include({ phone_number_verified: true });
  });

  it('leave out groups and roles that nobody asked for', () => {
    const claims = claimsOf({ ...source, groups: undefined, roles: undefined });
    expect(claims).not.to.have.any.keys('groups', 'roles', '_claim_names', '_claim_sources');
    expect(claimsOf({ ...source, groups: [], roles: [] })).to.deep.include({ groups: [], roles: [] });
  });

  it('name another place for groups that are too many (OpenID Connect Core 5.6.2)', () => {
    const groups = { endpoint: 'https://id.test/t/acme/claims/groups', accessToken: 'ticket' };
    const claims = claimsOf({ ...source, groups });
    expect(claims).not.to.have.property('groups');
    expect(claims._claim_names).to.deep.equal({ groups: 'groups' });
    expect(claims._claim_sources).to.deep.equal({ groups: { endpoint: groups.endpoint, access_token: 'ticket' } });
  });

  it('tell a group that lives here from one of the directory, whatever both are called', () => {
    const local = { local: true, id: '01890a5d-ac96-774b-bcce-b302099a8057', name: 'staff', via: [] } as const;
    const groups = [group('staff'), local, group('local:staff')];
    const dn = (name: string) => `cn=${name},ou=groups,o=acme`;
    expect(groupsFor(client({}), groups)).to.deep.equal([dn('local:staff'), 'local:staff', 'staff']);
    expect(groupsFor(client({ form: 'dn' }), groups)).to.deep.equal([dn('local:staff'), dn('staff'), 'local:staff']);
    expect(groupsFor(client({ form: 'id' }), groups)).to.include(local.id);
    expect(groupsFor(client({ only: ['staff'] }), groups)).to.deep.equal(['staff']);
    expect(groupsFor(client({ only: ['local:*'] }), groups)).to.deep.equal(['local:staff']);
  });

  it('have a scope each, and every scope but offline_access has claims', () => {
    expect(SCOPES.filter((scope) => !(scope in CLAIMS_BY_SCOPE))).to.deep.equal(['offline_access']);
    const claims = Object.values(CLAIMS_BY_SCOPE).flat();
    expect(new Set(claims).size).to.equal(claims.length);
  });
});

describe('the groups that a client sees', () => {
  const groups = [group('staff'), group('managers', 'sales'), group('managers', 'engineering'), group('app-admins')];

  it('are all of them by name, sorted, unless it says otherwise', () => {
    expect(groupsFor(client({}), groups)).to.deep.equal(['app-admins', 'managers', 'staff']);
  });

  it('stay two where two have one name, by DN or id', () => {
    const dns = groupsFor(client({ form: 'dn', only: ['managers'] }), groups);
    expect(dns).to.deep.equal(['cn=managers,ou=engineering,o=acme', 'cn=managers,ou=sales,o=acme']);
    expect(groupsFor(client({ form: 'id', only: ['managers'] }), groups)).to.have.length(2);
  });

  it('are those of its list, or of its prefixes', () => {
    expect(groupsFor(client({ only: ['staff', 'nobody'] }), groups)).to.deep.equal(['staff']);
    expect(groupsFor(client({ only: ['app-*'] }), groups)).to.deep.equal(['app-admins']);
    expect(groupsFor(client({ only: [] }), groups)).to.deep.equal([]);
  });
});
