import { readFileSync } from 'node:fs';
import path from 'node:path';

import { expect } from 'chai';
import { parse } from 'yaml';

import { loadConfiguration } from '../../src/config.ts';
import { KEYS, variableOf } from '../../src/config/keys.ts';
import type { Key } from '../../src/config/keys.ts';
import { dotted, pathsOf, valueAt } from '../../src/config/tree.ts';
import type { Path } from '../../src/config/tree.ts';
import { resolveSchema } from '../../src/directory/presets.ts';
import { directorySettings } from '../../src/directory/directory-settings.ts';
import { duration } from '../../src/duration.ts';
import { configFolder, loaded } from './config-fixture.ts';
import type { ConfigFolder } from './config-fixture.ts';

const EXAMPLE = readFileSync('config/example.yaml', 'utf8');
const ENVIRONMENT = readFileSync('.env.example', 'utf8');

/** What `…File` and `logo` name in the example. */
const FILES: Record<string, string> = {
  'secrets/database-url': 'postgres://sallyport:password@db.example.com:5432/sallyport\n',
  'secrets/redis-url': 'rediss://sallyport:password@redis.example.com:6379\n',
  'secrets/encryption-k1': '0123456789abcdef0123456789abcdef\n',
  'secrets/mail-url': 'smtps://user:password@mail.example.com\n',
  'secrets/corp-bind-password': 'bind-password\n',
  'secrets/grafana': 'client-secret\n',
  'acme-ca.pem': '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
  'acme.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>\n',
};

describe('config/example.yaml', () => {
  let folder: ConfigFolder;
  before(() => {
    folder = configFolder();
    for (const [name, content] of Object.entries(FILES)) folder.write(name, content);
  });
  after(() => {
    folder.remove();
  });

  // `#key: value` and `#- item` are keys that are not in force; `# text` is a comment.
  const everything: unknown = parse(EXAMPLE.replaceAll(/^( *)#(?=[\w-])/gm, '$1'));

  it('loads, without a warning', () => {
    const result = folder.load(EXAMPLE);
    expect(Object.keys(loaded(result).tenants)).to.deep.equal(['acme', 'globex']);
    expect(result.warnings).to.deep.equal([]);
  });

  it('shows every key', () => {
    const shown = (pattern: Path) =>
      pathsOf(everything, pattern).some((place) => valueAt(everything, place) !== undefined);
    const missing = KEYS.filter((key) => !shown(key.path));
    expect(missing.map((key) => dotted(key.path))).to.deep.equal([]);
  });

  it('shows the default of each key that is not in force', () => {
    const active: unknown = parse(EXAMPLE);
    const wrong = KEYS.filter((key) => key.default !== undefined).flatMap((key) =>
      pathsOf(everything, key.path)
        .filter((place) => valueAt(active, place) === undefined && valueAt(everything, place) !== undefined)
        .filter((place) => !isDefault(key, valueAt(everything, place)))
        .map(dotted),
    );
    expect(wrong).to.deep.equal([]);
  });

  it('shows what the preset sets', () => {
    const least = { urls: ['ldap://a'], bindDn: 'cn=svc', baseDn: 'dc=a' };
    const shown = object(valueAt(everything, ['tenants', 'acme', 'directories', 'corp']));
    const users = { ...object(valueAt(shown, ['users'])), filter: undefined };
    const settings = directorySettings.parse({
      ...least,
      users,
      groups: { ...object(valueAt(shown, ['groups'])), filter: undefined },
      passwords: valueAt(shown, ['passwords']),
    });
    expect(withoutGaps(resolveSchema(settings))).to.deep.equal(
      withoutGaps(resolveSchema(directorySettings.parse(least))),
    );
  });
});

describe('.env.example', () => {
  const variables = new Map(
    [...ENVIRONMENT.matchAll(/^(\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
  );
  const names = KEYS.flatMap((key) => variableOf(key.path)?.replace('*', '0') ?? []);

  it('shows every variable and no other', () => {
    expect([...variables.keys()]).to.have.members([...names, 'PORT', 'SALLYPORT_CONFIG']);
  });

  it('loads with an encryption key, and shows defaults', () => {
    const env = { ...Object.fromEntries(variables), SALLYPORT_CONFIG: '', SALLYPORT_ENCRYPTION_KEYS_0_ID: 'k1' };
    const result = loadConfiguration({ env: { ...env, SALLYPORT_ENCRYPTION_KEYS_0_SECRET: 'x'.repeat(32) } });
    const configuration = loaded(result);
    for (const key of KEYS.filter((key) => key.default !== undefined && variables.get(variableOf(key.path) ?? ''))) {
      const value = valueAt(configuration, key.path);
      expect(value, dotted(key.path)).to.equal(dotted(key.path) === 'dataFolder' ? path.resolve('data') : key.default);
    }
    expect(result.warnings).to.deep.equal([]);
  });
});

function isDefault(key: Key, shown: unknown): boolean {
  const value = typeof key.default === 'number' && typeof shown === 'string' ? duration.parse(shown) : shown;
  return JSON.stringify(value) === JSON.stringify(key.default);
}

function object(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {};
}

function withoutGaps(value: object): unknown {
  return JSON.parse(JSON.stringify(value));
}
