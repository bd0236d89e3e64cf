import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { expect } from 'chai';

import { loadConfiguration } from '../../src/config.ts';
import type { Configuration, LoadedConfiguration } from '../../src/config.ts';
import type { Environment } from '../../src/config/environment.ts';
import type { Problem } from '../../src/config/problem.ts';

/** In no message, report or error that comes out of a test. */
export const SECRET = 'hunter2-hunter2-hunter2-hunter2-hunter2';

/** What every configuration needs. */
export const LEAST = `publicUrl: https://id.example.com
encryption: { keys: [{ id: k1, secret: ${SECRET} }] }
`;

/** A tenant whose parts a test adds to, indented by four. */
export const TENANT = `${LEAST}tenants:
  acme:
    name: Acme
`;

/** A redirect URI that is as it should be. */
export const REDIRECT = "redirect_uris: ['https://app.example/cb']";

/** A tenant with one directory or client, on a line that is marked (see `BadConfiguration`). */
export const withDirectory = (rest: string) =>
  `${TENANT}    directories:\n      corp: { bindDn: cn=svc, bindPassword: ${SECRET}, baseDn: dc=a, ${rest} } #!\n`;
export const withClient = (rest: string) =>
  `${TENANT}    clients:\n      app: { client_secret: ${SECRET}, ${rest} } #!\n`;

export interface ConfigFolder {
  readonly path: string;
  /** Writes a file below the folder and tells its path. */
  write(name: string, content: string | Buffer): string;
  /** Loads what it writes as `sallyport.yaml`. */
  load(yaml: string, env?: Environment): LoadedConfiguration;
  remove(): void;
}

export function configFolder(): ConfigFolder {
  const folder = mkdtempSync(path.join(tmpdir(), 'sallyport-config-'));
  const write = (name: string, content: string | Buffer) => {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
    return file;
  };
  return {
    path: folder,
    write,
    load: (yaml, env = {}) => loadConfiguration({ file: write('sallyport.yaml', yaml), env }),
    remove: () => rmSync(folder, { recursive: true }),
  };
}

/** The configuration, or an error that tells what is wrong with it. */
export function loaded(result: LoadedConfiguration): Configuration {
  if (result.ok) return result.configuration;
  throw new Error(result.problems.map(({ path, message, mend }) => `${path} ${message}: ${mend}`).join('\n'));
}

export interface BadConfiguration {
  /** A problem is expected on each line that ends in `#!`. */
  yaml: string;
  path: string | string[];
  message?: RegExp;
  mend: RegExp;
}

/** One test for each: exactly the problems that are expected, on their lines, and no secret. */
export function itTells(cases: Record<string, BadConfiguration>): void {
  let folder: ConfigFolder;
  before(() => (folder = configFolder()));
  after(() => {
    folder.remove();
  });
  for (const [name, { yaml, path, message = /./, mend }] of Object.entries(cases)) {
    it(`tells its path, its line and a mend: ${name}`, () => {
      const problems = problemsOf(folder.load(yaml));
      expect(problems.map((problem) => problem.path)).to.have.members([path].flat());
      expect(new Set(problems.map(({ source }) => lineOf(source)))).to.deep.equal(new Set(markedLines(yaml)));
      expect(problems[0]?.message).to.match(message);
      expect(problems[0]?.mend).to.match(mend);
      expect(JSON.stringify(problems)).to.not.include('hunter2');
    });
  }
}

export function problemsOf(result: LoadedConfiguration): Problem[] {
  expect(result.ok, 'the configuration is accepted').to.equal(false);
  return result.ok ? [] : result.problems;
}

function lineOf(source: string): number {
  return Number(/:(\d+):\d+$/.exec(source)?.[1] ?? 0);
}

/** 0, where a source has no line, for a file without a mark. */
function markedLines(yaml: string): number[] {
  const marked = yaml.split('\n').flatMap((line, index) => (line.endsWith('#!') ? [index + 1] : []));
  return marked.length === 0 ? [0] : marked;
}
