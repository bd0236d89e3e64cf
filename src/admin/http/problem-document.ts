// What was thrown below /admin/v1 as a problem document (RFC 9457), whoever asks: a program reads it, never a page.

import { AppError } from '../../errors.ts';
import type { ErrorCode } from '../../errors.ts';
import { PROBLEMS, Problem } from '../problem.ts';
import type { ProblemCode } from '../problem.ts';

export const PROBLEM_TYPE = 'application/problem+json';

/** Faults and refusals from below, in the API's own words. */
const CODES: Partial<Record<ErrorCode, ProblemCode>> = {
  bad_request: 'invalid-request',
  not_found: 'not-found',
  method_not_allowed: 'method-not-allowed',
  payload_too_large: 'payload-too-large',
  too_many_attempts: 'too-many-requests',
  unknown_tenant: 'not-found',
  directory_unavailable: 'unavailable',
  storage_unavailable: 'unavailable',
  overloaded: 'unavailable',
};

/** @param thrown anything; what is none of ours is an `internal` problem with it as its cause. */
export function problemOf(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  if (!(thrown instanceof AppError)) return internal(thrown);
  const code = CODES[thrown.code];
  if (code === undefined) return internal(thrown);
  const { publicMessage, retryAfter } = thrown;
  return new Problem(code, publicMessage, { cause: thrown, ...(retryAfter !== undefined && { retryAfter }) });
}

function internal(cause: unknown): Problem {
  return new Problem('internal', 'Something went wrong on our side.', { cause });
}

export interface ProblemDocument {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** @param typeBase in front of the code, where its page is. */
export function problemDocument(problem: Problem, typeBase: string, requestId: string): ProblemDocument {
  const { code, status, detail, errors, retryAfter } = problem;
  const document = {
    type: `${typeBase}/${code}`,
    title: PROBLEMS[code].title,
    status,
    detail,
    code,
    requestId,
    ...(errors.length > 0 && { errors }),
  };
  return {
    status,
    headers: {
      'Content-Type': PROBLEM_TYPE,
      'Cache-Control': 'no-store',
      ...(retryAfter !== undefined && { 'Retry-After': String(Math.ceil(retryAfter)) }),
      // RFC 9110 15.5.2: never without one.
      ...(status === 401 && { 'WWW-Authenticate': 'Bearer' }),
      ...problem.headers,
    },
    body: JSON.stringify(document),
  };
}
