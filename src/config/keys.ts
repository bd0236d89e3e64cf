// Every key that the configuration knows, read off the schema: for the names of environment variables, for "did you mean",
// and for the tests that hold the documentation and the example to it.

import { z } from 'zod';

import { SECRETS, configurationFile, fileKeyOf } from './schema.ts';
import { dotted, matches } from './tree.ts';
import type { Path } from './tree.ts';

export type JsonSchema = z.core.JSONSchema.BaseSchema;

export interface Key {
  /** `*` stands for a name that whoever writes the file chooses, or for the place in a list. */
  path: Path;
  /** What may be written (JSON Schema 2020-12). */
  schema: JsonSchema;
  required: boolean;
  /** As the server reads it: a span of time in seconds. */
  default: unknown;
  about: string;
}

/** In the order of the schema; only what takes a value, not the maps that hold others. */
export const KEYS: readonly Key[] = keysUnder(
  z.toJSONSchema(configurationFile, { io: 'input' }),
  // What is written does not show the default of a value that is transformed, as a span of time; what is read does.
  z.toJSONSchema(configurationFile, { io: 'output', unrepresentable: 'any' }),
);

/** The names that may follow a path. */
export function namesAfter(path: Path): string[] {
  return [...new Set(keysBelow(path).map((key) => key.path[path.length] ?? ''))].filter((name) => name !== '*');
}

/** Whether a path holds other keys and takes no value itself. */
export function isMapKey(path: Path): boolean {
  return keysBelow(path).length > 0 && !KEYS.some((key) => matches(path, key.path));
}

/** `listen.host` as `SALLYPORT_LISTEN_HOST`. What is under `tenants`, or is a map, has no variable. */
export function variableOf(path: Path): string | undefined {
  const takesText = KEYS.some((key) => matches(path, key.path) && key.schema.type !== 'object');
  if (path[0] === 'tenants' || !takesText) return undefined;
  return ['sallyport', ...path.map((name) => name.replace(/[A-Z]/g, '_$&'))].join('_').toUpperCase();
}

function keysBelow(path: Path): Key[] {
  return KEYS.filter((key) => key.path.length > path.length && matches(path, key.path.slice(0, path.length)));
}

function keysUnder(written: JsonSchema, read: JsonSchema, path: Path = [], required = true): Key[] {
  const held = childrenOf(written, read);
  const below = held.flatMap((child) => keysUnder(child.written, child.read, [...path, child.name], child.required));
  const takesNoValue = held.length > 0 && written.anyOf === undefined;
  if (takesNoValue) return below;
  const key = { path, schema: written, required, default: read.default, about: written.description ?? '' };
  return [key, ...(isSecret(path) ? [fileOf(key)] : []), ...below];
}

function isSecret(path: Path): boolean {
  return SECRETS.some((pattern) => dotted(pattern) === dotted(path));
}

function fileOf({ path }: Key): Key {
  const about = 'Path of a file that holds it';
  return { path: fileKeyOf(path), schema: { type: 'string' }, required: false, default: undefined, about };
}

interface Child {
  name: string;
  written: JsonSchema;
  read: JsonSchema;
  required: boolean;
}

function childrenOf(written: JsonSchema, read: JsonSchema): Child[] {
  const named = Object.entries(written.properties ?? {}).map(([name, schema]) => ({
    name,
    written: asSchema(schema),
    read: asSchema(read.properties?.[name]),
    required: written.required?.includes(name) ?? false,
  }));
  const any = [
    { written: asSchema(written.additionalProperties), read: asSchema(read.additionalProperties) },
    { written: asSchema(written.items), read: asSchema(read.items) },
  ].filter((child) => child.written.properties !== undefined);
  const alternatives = (written.anyOf ?? []).flatMap((branch) => childrenOf(branch, {}));
  return [
    ...named,
    ...any.map((child) => ({ name: '*', required: true, ...child })),
    ...alternatives,
    ...kindsOf(written, read),
  ];
}

/** Of a map that comes in several kinds, told apart by one key (`oneOf`): that key once, with all its values, then the others. */
function kindsOf(written: JsonSchema, read: JsonSchema): Child[] {
  const children = (written.oneOf ?? []).flatMap((kind, at) => childrenOf(kind, asSchema(read.oneOf?.[at])));
  return [...Map.groupBy(children, ({ name }) => name).values()].flatMap(([first, ...others]) => {
    if (!first) return [];
    if (others.length === 0) return [first];
    return [{ ...first, written: { anyOf: [first, ...others].map((child) => child.written) } }];
  });
}

function asSchema(schema: boolean | JsonSchema | (boolean | JsonSchema)[] | undefined): JsonSchema {
  return typeof schema === 'object' && !Array.isArray(schema) ? schema : {};
}
