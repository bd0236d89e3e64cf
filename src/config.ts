// The configuration: one YAML file, the environment over it, and the files that hold secrets. It owns where each value comes
// from and what is wrong with it; what a tenant, a client or a directory may say is declared beside those. Nothing is applied.

import path from 'node:path';
import type { z } from 'zod';

import { CONFIG_FILE_VARIABLE, readEnvironment } from './config/environment.ts';
import type { Environment } from './config/environment.ts';
import { givenTwice, readFiles } from './config/files.ts';
import { findingsOf } from './config/issues.ts';
import { layOver } from './config/layer.ts';
import type { Layer } from './config/layer.ts';
import { viewOf } from './config/loose-view.ts';
import { problemOf } from './config/problem.ts';
import type { Problem } from './config/problem.ts';
import { configurationFile } from './config/schema.ts';
import { serverProblems, serverWarnings } from './config/server-checks.ts';
import { tenantProblems, tenantWarnings } from './config/tenant-checks.ts';
import { dotted } from './config/tree.ts';
import type { Finding, Tree } from './config/tree.ts';
import { readConfigurationFile } from './config/yaml-file.ts';
import type { TenantDeclaration } from './tenants/tenant-declaration.ts';

type Declared = z.output<typeof configurationFile>;

/** Complete, checked and frozen. Times are seconds; `publicUrl` ends without a slash; `dataFolder` is absolute. */
export type Configuration = Readonly<Omit<Declared, 'tenants'>> & {
  /** By slug. */
  readonly tenants: Readonly<Record<string, TenantDeclaration>>;
};

export interface ConfigurationSources {
  /** Path of the YAML file; without it SALLYPORT_CONFIG names one, and without that there is none. */
  file?: string | undefined;
  env: Environment;
  /** What the command itself sets, over everything else; in the shape of the file. */
  overrides?: Tree;
}

export type LoadedConfiguration =
  | { ok: true; configuration: Configuration; warnings: Problem[] }
  | { ok: false; problems: Problem[]; warnings: Problem[] };

/** Reads everything once and tells everything that is wrong with it at once. Never throws for what a person wrote. */
export function loadConfiguration({ file, env, overrides = {} }: ConfigurationSources): LoadedConfiguration {
  const environment = readEnvironment(env);
  const named = file ?? env[CONFIG_FILE_VARIABLE];
  const written = named ? readConfigurationFile(named) : undefined;
  const mistakes = [...environment.problems, ...(written?.problems ?? [])];
  if (written && written.problems.length > 0) return rejected(mistakes, environment.warnings);

  const fileLayer = written?.layer ?? { ...environment.layer, values: {} };
  const command: Layer = { values: overrides, sourceOf: () => 'this command' };
  const given = readFiles(layOver(layOver(fileLayer, environment.layer), command));
  const checked = check(given.layer.values);
  const problems = [
    ...mistakes,
    ...[fileLayer, environment.layer].flatMap((layer) => givenTwice(layer.values).map(problemOf(layer))),
    ...[...given.findings, ...checked.findings.filter(({ path }) => !given.unread.has(dotted(path)))].map(
      problemOf(given.layer),
    ),
  ];
  const warnings = [...environment.warnings, ...checked.warnings.map(problemOf(given.layer))];
  if (problems.length > 0 || checked.declared === undefined) return rejected(problems, warnings);
  return { ok: true, configuration: frozen(configurationOf(checked.declared)), warnings };
}

/** The file's in the order of its lines, then the others. */
function rejected(problems: Problem[], warnings: Problem[]): LoadedConfiguration {
  const inFile = problems.filter(({ source }) => /:\d+:\d+$/.test(source));
  const sorted = inFile.toSorted((a, b) => a.source.localeCompare(b.source, 'en', { numeric: true }));
  return { ok: false, problems: [...sorted, ...problems.filter((problem) => !inFile.includes(problem))], warnings };
}

function check(values: Tree): { declared: Declared | undefined; findings: Finding[]; warnings: Finding[] } {
  // No words of the library's own (issues.ts).
  const parsed = configurationFile.safeParse(values, { error: () => '' });
  const view = viewOf(values);
  const issues = parsed.success ? [] : findingsOf(parsed.error.issues, values);
  const known = new Set(issues.map(({ path }) => dotted(path)));
  const between = [...serverProblems(view), ...tenantProblems(view)].filter(({ path }) => !known.has(dotted(path)));
  const warnings = [...serverWarnings(view), ...tenantWarnings(view)];
  return { declared: parsed.data, findings: [...issues, ...between], warnings };
}

function configurationOf({ tenants, ...server }: Declared): Configuration {
  const declarations = Object.entries(tenants).map(([slug, tenant]) => [slug, declarationOf(tenant)] as const);
  return { ...server, dataFolder: path.resolve(server.dataFolder), tenants: Object.fromEntries(declarations) };
}

function declarationOf(tenant: Declared['tenants'][string]): TenantDeclaration {
  const { name, directories, roles, clients, ...settings } = tenant;
  return {
    name,
    settings,
    roles,
    directories: mapValues(directories, ({ bindPassword, ...directory }) => ({ settings: directory, bindPassword })),
    clients: mapValues(clients, ({ client_secret: secret, ...metadata }) => ({ metadata, secret })),
  };
}

function mapValues<From, To>(record: Record<string, From>, convert: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, convert(value)]));
}

function frozen<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(frozen);
    Object.freeze(value);
  }
  return value;
}
