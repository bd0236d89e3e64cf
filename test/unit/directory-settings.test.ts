import { expect } from 'chai';

import { directorySettings } from '../../src/directory/directory-settings.ts';
import { ldapServers } from '../../src/directory/ldap/server-access.ts';
import { resolveSchema } from '../../src/directory/presets.ts';

const least = { urls: ['ldap://dc1.example.com'], bindDn: 'cn=svc,dc=example,dc=com', baseDn: 'dc=example,dc=com' };

function problems(settings: object): string[] {
  const parsed = directorySettings.safeParse({ ...least, ...settings });
  return (parsed.error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
}

describe('the settings of a directory', () => {
  it('need no more than where it is, who asks, and where to look', () => {
    const settings = directorySettings.parse(least);
    expect(settings).to.deep.include({ preset: 'openldap', tls: { mode: 'starttls' } });
    expect(settings).to.include({ connectTimeoutMs: 2000, operationTimeoutMs: 3000 });
    expect(resolveSchema(settings)).to.deep.nested.include({
      'users.login': ['uid', 'mail'],
      'users.stableId': 'entryUUID',
      'users.attributes.name': ['displayName', 'cn'],
      'groups.objectClass': ['groupOfNames', 'groupOfUniqueNames'],
      'groups.memberOf': null,
    });
  });

  it('put every word of theirs over the preset', () => {
    const settings = directorySettings.parse({
      ...least,
      users: {
        objectClass: 'person',
        filter: '(&(employeeType=staff)(!(ou=former)))',
        login: ['mail'],
        username: 'mail',
        stableId: 'ipaUniqueID',
        disabled: [],
        attributes: { name: 'cn', picture: ['labeledURI', 'photoUrl'] },
      },
      groups: { objectClass: ['team'], name: 'displayName', member: ['teamMember'], memberOf: 'memberOf', depth: 0 },
    });
    const { users, groups } = resolveSchema(settings);
    expect(users).to.deep.include({ objectClass: 'person', login: ['mail'], stableId: 'ipaUniqueID', disabled: [] });
    expect(users.attributes).to.deep.include({ name: ['cn'], picture: ['labeledURI', 'photoUrl'], email: ['mail'] });
    expect(groups).to.deep.include({ objectClass: ['team'], member: ['teamMember'], memberOf: 'memberOf' });
  });

  it('stay the same when they are stored and read again', () => {
    const settings = directorySettings.parse({ ...least, users: { attributes: { name: 'cn' } }, realm: 'example.com' });
    expect(directorySettings.parse(JSON.parse(JSON.stringify(settings)))).to.deep.equal(settings);
  });

  it('say what is wrong, and where', () => {
    expect(problems({ urls: [] })[0]).to.match(/^urls: /);
    for (const url of [
      'dc1',
      'http://dc1',
      'ldap://',
      'ldap://dc1/dc=example',
      'ldap://user@dc1',
      'ldap://dc1?x',
      'ldap://dc1#x',
    ]) {
      expect(problems({ urls: [url] }), url).to.deep.equal([
        'urls.0: write ldap://host, ldap://host:port, or the same with ldaps, and nothing after it',
      ]);
    }
    expect(problems({ urls: ['ldaps://dc1'], tls: { mode: 'none' } })).to.deep.equal([
      'urls.0: tls.mode none does not fit this address',
    ]);
    expect(problems({ tls: { mode: 'ldaps' } })).to.have.length(1);
    expect(problems({ tls: { ca: 'x', caFile: 'y' } }).join()).to.match(/^tls.ca: give certificates in PEM form/);
    expect(problems({ bindDn: 'EXTERNAL' })[0]).to.match(/^bindDn: write a distinguished name/);
    expect(problems({ users: { filter: '(uid=*' } })[0]).to.match(/^users.filter: write a filter/);
    expect(problems({ groups: { filter: '(cn=a' } })[0]).to.match(/^groups.filter: write a filter/);
    expect(problems({ users: { login: ['uid)(x=*'] } })[0]).to.match(
      /^users.login.0: write the name of an LDAP attribute/,
    );
    expect(problems({ users: { logins: ['uid'] } })[0]).to.contain('logins');
    expect(problems({ realm: '@example.com' })[0]).to.match(/^realm: write it without the @/);
    expect(problems({ bindPassword: 'secret' })[0]).to.contain('bindPassword');
  });

  it('say how each server is reached', () => {
    const urls = ['ldap://dc1.example.com', 'ldap://127.0.0.1:1389', 'ldaps://[::1]', 'ldaps://dc2.example.com:10636'];
    const servers = ldapServers(directorySettings.parse({ ...least, urls }));
    expect(servers.map(({ name, host, port, security }) => [name, host, port, security])).to.deep.equal([
      ['dc1.example.com:389', 'dc1.example.com', 389, 'starttls'],
      ['127.0.0.1:1389', '127.0.0.1', 1389, 'starttls'],
      ['[::1]:636', '::1', 636, 'ldaps'],
      ['dc2.example.com:10636', 'dc2.example.com', 10636, 'ldaps'],
    ]);
  });
});
