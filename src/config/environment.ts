// What is not under `tenants`, from the environment. A variable's name follows from the key's path: listen.host is
// SALLYPORT_LISTEN_HOST, the first key's secretFile is SALLYPORT_ENCRYPTION_KEYS_0_SECRET_FILE.

import { KEYS, variableOf } from './keys.ts';
import type { JsonSchema } from './keys.ts';
import type { Layer } from './layer.ts';
import { nearest } from './nearest.ts';
import type { Problem } from './problem.ts';
import { dotted, setAt } from './tree.ts';
import type { Path, Tree } from './tree.ts';

export type Environment = Record<string, string | undefined>;

/** The configuration file's path; everything else that begins with SALLYPORT_ is a key. */
export const CONFIG_FILE_VARIABLE = 'SALLYPORT_CONFIG';

interface Variable {
  name: string;
  pattern: RegExp;
  path: Path;
  schema: JsonSchema;
}

const VARIABLES: readonly Variable[] = KEYS.flatMap(({ path, schema }) => {
  const name = variableOf(path);
  if (name === undefined) return [];
  return [{ name: name.replace('*', '0'), pattern: new RegExp(`^${name.replace('*', '(\\d{1,2})')}$`), path, schema }];
});

/** An empty variable counts as none: that is what compose files make of one that is not set. */
export function readEnvironment(env: Environment): { layer: Layer; problems: Problem[]; warnings: Problem[] } {
  const values: Tree = {};
  const unknown: string[] = [];
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith('SALLYPORT_') || name === CONFIG_FILE_VARIABLE || !text) continue;
    const found = find(name);
    if (found) setAt(values, found.path, read(text, found.schema));
    else unknown.push(name);
  }
  if (env.PORT) setAt(values, ['listen', 'port'], number(env.PORT));
  const sourceOf = (path: Path) => {
    const name = env.PORT && dotted(path) === 'listen.port' ? 'PORT' : variableOf(path);
    return name === undefined ? 'environment' : `environment variable ${name}`;
  };
  const reported = unknown.map(unknownVariable);
  return {
    layer: { values, sourceOf },
    problems: reported.filter(({ misspelt }) => misspelt).map(({ problem }) => problem),
    warnings: reported.filter(({ misspelt }) => !misspelt).map(({ problem }) => problem),
  };
}

function find(name: string): { path: Path; schema: JsonSchema } | undefined {
  for (const { pattern, path, schema } of VARIABLES) {
    const match = pattern.exec(name);
    if (match) return { path: path.map((step) => (step === '*' ? (match[1] ?? step) : step)), schema };
  }
  return undefined;
}

/**
 * What looks like a known name is a mistake to mend. Anything else is only worth a warning: Kubernetes gives every container
 * the variables of the services around it, SALLYPORT_PORT and SALLYPORT_REDIS_SERVICE_HOST among them.
 */
function unknownVariable(name: string): { misspelt: boolean; problem: Problem } {
  const meant = nearest(
    name,
    VARIABLES.map((variable) => variable.name),
  );
  const mend = meant === undefined ? 'unset it, if it was meant for this server' : `did you mean ${meant}?`;
  const source = `environment variable ${name}`;
  return { misspelt: meant !== undefined, problem: { path: name, source, message: 'is not a known variable', mend } };
}

function read(text: string, schema: JsonSchema): unknown {
  const types = [schema, ...(schema.anyOf ?? [])].map(({ type }) => type);
  if (types.includes('array')) return text.split(',').map((item) => read(item.trim(), itemsOf(schema)));
  if (types.includes('boolean') && /^(true|false)$/.test(text)) return text === 'true';
  return types.includes('integer') ? number(text) : text;
}

function itemsOf({ items }: JsonSchema): JsonSchema {
  return typeof items === 'object' && !Array.isArray(items) ? items : {};
}

function number(text: string): unknown {
  return /^\d+$/.test(text) ? Number(text) : text;
}
