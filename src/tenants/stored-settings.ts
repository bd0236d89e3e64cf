// Settings as JSON in the database, where processes of two versions read and write them during a rolling migration: only what
// differs from the defaults is stored, and what this version does not know is left out. So a default that means something to
// people is changed together with a migration that writes the old value down.

import { isDeepStrictEqual } from 'node:util';

import type { z } from 'zod';

/**
 * The settings without whatever the schema fills in by itself. A default that changes, or grows, is then not written down for
 * processes of the version before, which may not be able to read it.
 */
export function withoutDefaults<Schema extends z.ZodType>(schema: Schema, settings: z.output<Schema>): unknown {
  const left: unknown = plain(settings);
  const whole = plain(settings);
  const isRead = () => isDeepStrictEqual(plain(schema.safeParse(left).data), whole);
  const prune = (node: object): void => {
    for (const [name, value] of Object.entries<unknown>({ ...node })) {
      Reflect.deleteProperty(node, name);
      if (isRead()) continue;
      Reflect.set(node, name, value);
      if (isObject(value) && !Array.isArray(value)) prune(value);
    }
  };
  if (isObject(left)) prune(left);
  return left;
}

/** As JSON has it: a member that is undefined is none. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

/**
 * Reads settings that were stored as JSON through the schema that this version has: new members get their defaults, and
 * members that it does not know, of an object or of a list of names, are left out, since a newer version may run beside it during
 * a rolling migration.
 *
 * @throws ZodError when what is left does not fit.
 */
export function readStored<Schema extends z.ZodType>(schema: Schema, stored: unknown): z.output<Schema> {
  const result = schema.safeParse(stored);
  if (result.success) return result.data;

  const known = structuredClone(stored);
  // From the end, so that the places of list members that are still to go stay as they are told.
  for (const issue of result.error.issues.toReversed()) {
    if (issue.code === 'unrecognized_keys') removeKeys(at(known, issue.path), issue.keys);
    if (issue.code === 'invalid_value') removeMember(at(known, issue.path.slice(0, -1)), issue.path.at(-1));
  }
  return schema.parse(known);
}

function at(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (isObject(value) ? Reflect.get(value, key) : undefined), root);
}

function removeKeys(parent: unknown, keys: readonly string[]): void {
  if (isObject(parent)) for (const key of keys) Reflect.deleteProperty(parent, key);
}

/** Of a list only: a member of an object that is wrong is no name to leave out. */
function removeMember(parent: unknown, index: PropertyKey | undefined): void {
  if (Array.isArray(parent) && typeof index === 'number') parent.splice(index, 1);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
