// Form bodies: bounded and flat, and the bounded reading that the admin API's JSON (admin/json-body.ts) shares. oidc-provider reads
// its own endpoints' elsewhere.

import type { IncomingMessage } from 'node:http';
import { Readable, Stream } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { Context, Middleware } from 'koa';
import { AppError } from '../errors.ts';

const LONGEST_FORM = 64 * 1024;
const LINGER_MS = 2_000;

// No `__proto__`, no brackets that some parser might nest, no control characters.
const FIELD_NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/;

/** The fields of a form by name; without a prototype. */
export type FormFields = Readonly<Record<string, string>>;

/**
 * Reads an `application/x-www-form-urlencoded` body (WHATWG URL 5).
 *
 * @throws AppError `payload_too_large` (413) over 64 KiB, without reading further; `invalid_form` (415) for another content
 * type, (400) for a repeated field, a name that no form of ours has, or a NUL; `bad_request` (400) when the body breaks off.
 */
export async function readFormBody(ctx: Context): Promise<FormFields> {
  return flat(await readFormPairs(ctx, LONGEST_FORM));
}

/**
 * Reads a form in which names may repeat and mean what somebody else knows.
 *
 * @param longest bytes.
 * @throws AppError as `readFormBody` does, but for what it says of names and values.
 */
export async function readFormPairs(ctx: Context, longest: number): Promise<URLSearchParams> {
  const charset = ctx.request.charset.toLowerCase();
  if (!ctx.is('application/x-www-form-urlencoded') || (charset !== '' && charset !== 'utf-8')) {
    throw new AppError('invalid_form', 415, 'The form must be sent as application/x-www-form-urlencoded in UTF-8.');
  }
  if (ctx.get('Content-Encoding') !== '') throw new AppError('invalid_form', 415, 'The form must not be compressed.');
  return new URLSearchParams((await readBounded(ctx.req, longest)).toString('utf8'));
}

/**
 * @param longest bytes.
 * @throws AppError `payload_too_large` (413) over that, without reading further; `bad_request` (400) when the body breaks off.
 */
export async function readBounded(request: IncomingMessage, longest: number): Promise<Buffer> {
  if (Number(request.headers['content-length']) > longest) throw tooLarge();
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      length += chunk.length;
      if (length > longest) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError('bad_request', 400, 'The request broke off before all of it had arrived.', { cause });
  }
  return Buffer.concat(chunks);
}

function tooLarge(): AppError {
  return new AppError('payload_too_large', 413, 'What was sent is larger than this service accepts.');
}

function flat(pairs: URLSearchParams): FormFields {
  const fields: Record<string, string> = Object.create(null);
  for (const [name, value] of pairs) {
    if (!FIELD_NAME.test(name) || name in fields || value.includes('\0')) {
      throw new AppError('invalid_form', 400, 'The form could not be understood.');
    }
    fields[name] = value;
  }
  return fields;
}

/**
 * Ends the connection politely after an answer that did not wait for the whole request. Keeping it would mean to swallow the
 * rest; closing it at once would reset it, and the client that is still sending would never see the answer (RFC 9112 9.6).
 * So the answer goes out at once, and the close waits for the client to stop, two seconds at most.
 */
export const closeAfterUnreadBody: Middleware = async (ctx, next) => {
  await next();
  const answer = textOf(ctx.body);
  if (ctx.req.complete || ctx.respond === false || answer === undefined) return;
  ctx.set('Connection', 'close');
  ctx.body = Readable.from(answerThenLinger(answer, ctx.req));
  ctx.length = Buffer.byteLength(answer);
};

/** What Koa sends of a body: a text, or data as JSON; undefined for a stream or a buffer. */
function textOf(body: unknown): string | undefined {
  if (typeof body === 'string') return body;
  const isData = typeof body === 'object' && body !== null && !(body instanceof Stream) && !Buffer.isBuffer(body);
  return isData ? JSON.stringify(body) : undefined;
}

async function* answerThenLinger(answer: string, request: IncomingMessage): AsyncGenerator<string> {
  yield answer;
  request.resume();
  await finished(request, { signal: AbortSignal.timeout(LINGER_MS) }).catch(() => undefined);
}
