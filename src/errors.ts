// Faults and refusals that end a request. http/error-handler.ts turns one into a page or a problem document; nobody else does.

/** Stable codes that people, support and documentation refer to. */
export type ErrorCode =
  | 'bad_request'
  | 'forbidden_origin'
  | 'invalid_form'
  | 'not_found'
  | 'method_not_allowed'
  | 'payload_too_large'
  | 'too_many_attempts'
  | 'wrong_host'
  | 'unknown_tenant'
  | 'tenant_suspended'
  | 'login_expired'
  | 'link_unusable'
  | 'invalid_token'
  | 'directory_unavailable'
  | 'storage_unavailable'
  | 'overloaded'
  | 'invalid_configuration'
  | 'internal_error';

/** A field of a form or body that was refused, and why; never its value. */
export interface FieldProblem {
  field: string;
  problem: string;
}

export interface AppErrorOptions {
  cause?: unknown;
  /** Seconds after which trying again makes sense; becomes `Retry-After`. */
  retryAfter?: number;
  fields?: readonly FieldProblem[];
}

/** An error whose `publicMessage` is safe to show to anybody; whatever must stay inside belongs in `cause`. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly publicMessage: string;
  readonly retryAfter: number | undefined;
  readonly fields: readonly FieldProblem[];

  constructor(code: ErrorCode, status: number, publicMessage: string, options: AppErrorOptions = {}) {
    const { cause, retryAfter, fields = [] } = options;
    super(`${code}: ${publicMessage}`, { cause });
    this.name = 'AppError';
    this.code = code;
    this.status = status;
    this.publicMessage = publicMessage;
    this.retryAfter = retryAfter;
    this.fields = fields;
  }
}

/** The directory did not answer, or answered something that is no LDAP result. Never a wrong password. */
export function directoryUnavailable(cause: unknown): AppError {
  return new AppError('directory_unavailable', 503, 'The directory does not answer at the moment.', {
    cause,
    retryAfter: 10,
  });
}

/** Postgres or the ephemeral store did not answer. */
export function storageUnavailable(cause: unknown): AppError {
  return new AppError('storage_unavailable', 503, 'The service cannot reach its storage at the moment.', {
    cause,
    retryAfter: 5,
  });
}

/** This process has as much to do as it may take on. */
export function overloaded(): AppError {
  return new AppError('overloaded', 503, 'The service is busy at the moment.', { retryAfter: 2 });
}

/** Whoever asks has as much under way here as they may. */
export function tooManyAtOnce(): AppError {
  return new AppError('too_many_attempts', 429, 'Too many requests at once.', { retryAfter: 1 });
}

/** Down to the cause: what a fault says to the public does not help whoever runs the server. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error instanceof AggregateError ? error.errors.map(reasonOf).join('; ') : error.message;
  return error.cause === undefined ? own : `${own} (${reasonOf(error.cause)})`;
}
