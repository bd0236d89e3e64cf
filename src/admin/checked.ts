// What was sent, held against its schema: by dispatch.ts for what a route declares, by a route for what a merge patch comes to.

import type { z } from 'zod';

import { Problem } from './problem.ts';
import type { ProblemDetail } from './problem.ts';

/** Where something is wrong, as the caller is told it. */
export type Told = (path: readonly PropertyKey[], detail: string) => ProblemDetail;

export const asParameter: Told = (path, detail) => ({ parameter: path.join('.'), detail });
/** RFC 6901, as a fragment. */
export const asPointer: Told = (path, detail) => ({ pointer: `#${path.map(segment).join('')}`, detail });

function segment(key: PropertyKey): string {
  return `/${encodeURIComponent(String(key).replaceAll('~', '~0').replaceAll('/', '~1'))}`;
}

/**
 * PostgreSQL stores no NUL, and no half of a surrogate pair: whatever the schemas say, none gets that far.
 * @throws Problem `invalid-request`
 */
export function assertStorable(value: unknown, told: Told, path: readonly string[] = []): void {
  if (typeof value === 'string' && !isStorable(value))
    throw invalid([told(path, 'has characters that cannot be stored')]);
  if (typeof value !== 'object' || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    if (!isStorable(name)) throw invalid([told(path, 'has a name with characters that cannot be stored')]);
    assertStorable(member, told, [...path, name]);
  }
}

export function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

/** Without a schema there is nothing to be sent. */
export function check(schema: z.ZodType | undefined, value: unknown, told: Told): unknown {
  if (!schema) {
    const given = typeof value === 'object' && value !== null ? Object.keys(value) : [];
    if (given.length === 0) return value;
    throw invalid(given.map((name) => told([name], 'is not known here')));
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw invalid(result.error.issues.flatMap((issue) => detailsOf(issue, told)));
}

/** What a body, or a part of it at `above`, comes to by a schema. */
export function checkedBody<Schema extends z.ZodType>(
  schema: Schema,
  body: unknown,
  above: readonly string[] = [],
): z.output<Schema> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw invalid(
    result.error.issues.flatMap((issue) => detailsOf(issue, (path, detail) => asPointer([...above, ...path], detail))),
  );
}

function detailsOf(issue: z.core.$ZodIssue, told: Told): ProblemDetail[] {
  if (issue.code !== 'unrecognized_keys') return [told(issue.path, issue.message)];
  return issue.keys.map((key) => told([...issue.path, key], 'is not known here'));
}

export function invalid(errors: readonly ProblemDetail[]): Problem {
  return new Problem('invalid-request', 'Something in the request is missing or wrong.', {
    errors: errors.slice(0, 50),
  });
}
