// The log: JSON lines by pino. Whatever is handed to it passes through here once more, so that a password, a code or a token
// that somebody logs by mistake is not written. What each request came to is access-log.ts.

import { pino, type DestinationStream, type Logger } from 'pino';

/** Fields come first, then the message. What `child` binds and the message itself are written as they are. */
export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'child'>;

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

export interface LogOptions {
  level: LogLevel;
  /** Where the lines go; standard output unless told. */
  destination?: DestinationStream;
}

export function createLog({ level, destination }: LogOptions): Log {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }), log: redactFields },
    // `redactFields` has described the errors already; pino's own serializer would add every property they carry.
    serializers: { err: (described: unknown) => described },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

const REDACTED = '[redacted]';
const DEEPEST = 6;
const LONGEST_TEXT = 2_000;
const LONGEST_STACK = 8_000;

// Names without `-` and `_`, in lower case. `code` only as the whole name: `statusCode` and `errorCode` are wanted.
const SECRET_NAME =
  /(?:passwords?|passwd|secrets?|tokens?|cookies?|authorization|assertion|tokenhint|codeverifier|apikey|privatekey|otp|csrf)$|^(?:recovery|user|device|authorization)?codes?$/;

function redactFields(fields: Record<string, unknown>): Record<string, unknown> {
  return redactEntries(fields, 0);
}

function redactEntries(fields: object, depth: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, isSecret(name) ? REDACTED : redact(value, depth + 1)]),
  );
}

function isSecret(name: string): boolean {
  return SECRET_NAME.test(name.replaceAll(/[-_]/g, '').toLowerCase());
}

function redact(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return redactText(value, LONGEST_TEXT);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (depth > DEEPEST) return '[deep]';
  if (value instanceof Error) return describeError(value, depth);
  if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1));
  return isPlain(value) ? redactEntries(value, depth) : `[${value.constructor.name}]`;
}

/** A socket, a request or a buffer leads to everything there is; only data is written out. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** An error without its other properties: database and Redis clients hang rows and arguments on theirs. */
function describeError(error: Error, depth: number): Record<string, unknown> {
  const code: unknown = 'code' in error ? error.code : undefined;
  return {
    type: error.name,
    message: redactText(error.message, LONGEST_TEXT),
    ...(typeof code === 'string' && { errorCode: code }),
    stack: redactText(error.stack ?? '', LONGEST_STACK),
    ...(error.cause !== undefined && { cause: redact(error.cause, depth + 1) }),
    ...(error instanceof AggregateError && { errors: redact(error.errors, depth + 1) }),
  };
}

/** The text with its URLs cut down to where they lead: no user and password before the host, no query, no fragment. */
function redactText(text: string, longest: number): string {
  const bounded = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return bounded
    .replaceAll(/([a-z][a-z0-9+.-]{0,15}:\/\/)([^\s?#"']*)(?:[?#][^\s"']*)?/gi, (_, scheme: string, rest: string) => {
      return scheme + rest.slice(rest.lastIndexOf('@', authorityEnd(rest)) + 1);
    })
    .replace(/^(\/[^\s?#]*)[?#].*$/s, '$1');
}

function authorityEnd(rest: string): number {
  const slash = rest.indexOf('/');
  return slash === -1 ? rest.length : slash;
}
