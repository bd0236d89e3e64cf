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
  | 'login_elsewhere'
  | 'directory_unavailable'
  | 'storage_unavailable'
  | 'invalid_configuration'
  | 'internal_error';

export interface AppErrorOptions {
  cause?: unknown;
  /** Seconds after which trying again makes sense; becomes `Retry-After`. */
  retryAfter?: number;
}

/** An error whose `publicMessage` is safe to show to anybody; whatever must stay inside belongs in `cause`. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly publicMessage: string;
  readonly retryAfter: number | undefined;

  constructor(code: ErrorCode, status: number, publicMessage: string, { cause, retryAfter }: AppErrorOptions = {}) {
    super(`${code}: ${publicMessage}`, { cause });
    this.name = 'AppError';
    this.code = code;
    this.status = status;
    this.publicMessage = publicMessage;
    this.retryAfter = retryAfter;
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
