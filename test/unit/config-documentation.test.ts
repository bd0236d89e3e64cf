import { readFileSync } from 'node:fs';

import { expect } from 'chai';

import { checkConfig } from '../../src/check-config.ts';
import { KEYS } from '../../src/config/keys.ts';
import type { JsonSchema, Key } from '../../src/config/keys.ts';
import { dotted } from '../../src/config/tree.ts';
import { SECRET, configFolder, loaded } from './config-fixture.ts';
import type { ConfigFolder } from './config-fixture.ts';

const PAGE = readFileSync('docs/configuration.md', 'utf8');

describe('docs/configuration.md', () => {
  it('lists every key in its order, with its type, default and meaning', () => {
    const rows = rowsOf(PAGE);
    expect(rows.map(({ path, type, default: shown }) => ({ path, type, default: shown }))).to.deep.equal(
      KEYS.map((key) => ({ path: dotted(key.path), type: typeOf(key), default: defaultOf(key) })),
    );
    for (const [index, { path, meaning }] of rows.entries()) {
      const about = KEYS[index]?.about;
      if (about) expect(meaning, path).to.equal(about.replaceAll(/<\w+>/g, '`$&`'));
      else expect(meaning, path).to.match(/\w{3}/);
    }
  });

  describe('its examples', () => {
    let folder: ConfigFolder;
    before(() => (folder = configFolder()));
    after(() => {
      folder.remove();
    });

    const examples = blocksOf('yaml').filter((yaml) => !yaml.includes('redirect_urls'));
    for (const yaml of examples) {
      it(`load: ${yaml.slice(0, 100).replaceAll(/\s+/g, ' ')}…`, () => {
        for (const [, name = ''] of yaml.matchAll(/\w+File: ([\w/.-]+)/g)) folder.write(name, contentOf(name));
        const needed = Object.entries(NEEDED).filter(([key]) => !new RegExp(`^${key}:`, 'm').test(yaml));
        expect(loaded(folder.load(needed.map(([, line]) => line).join('') + yaml))).to.be.an('object');
      });
    }

    it('are there', () => {
      expect(examples).to.have.length.above(5);
    });

    it('show what check-config says', async () => {
      const [bad = ''] = blocksOf('yaml').filter((yaml) => yaml.includes('redirect_urls'));
      const file = folder.write('sallyport.yaml', bad);
      const { report } = await checkConfig({ file, env: { SALLYPORT_LISTEN_PORT: 'http' } });
      expect(blocksOf('text')).to.deep.include(report.replaceAll(file, 'sallyport.yaml'));
    });
  });
});

/** What an example is about it shows; the rest of what every configuration needs. */
const NEEDED = {
  publicUrl: 'publicUrl: https://id.example.com\n',
  encryption: `encryption: { keys: [{ id: k1, secret: ${SECRET} }] }\n`,
};

/** What the examples keep in files. */
function contentOf(name: string): string {
  if (name.endsWith('.pem')) return '-----BEGIN CERTIFICATE-----\n';
  return name.endsWith('-url') ? 'postgres://h/d\n' : `${SECRET}-${name}\n`;
}

function blocksOf(language: string): string[] {
  return [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(([, text = '']) => text);
}

interface Row {
  path: string;
  type: string;
  default: string;
  meaning: string;
}

/** The rows of the tables whose first column is a key; its path goes on from the heading, `<name>` stands for any. */
function rowsOf(page: string): Row[] {
  let above = '';
  return page.split('\n').flatMap((line) => {
    const heading = /^#+ (.*)$/.exec(line)?.[1];
    if (heading !== undefined) above = /^`(tenants.*)`$/.exec(heading)?.[1]?.concat('.') ?? '';
    const row = /^\| `([^`]+)` *\| (.*?) *\| (.*?) *\| (.*?) *\|$/.exec(line);
    if (row === null) return [];
    const [, key = '', type = '', shown = '', meaning = ''] = row;
    return [{ path: `${above}${key}`.replaceAll(/<\w+>/g, '*'), type, default: shown, meaning }];
  });
}

function typeOf({ schema }: Key): string {
  const forms = (schema.anyOf ?? [schema]).flatMap(formsOf);
  return forms.includes('number') && forms.includes('text') ? 'time' : [...new Set(forms)].join(' or ');
}

function formsOf({ type, enum: values, const: constant, items }: JsonSchema): string[] {
  if (constant !== undefined) return [`\`${String(constant)}\``];
  if (values) return values.map((value) => `\`${String(value)}\``);
  if (type === 'array') {
    const choices = typeof items === 'object' && !Array.isArray(items) ? (items.enum ?? []) : [];
    return [choices.length === 0 ? 'list' : `list of ${choices.map((value) => `\`${String(value)}\``).join(', ')}`];
  }
  const names: Record<string, string> = {
    string: 'text',
    integer: 'number',
    boolean: '`true` or `false`',
    object: 'map',
  };
  return [names[String(type)] ?? String(type)];
}

function defaultOf(key: Key): string {
  const hasFile = KEYS.some(({ path }) => dotted(path) === `${dotted(key.path)}File`);
  if (key.required) return hasFile ? 'required, or its file' : 'required';
  if (key.default === undefined) return '';
  if (Array.isArray(key.default)) return `\`[${key.default.join(', ')}]\``;
  return `\`${typeOf(key) === 'time' ? spanOf(Number(key.default)) : String(key.default)}\``;
}

function spanOf(seconds: number): string {
  const units = { d: 86_400, h: 3600, m: 60 };
  const [unit, size] = Object.entries(units).find(([, size]) => seconds > 0 && seconds % size === 0) ?? ['s', 1];
  return `${String(seconds / size)}${unit}`;
}
