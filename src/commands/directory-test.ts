// `sallyport directory test`: for the first day with a directory, and for the day on which somebody cannot sign in.

import { readFileSync } from 'node:fs';

import type { Configuration } from '../config.ts';
import { nearest } from '../config/nearest.ts';
import { createLdapDirectory } from '../directory/directory-ldap.ts';
import type { ToldExchange, TrialStep } from '../directory/trial.ts';
import { tryDirectory } from '../directory/trial.ts';
import { configured } from './configured.ts';
import { complain, print } from './output.ts';

export interface DirectoryTest {
  config?: string;
  tenant: string;
  directory: string;
  login: string | undefined;
  passwordFile?: string;
  json?: boolean;
}

/** 1 when a step failed. */
export async function testDirectory({ config, login, passwordFile, json, ...named }: DirectoryTest): Promise<number> {
  const configuration = configured(config);
  if (!configuration) return 1;
  const declared = declaredIn(configuration, named);
  if (!declared) return 1;

  const { settings, bindPassword = '' } = declared;
  const password = passwordFile === undefined ? undefined : readFileSync(passwordFile, 'utf8').replace(/\r?\n$/, '');
  const exchanges: ToldExchange[] = [];
  const directory = createLdapDirectory({
    name: named.directory,
    settings,
    bindPassword,
    observe: ({ server, seconds, describe }) =>
      exchanges.push({ server, milliseconds: Math.round(seconds * 1000), ...describe() }),
  });
  const exchanged = () => exchanges.splice(0);
  try {
    const steps = await tryDirectory({ directory, login, password, exchanged });
    print(json ? JSON.stringify(steps, null, 2) : steps.map(textOf).join('\n\n'));
    return steps.every(({ ok }) => ok) ? 0 : 1;
  } finally {
    await directory.close();
  }
}

function declaredIn({ tenants }: Configuration, { tenant, directory }: Pick<DirectoryTest, 'tenant' | 'directory'>) {
  const directories = tenants[tenant]?.directories;
  if (!directories) return missing('tenant', tenant, Object.keys(tenants));
  return directories[directory] ?? missing(`directory of ${tenant}`, directory, Object.keys(directories));
}

function missing(what: string, name: string, known: readonly string[]): undefined {
  const meant = nearest(name, known);
  const others = meant === undefined ? `There are: ${known.join(', ') || 'none'}.` : `Did you mean ${meant}?`;
  complain(`The configuration has no ${what} called ${name}. ${others}`);
  return undefined;
}

function textOf({ step, ok, milliseconds, told, exchanges }: TrialStep): string {
  return [
    `${step}: ${ok ? 'ok' : 'FAILED'} (${String(milliseconds)} ms)`,
    ...told.map((line) => `  ${line}`),
    ...exchanges.flatMap(({ server, milliseconds: took, asked, answered }) => [
      `    ${server} was asked: ${asked}`,
      `      after ${String(took)} ms: ${answered}`,
    ]),
  ].join('\n');
}
