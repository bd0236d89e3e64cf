import type { z } from 'zod';

/**
 * Reads settings that were stored as JSON through the schema that this version has: new members get their defaults, and
 * members that it does not know are left out, since a newer version may run beside it during a rolling migration.
 *
 * @throws ZodError when what is left does not fit.
 */
export function readStored<Schema extends z.ZodType>(schema: Schema, stored: unknown): z.output<Schema> {
  const result = schema.safeParse(stored);
  if (result.success) return result.data;

  const known = structuredClone(stored);
  for (const issue of result.error.issues) {
    if (issue.code === 'unrecognized_keys') removeKeys(known, issue.path, issue.keys);
  }
  return schema.parse(known);
}

function removeKeys(root: unknown, path: readonly PropertyKey[], keys: readonly string[]): void {
  const parent = path.reduce<unknown>((value, key) => (isObject(value) ? Reflect.get(value, key) : undefined), root);
  if (isObject(parent)) for (const key of keys) Reflect.deleteProperty(parent, key);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
