// What the admin API answers when it does not do what was asked (RFC 9457). Every code has a page in docs/problems.md.

/** Code → status and title. */
export const PROBLEMS = {
  'invalid-request': { status: 400, title: 'Something in the request is missing or wrong' },
  'invalid-filter': { status: 400, title: 'The filter cannot be read' },
  'invalid-sort': { status: 400, title: 'The list cannot be sorted so' },
  'invalid-page-token': { status: 400, title: 'The page token is not of this list' },
  'invalid-json': { status: 400, title: 'The body is no JSON' },
  unauthenticated: { status: 401, title: 'A token or key is missing, or not good' },
  'insufficient-user-authentication': { status: 401, title: 'A fresh second factor is asked for' },
  'permission-denied': { status: 403, title: 'The permission is lacking' },
  'grant-exceeds-own': { status: 403, title: 'Nobody gives what they do not hold' },
  'not-found': { status: 404, title: 'There is no such thing' },
  'method-not-allowed': { status: 405, title: 'This address does not accept that method' },
  conflict: { status: 409, title: 'Another one stands in the way' },
  'owned-by-file': { status: 409, title: 'The configuration file owns it' },
  'owned-by-directory': { status: 409, title: 'The directory owns it' },
  'built-in': { status: 409, title: 'It is built in' },
  'last-owner': { status: 409, title: 'The last owner stays' },
  'wrong-state': { status: 409, title: 'It is not in the state for that' },
  'precondition-failed': { status: 412, title: 'It has changed in between' },
  'payload-too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'The body is of another type' },
  'idempotency-key-reused': { status: 422, title: 'The idempotency key was used for something else' },
  'precondition-required': { status: 428, title: 'The write has to say which state it is for' },
  'too-many-requests': { status: 429, title: 'Too many requests' },
  internal: { status: 500, title: 'Something went wrong on our side' },
  unavailable: { status: 503, title: 'Something that is needed does not answer' },
} as const;

export type ProblemCode = keyof typeof PROBLEMS;

const isCode = (code: string): code is ProblemCode => Object.hasOwn(PROBLEMS, code);

export const PROBLEM_CODES: readonly ProblemCode[] = Object.keys(PROBLEMS).filter(isCode);

/** Where in the body, as a JSON pointer in a fragment (`#/redirect_uris/0`), or which `parameter`, and what is wrong with it; never its value. */
export type ProblemDetail = { pointer: string; detail: string } | { parameter: string; detail: string };

export interface ProblemOptions {
  cause?: unknown;
  errors?: readonly ProblemDetail[];
  /** Beside those that every problem has, as `WWW-Authenticate`. */
  headers?: Readonly<Record<string, string>>;
  /** Seconds. */
  retryAfter?: number;
}

/** `detail` is safe to show to whoever called. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly errors: readonly ProblemDetail[];
  readonly headers: Readonly<Record<string, string>>;
  readonly retryAfter: number | undefined;

  constructor(
    code: ProblemCode,
    detail: string,
    { cause, errors = [], headers = {}, retryAfter }: ProblemOptions = {},
  ) {
    super(`${code}: ${detail}`, { cause });
    this.name = 'Problem';
    this.code = code;
    this.detail = detail;
    this.errors = errors;
    this.headers = headers;
    this.retryAfter = retryAfter;
  }

  get status(): number {
    return PROBLEMS[this.code].status;
  }
}

export function lastOwner(): Problem {
  return new Problem('last-owner', 'Nobody else would be an owner of this tenant. Make somebody else an owner first.');
}

/** Of an id that does not exist, and of another tenant's alike. */
export function notFound(what: string): Problem {
  return new Problem('not-found', `There is no such ${what}.`);
}

/** Why `assert` refuses; undefined where it does not. Faults are thrown. */
export async function whyRefused(assert: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await assert();
    return undefined;
  } catch (error) {
    if (error instanceof Problem) return error.detail;
    throw error;
  }
}
