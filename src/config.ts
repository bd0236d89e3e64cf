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
import { tenantProblems } from './config/tenant-checks.ts';
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
  { ok: true; configuration: Configuration; warnings: Problem[] } | { ok: false; problems: Problem[]; warnings: Problem[] };

/** Reads everything once and tells everything that is wrong with it at once. Never throws for what a person wrote. */
export function loadConfiguration({ file, env, overrides = {} }: ConfigurationSources): LoadedConfiguration {
  const environment = readEnvironment(env);
  const named = file ?? env[CONFIG_FILE_VARIABLE];
  const written = named ? readConfigurationFile(named) : { layer: NOTHING, problems: [] };
}
