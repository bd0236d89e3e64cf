// An answer of the admin API as HTTP has it.

import { Readable } from 'node:stream';

import type { AdminRoute, Answer } from '../route.ts';

/** What of Koa's context an answer needs. */
interface Context {
  method: string;
  status: number;
  type: string;
  body: unknown;
  get(name: string): string;
  set(name: string, value: string): void;
  set(headers: Record<string, string>): void;
}

/** The OpenAPI document, which anybody may read. */
export interface ServedDocument {
  json: string;
  etag: string;
}

/** @param base in front of the paths of what was made. */
export function give(ctx: Context, { gives }: AdminRoute, answer: Answer & { status: number }, base: string): void {
  const { status, body, etag, location, mediaType } = answer;
  ctx.status = status;
  if (location !== undefined) ctx.set('Location', base + location);
  if (etag !== undefined) ctx.set('ETag', etag);
  if (gives !== undefined) {
    giveStream(ctx, mediaType ?? gives, body);
  } else if (body === undefined) {
    ctx.body = null;
    ctx.status = status;
  } else {
    ctx.type = 'application/json';
    ctx.body = JSON.stringify(body);
    if (isSeen(ctx, etag)) ctx.status = 304;
  }
}

export function giveDocument(ctx: Context, { json, etag }: ServedDocument): void {
  ctx.status = 200;
  ctx.set({ 'Cache-Control': 'no-cache', ETag: etag });
  ctx.type = 'application/json';
  ctx.body = json;
  if (isSeen(ctx, etag)) ctx.status = 304;
}

/** RFC 9110 13.1.2. Koa's own answer would mind `Cache-Control: no-cache`, which `fetch` adds and which is said to caches. */
function isSeen(ctx: Context, etag: string | undefined): boolean {
  const seen = ctx.get('If-None-Match').split(',');
  const isRead = ctx.method === 'GET' || ctx.method === 'HEAD';
  return isRead && etag !== undefined && seen.some((tag) => tag.trim().replace(/^W\//, '') === etag);
}

function giveStream(ctx: Context, type: string, stream: unknown): void {
  if (!(stream instanceof Readable)) throw new Error('a route that gives a stream answered something else');
  ctx.set('Content-Type', type);
  ctx.body = stream;
}
