// The rules of the layout, read off the imports: edge → use case → port ← adapter, and only the composition root knows adapters.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

const SRC = fileURLToPath(new URL('../../src', import.meta.url));

interface SourceFile {
  /** Below src/, with slashes. */
  name: string;
  imports: { target: string; typeOnly: boolean }[];
}

const IMPORT = /^(?:import|export)\s(?<type>type\s)?[^;]*?from '(?<target>[^']+)';|import\('(?<dynamic>[^']+)'\)/gm;

const files: SourceFile[] = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({ name: name.replaceAll(path.sep, '/'), imports: importsOf(name) }));

function importsOf(name: string): SourceFile['imports'] {
  const text = readFileSync(path.join(SRC, name), 'utf8');
  return [...text.matchAll(IMPORT)].map(({ groups }) => {
    const target = groups?.target ?? groups?.dynamic ?? '';
    const resolved = target.startsWith('.') ? path.posix.join(path.posix.dirname(name), target) : target;
    return { target: resolved, typeOnly: groups?.type !== undefined };
  });
}

const isAdapter = (name: string) => /-(postgres|pglite|redis|memory|ldap|smtp|sns|http)\.ts$/.test(name);
/** `login/interactions.ts` is where a login's pages meet the library, a `visits.ts` where a folder's pages meet the browser. */
const isEdge = (name: string) =>
  /-(routes|pages)\.ts$|^(oidc|commands)\/|^login\/interactions\.ts$|^(login|account)\/visits\.ts$/.test(name);
const isRoot = (name: string) =>
  ['main.ts', 'app.ts'].includes(name) || /^compose(-[a-z-]+)?\.ts$/.test(name) || name.startsWith('commands/');
const isDemo = (name: string) => name.startsWith('demo/');
const folderOf = (name: string) => name.split('/', 1)[0];

/** Every import that breaks a rule, as `from -> to`. */
function breaking(rule: (from: string, to: string, typeOnly: boolean) => boolean): string[] {
  return files.flatMap(({ name, imports }) =>
    imports.filter(({ target, typeOnly }) => rule(name, target, typeOnly)).map(({ target }) => `${name} -> ${target}`),
  );
}

describe('the architecture', () => {
  it('was read', () => {
    expect(files.length).to.be.greaterThan(100);
    expect(files.flatMap(({ imports }) => imports).length).to.be.greaterThan(400);
  });

  it('knows adapters in the composition root only', () => {
    const wrong = breaking(
      (from, to) => isAdapter(to) && !isRoot(from) && !isDemo(from) && folderOf(from) !== folderOf(to),
    );
    expect(wrong).to.deep.equal([]);
  });

  it('reaches the composition root from the command line only', () => {
    const wrong = breaking((from, to, typeOnly) => to === 'compose.ts' && !typeOnly && !isRoot(from));
    expect(wrong).to.deep.equal([]);
  });

  it('reaches the demo from the command line only', () => {
    expect(breaking((from, to) => isDemo(to) && !isDemo(from))).to.deep.equal(['main.ts -> demo/demo.ts']);
  });

  it('keeps the frameworks out of the use cases', () => {
    const frameworks = ['koa', '@koa/router', 'knex', 'pg', 'ioredis', 'ldapts', 'nodemailer', 'oidc-provider'];
    const atTheBorder = (name: string) =>
      isEdge(name) ||
      isAdapter(name) ||
      isRoot(name) ||
      isDemo(name) ||
      /^(http|db|directory|observability)\//.test(name);
    const wrong = breaking((from, to) => frameworks.includes(to) && !atTheBorder(from));
    expect(wrong).to.deep.equal([]);
  });

  it('speaks LDAP without knowing people or groups', () => {
    const isOfTheProtocol = (name: string) => name.startsWith('directory/ldap/');
    // How servers are reached, and the port's own word for a fault of theirs.
    const known = ['directory/directory-settings.ts', 'directory/unanswered.ts'];
    const wrong = breaking(
      (from, to, typeOnly) =>
        isOfTheProtocol(from) &&
        folderOf(to) === 'directory' &&
        !isOfTheProtocol(to) &&
        !typeOnly &&
        !known.includes(to),
    );
    expect(wrong).to.deep.equal([]);
  });

  it('has no edge that imports another', () => {
    const wrong = breaking(
      (from, to) => isEdge(from) && isEdge(to) && folderOf(from) !== folderOf(to) && !from.startsWith('commands/'),
    );
    expect(wrong).to.deep.equal([]);
  });

  it('has no factor that imports another', () => {
    const factors = [
      ...['totp.ts', 'sms-code.ts', 'email-code.ts', 'passkey.ts', 'recovery-codes.ts'],
      ...['directory-password.ts', 'local-password.ts'],
    ];
    const isFactor = (name: string) =>
      factors.includes(path.posix.basename(name)) && /^(first|second)-factors\//.test(name);
    expect(breaking((from, to) => isFactor(from) && isFactor(to))).to.deep.equal([]);
  });

  it('has no circles', () => {
    const values = new Map(
      files.map(({ name, imports }) => [name, imports.filter(({ typeOnly }) => !typeOnly).map(({ target }) => target)]),
    );
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (name: string, way: readonly string[]): void => {
      if (way.includes(name)) {
        circles.push([...way.slice(way.indexOf(name)), name].join(' -> '));
        return;
      }
      if (done.has(name)) return;
      for (const next of values.get(name) ?? []) visit(next, [...way, name]);
      done.add(name);
    };
    for (const { name } of files) visit(name, []);
    expect(circles).to.deep.equal([]);
  });
});
