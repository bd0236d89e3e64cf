import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { loadConfiguration } from '../../src/config.ts';
import type { Configuration, LoadedConfiguration } from '../../src/config.ts';
import type { Environment } from '../../src/config/environment.ts';

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
