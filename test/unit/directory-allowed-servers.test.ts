import { expect } from 'chai';

import { createIsAllowedServer, isServerOrNetwork } from '../../src/directory/allowed-servers.ts';

describe('the servers that directories may be at', () => {
  it('are all, unless the operator says so', () => {
    expect(createIsAllowedServer(undefined)('ldap://169.254.169.254:22')).to.equal(true);
    expect(createIsAllowedServer([])('ldap://ldap.example.com')).to.equal(false);
  });

  const isAllowed = createIsAllowedServer(['LDAP.example.com', '10.0.0.0/8', '192.0.2.7', 'fd00::/8']);
  for (const url of [
    ...['ldap://ldap.example.com', 'ldaps://LDAP.Example.com:1636', 'ldap://ldap.example.com.', 'ldap://10.255.0.1'],
    ...['ldap://192.0.2.7:389', 'ldaps://[fd12::1]'],
  ]) {
    it(`are those that are named: ${url}`, () => {
      expect(isAllowed(url)).to.equal(true);
    });
  }
  for (const url of [
    ...['ldap://other.example.com', 'ldap://ldap.example.com.evil.example', 'ldap://11.0.0.1', 'ldap://192.0.2.8'],
    ...['ldap://[fe80::1]', 'ldap://[::ffff:11.0.0.1]', 'ldap://localhost', 'no address'],
  ]) {
    it(`are no others: ${url}`, () => {
      expect(isAllowed(url)).to.equal(false);
    });
  }

  it('are written as names, addresses and networks', () => {
    const good = ['ldap.example.com', 'ldap', '10.0.0.5', '10.0.0.0/8', 'fd00::/8', '::1', '0.0.0.0/0'];
    expect(good.filter((text) => !isServerOrNetwork(text))).to.deep.equal([]);
    const bad = [
      '',
      '10.0.0.0/33',
      '10.0.0',
      '10.0.0.0/8/9',
      '10.0.0.0/',
      'fd00::/129',
      'ldap://x',
      'a/8',
      'a b',
      'a:389',
    ];
    expect(bad.filter(isServerOrNetwork)).to.deep.equal([]);
  });
});
