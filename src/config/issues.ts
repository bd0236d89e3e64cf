// A schema's refusals in words of ours: what is wrong, and how to mend it. Never the value itself.

import type { z } from 'zod';

import { namesAfter, variableOf } from './keys.ts';
import { nearest } from './nearest.ts';
import { SECRETS, fileKeyOf } from './schema.ts';
import { isMap, matches, valueAt } from './tree.ts';
import type { Finding, Path, Tree } from './tree.ts';

type Issue = z.core.$ZodIssue;

/**
 * `issues` of a parse whose error map answers nothing: an issue has a message only where the schema has words of its own,
 * and these say how to mend it.
 */
export function findingsOf(issues: readonly Issue[], values: Tree, above: Path = []): Finding[] {
  return issues.flatMap((issue) => {
    const path = [...above, ...issue.path.map(String)];
    if (issue.code === 'unrecognized_keys') return issue.keys.map((name) => unknownKey(path, name, values));
    if (issue.code === 'invalid_union') return findingsOfUnion(issue, path, values);
    if (issue.code === 'invalid_key') return [invalidName(path, issue.issues)];
    return [{ path, ...explain(issue, path, valueAt(values, path)) }];
  });
}

function unknownKey(above: Path, name: string, values: Tree): Finding {
  const at = [...above, name];
  const known = namesAfter(above);
  const meant = nearest(name, known);
  if (known.includes(name)) {
    return {
      path: at,
      message: 'belongs to another provider',
      mend: 'remove it, or name the provider that it belongs to',
    };
  }
  const message = 'is not a known key';
  if (meant !== undefined) return { path: at, message, mend: `did you mean ${meant}?` };
  // In `{ password: hunter2,rest }` and `{password:hunter2}` what is read as a key is a secret, or the rest of one.
  if (valueAt(values, at) === null) {
    const mend = 'put a value with a comma in quotes, and a space after a colon';
    return { path: [...above, '…'], at, message, mend };
  }
  return { path: at, message, mend: `remove it; what may stand here: ${known.join(', ')}` };
}

function invalidName(path: Path, issues: readonly Issue[]): Finding {
  return { path, message: 'is not a name that can be used here', mend: issues[0]?.message || 'use another name' };
}

/** The form that was meant is the one whose type fits; if none does, all of them are told. */
function findingsOfUnion(issue: Issue & { code: 'invalid_union' }, path: Path, values: Tree): Finding[] {
  if ('options' in issue && issue.options) return [unknownKind(path, issue.options.map(String), valueAt(values, path))];
  const meant = issue.errors.find((form) => !form.some(isOfAnotherType));
  if (meant) return findingsOf(meant, values, path);
  const forms = issue.errors.flatMap((form) => form.filter(isOfAnotherType).map(formOf));
  return [{ path, message: stateOf(valueAt(values, path)), mend: `use ${forms.join(' or ')}` }];
}

/** Of a map that comes in several kinds: the key that tells them apart is missing, or names none. */
function unknownKind(path: Path, kinds: readonly string[], value: unknown): Finding {
  const message = value === undefined ? 'is missing' : stateOf(value);
  return { path, message, mend: mendOfChoice(kinds, value) };
}

function isOfAnotherType(issue: Issue): boolean {
  return issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value');
}

function formOf(issue: Issue): string {
  if (issue.code === 'invalid_value') return issue.values.map(String).join(' or ');
  return issue.code === 'invalid_type' ? nameOfType(issue.expected) : '';
}

function explain(issue: Issue, path: Path, value: unknown): Omit<Finding, 'path'> {
  if (value === undefined) return { message: 'is missing', mend: issue.message || mendOfMissing(path) };
  if (issue.message) return { message: stateOf(value), mend: issue.message };
  switch (issue.code) {
    case 'invalid_type':
      return {
        message: `must be ${nameOfType(issue.expected)}, and is ${typeOf(value)}`,
        mend: mendOfType(issue.expected),
      };
    case 'invalid_value':
      return { message: stateOf(value), mend: mendOfChoice(issue.values.map(String), value) };
    case 'too_small':
      return { message: stateOf(value), mend: `use at least ${quantity(issue.minimum, issue.origin)}` };
    case 'too_big':
      return { message: stateOf(value), mend: `use at most ${quantity(issue.maximum, issue.origin)}` };
    case 'invalid_format':
      return {
        message: stateOf(value),
        mend: issue.format === 'url' ? 'write an absolute URL, as https://…' : 'correct it',
      };
    default:
      return { message: stateOf(value), mend: 'compare it with docs/configuration.md' };
  }
}

function mendOfMissing(path: Path): string {
  const place = SECRETS.some((secret) => matches(path, secret)) ? fileKeyOf(path) : path;
  const variable = variableOf(place);
  const name = place.at(-1) ?? '';
  if (/^\d+$/.test(name)) return 'count from 0 on, without a gap';
  return variable === undefined ? `add ${name}` : `add ${name}, or set ${variable}`;
}

function mendOfType(expected: string): string {
  if (expected === 'string') return 'put the value in quotes';
  if (expected === 'array') return 'write a list, as [a, b]';
  if (expected === 'object' || expected === 'record') return 'write keys with values below it';
  return `write ${nameOfType(expected)}, without quotes`;
}

function mendOfChoice(values: readonly string[], value: unknown): string {
  const meant = typeof value === 'string' ? nearest(value, values) : undefined;
  return meant === undefined ? `use ${values.join(' or ')}` : `did you mean ${meant}?`;
}

function quantity(bound: number | bigint, origin: string): string {
  if (origin === 'array') return `${String(bound)} ${bound === 1 ? 'entry' : 'entries'}`;
  return origin === 'string' ? `${String(bound)} ${bound === 1 ? 'character' : 'characters'}` : String(bound);
}

function stateOf(value: unknown): string {
  const isEmpty = value === '' || (Array.isArray(value) && value.length === 0);
  return isEmpty ? 'is empty' : 'is not valid';
}

const TYPE_NAMES: Record<string, string | undefined> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map of keys',
  record: 'a map of keys',
};

function nameOfType(type: string): string {
  return TYPE_NAMES[type] ?? type;
}

function typeOf(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return nameOfType('array');
  return nameOfType(isMap(value) ? 'object' : typeof value);
}
