import { readFileSync } from 'node:fs';

import { expect } from 'chai';
import { parse } from 'yaml';

import { directorySettings } from '../../src/directory/directory-settings.ts';
import { resolveSchema } from '../../src/directory/presets.ts';
import { LEAST, SECRET, configFolder, loaded } from './config-fixture.ts';

const PAGE = readFileSync('docs/directories.md', 'utf8');
const REACHED = { urls: ['ldap://ldap.example.com'], bindDn: 'cn=sallyport', baseDn: 'dc=example,dc=com' };

describe('docs/directories.md', () => {
  it('begins with an example that loads without a warning', () => {
    const folder = configFolder();
    try {
      const [, yaml = ''] = /^```yaml\n(.*?)^```/ms.exec(PAGE) ?? [];
      folder.write('corp-ca.pem', '-----BEGIN CERTIFICATE-----\n');
      folder.write('secrets/corp-bind-password', SECRET);
      const result = folder.load(LEAST + yaml);
      expect(Object.keys(loaded(result).tenants)).to.deep.equal(['acme']);
      expect(result.warnings).to.deep.equal([]);
    } finally {
      folder.remove();
    }
  });

  it('has a section for every preset', () => {
    const described = [...PAGE.matchAll(/^`preset: (\w+)`/gm)].map(([, preset]) => preset);
    expect(described).to.have.members(directorySettings.shape.preset.unwrap().options);
  });

  it('writes settings as they are', () => {
    const settings = [...PAGE.matchAll(/`((?:users|groups|passwords|tls): \{[^`]+\})`/g)].map(([, text = '']) => text);
    expect(settings).to.have.length.above(5);
    for (const text of settings) {
      const urls = text.includes('ldaps') ? ['ldaps://ldap.example.com'] : REACHED.urls;
      const written: unknown = parse(text.replace('{ certFile, keyFile }', '{ certFile: our.pem, keyFile: our.key }'));
      expect(() => directorySettings.parse({ ...REACHED, urls, ...Object(written) }), text).not.to.throw();
    }
  });

  it('names in the rule for 389 Directory Server every attribute that is asked for', () => {
    const { users, groups } = resolveSchema(directorySettings.parse({ ...REACHED, preset: '389ds' }));
    const [, named = ''] = /^aci: \(targetattr="([^"]+)"\)\(version 3\.0; acl "sallyport reads"/m.exec(PAGE) ?? [];
    expect(named.split(' || ')).to.include.members([
      'objectClass',
      users.username,
      users.stableId,
      users.passwordChangedAt,
      users.passwordExpiresAt,
      ...users.login,
      ...users.disabled.map(({ attribute }) => attribute),
      ...Object.values(users.attributes).flat(),
      groups.name,
      ...groups.member,
    ]);
  });
});
