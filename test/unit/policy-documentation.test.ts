import { readFileSync } from 'node:fs';

import { expect } from 'chai';

import { LEVELS } from '../../src/policy/levels.ts';
import { tenantSettings } from '../../src/tenants/tenant-settings.ts';
import { LEAST, SECRET, configFolder, loaded } from './config-fixture.ts';
import type { ConfigFolder } from './config-fixture.ts';

const PAGE = readFileSync('docs/policy.md', 'utf8');

describe('docs/policy.md', () => {
  let folder: ConfigFolder;
  before(() => (folder = configFolder()));
  after(() => {
    folder.remove();
  });

  it('has every level in its order, with the factors that give it by default', () => {
    const rows = [...PAGE.matchAll(/^\| `(\w+)` +\| [^|]+\| ([^|]+)\|$/gm)].slice(0, LEVELS.length);
    expect(rows.map(([, level]) => level)).to.deep.equal(LEVELS);
    const told = rows.flatMap(([, level, by = '']) =>
      [...by.matchAll(/`([\w-]+)`/g)].map(([, factor]) => [factor, level]),
    );
    expect(Object.fromEntries(told)).to.deep.equal(tenantSettings.parse({}).policy.levels);
  });

  for (const [, yaml = ''] of PAGE.matchAll(/^```yaml\n(.*?)^```/gms)) {
    it(`has an example that loads without a warning: ${yaml.slice(-100).replaceAll(/\s+/g, ' ')}`, () => {
      for (const [, name = ''] of yaml.matchAll(/\w+File: ([\w/.-]+\w)/g)) {
        folder.write(name, name.endsWith('-url') ? 'smtp://mail.example.com' : SECRET);
      }
      const result = folder.load(LEAST + yaml);
      expect(loaded(result)).to.be.an('object');
      expect(result.warnings).to.deep.equal([]);
    });
  }
});
