// A request's JSON: bounded in bytes and depth before it is parsed, and without the names that reach a prototype.

import type { IncomingMessage } from 'node:http';

import { readBounded } from '../../http/body.ts';
import { asPointer } from '../checked.ts';
import { Problem } from '../problem.ts';
import type { Method } from '../route.ts';

/** Bytes. */
const LONGEST_BODY = 1024 * 1024;
const DEEPEST_BODY = 20;

const JSON_TYPE = 'application/json';
/** RFC 7396. */
const MERGE_PATCH = 'application/merge-patch+json';
const FORBIDDEN = ['__proto__', 'constructor', 'prototype'];

/** The media types of a JSON body that a route with this method takes. */
export function bodyTypesOf(method: Method): readonly string[] {
  return method === 'PATCH' ? [MERGE_PATCH, JSON_TYPE] : [JSON_TYPE];
}

/**
 * Undefined where nothing was sent.
 *
 * @throws Problem `unsupported-media-type`, `payload-too-large` (without reading further), `invalid-json`, `invalid-request`.
 */
export async function readJsonBody(request: IncomingMessage, method: Method): Promise<unknown> {
  if (!hasBody(request)) return undefined;
  assertType(request, bodyTypesOf(method));
  const bytes = await readBounded(request, LONGEST_BODY);
  if (bytes.length === 0) return undefined;
  const text = decoded(bytes);
  assertShallow(text);
  const body = parsed(text);
  assertNames(body, []);
  return body;
}

/** RFC 9112 6. */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** @returns the media type, without parameters. */
export function assertType({ headers }: IncomingMessage, types: readonly string[]): string {
  const [type = '', ...parameters] = (headers['content-type'] ?? '').toLowerCase().split(';');
  const charset = parameters.map((one) => one.trim()).find((one) => one.startsWith('charset='));
  const isUtf8 = charset === undefined || /^charset="?utf-8"?$/.test(charset);
  const isPlain = (headers['content-encoding'] ?? 'identity') === 'identity';
  if (isUtf8 && isPlain && types.includes(type.trim())) return type.trim();
  throw new Problem('unsupported-media-type', `Send ${types.join(' or ')} in UTF-8, not compressed.`, {
    headers: { Accept: types.join(', ') },
  });
}

function decoded(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Problem('invalid-json', 'The body is not UTF-8.', { cause });
  }
}

/** Counts brackets outside of texts, before anything is built of them. */
function assertShallow(text: string): void {
  let depth = 0;
  let inText = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (inText) {
      if (character === '\\') at++;
      else if (character === '"') inText = false;
    } else if (character === '"') {
      inText = true;
    } else if (character === '{' || character === '[') {
      if (++depth > DEEPEST_BODY) {
        throw new Problem('invalid-json', `The body has more than ${String(DEEPEST_BODY)} levels.`);
      }
    } else if (character === '}' || character === ']') {
      depth--;
    }
  }
}

/** The parser's own message would repeat a part of the body. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem('invalid-json', 'The body is no JSON.');
  }
}

function assertNames(value: unknown, path: readonly string[]): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    const here = [...path, name];
    if (FORBIDDEN.includes(name)) {
      throw new Problem('invalid-request', 'Something in the request is missing or wrong.', {
        errors: [asPointer(here, 'is no name of a member')],
      });
    }
    assertNames(member, here);
  }
}
