// The one place where what was thrown becomes an answer: a page for a browser, a problem document (RFC 9457) for a program.
// The page's words belong to the renderer, which looks them up by the code.

import { STATUS_CODES } from 'node:http';
import type Koa from 'koa';
import type { Context, Middleware } from 'koa';
import { AppError, type ErrorCode } from '../errors.ts';
import type { Log } from '../observability/log.ts';
import { currentRequest } from './request-context.ts';

const PROBLEM = 'application/problem+json';

/** What an error page has to show. */
export interface ErrorPage {
  status: number;
  code: ErrorCode;
  requestId: string;
  time: Date;
  /** Seconds after which trying again makes sense, where that is known. */
  retryAfter: number | undefined;
}

export type RenderErrorPage = (ctx: Context, page: ErrorPage) => string | Promise<string>;

export interface ErrorHandlerDependencies {
  renderErrorPage: RenderErrorPage;
  log: Log;
}

/**
 * Answers for everything that is thrown below it, and for what nobody answered (404, 405). Runs inside `requestContext` and
 * `securityHeaders`, whose headers stay on the answer.
 */
export function handleErrors({ renderErrorPage, log }: ErrorHandlerDependencies): Middleware {
  return async (ctx, next) => {
    try {
      await next();
      if (isUnanswered(ctx)) throw fromStatus(ctx.status);
    } catch (thrown) {
      const error = asAppError(thrown);
      logError(currentRequest()?.log ?? log, error);
      if (ctx.headerSent || !ctx.writable) {
        ctx.res.destroy();
        return;
      }
      prepareAnswer(ctx, error);
      if (prefersPage(ctx)) await answerPage(ctx, error, renderErrorPage, log);
      else answerProblem(ctx, error);
    }
  };
}

/** What `thrown` means to whoever asked: an AppError as it is, koa's HTTP errors by their status, all else `internal_error`. */
export function asAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  if (thrown instanceof Error && 'expose' in thrown && 'status' in thrown && typeof thrown.status === 'number') {
    return fromStatus(thrown.status, thrown);
  }
  return fromStatus(500, thrown);
}

/** Logs what breaks where no answer can be given any more: a stream half-way, a response nobody listens to. */
export function logStrayErrors(app: Koa, log: Log): void {
  app.on('error', (err: unknown) => {
    if (isDisconnect(err)) log.debug({ err }, 'the client went away');
    else log.error({ err }, 'failed outside the error handler');
  });
}

// The connection broke, the client was too slow, or what it sent stopped being HTTP (llhttp's HPE_ codes).
const DISCONNECT = /^(?:ECONNRESET|EPIPE|ERR_STREAM_PREMATURE_CLOSE|ERR_HTTP_REQUEST_TIMEOUT|HPE_\w+)$/;

function isDisconnect(err: unknown): boolean {
  return err instanceof Error && 'code' in err && DISCONNECT.test(String(err.code));
}

function isUnanswered(ctx: Context): boolean {
  return ctx.respond !== false && ctx.status >= 400 && (ctx.body === undefined || ctx.body === null) && !ctx.headerSent;
}

function fromStatus(status: number, cause?: unknown): AppError {
  switch (status) {
    case 404:
      return new AppError('not_found', 404, 'There is nothing at this address.', { cause });
    case 405:
    case 501: // @koa/router's answer to a method that none of its routes has
      return new AppError('method_not_allowed', 405, 'This address does not accept that method.', { cause });
    case 413:
      return new AppError('payload_too_large', 413, 'The request is larger than this service accepts.', { cause });
    default:
      return status >= 400 && status < 500
        ? new AppError('bad_request', status, 'The request could not be understood.', { cause })
        : new AppError('internal_error', 500, 'Something went wrong on our side.', { cause });
  }
}

function logError(log: Log, error: AppError): void {
  const fields = { errorCode: error.code, status: error.status };
  if (error.status >= 500) log.error({ ...fields, err: error }, 'request failed');
  else log.info({ ...fields, ...(error.fields.length > 0 && { fields: error.fields }) }, 'request refused');
}

/** Takes back what described the answer that is not given, and keeps the rest (security headers, request id, Allow). */
function prepareAnswer(ctx: Context, error: AppError): void {
  for (const name of ['Content-Encoding', 'Content-Length', 'Content-Type', 'ETag', 'Last-Modified', 'Set-Cookie']) {
    ctx.remove(name);
  }
  ctx.respond = true;
  ctx.status = error.status;
  ctx.set('Cache-Control', 'no-store');
  ctx.vary('Accept');
  if (error.retryAfter !== undefined) ctx.set('Retry-After', String(Math.ceil(error.retryAfter)));
}

/** A browser names HTML; whoever accepts anything, or says nothing, is a program. */
function prefersPage(ctx: Context): boolean {
  return ctx.accepts(PROBLEM, 'application/json', 'text/html') === 'text/html';
}

async function answerPage(ctx: Context, error: AppError, render: RenderErrorPage, log: Log): Promise<void> {
  const { status, code, retryAfter } = error;
  const page = { status, code, retryAfter, requestId: requestId(), time: new Date() };
  try {
    const html = await render(ctx, page);
    ctx.type = 'html';
    ctx.body = html;
  } catch (err) {
    (currentRequest()?.log ?? log).error({ err, errorCode: code }, 'the error page could not be rendered');
    ctx.type = 'text/plain';
    ctx.body = `${error.publicMessage}\n\nCode: ${code}\nRequest: ${page.requestId}\nTime: ${page.time.toISOString()}\n`;
  }
}

function answerProblem(ctx: Context, { status, code, publicMessage, fields }: AppError): void {
  ctx.body = JSON.stringify({
    type: 'about:blank',
    title: STATUS_CODES[status],
    status,
    detail: publicMessage,
    code,
    requestId: requestId(),
    ...(fields.length > 0 && { errors: fields }),
  });
  ctx.set('Content-Type', PROBLEM);
}

function requestId(): string {
  return currentRequest()?.requestId ?? 'unknown';
}
