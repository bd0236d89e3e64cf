// The admin API over HTTP: each route at its address, what is asked of every request before it gets there, and every answer as JSON
// or a problem document. What a route does is dispatch.ts's and its own.

import { Readable } from 'node:stream';

import { Router } from '@koa/router';
import type { Context, Middleware, Next } from 'koa';
import compose from 'koa-compose';

import { allowBodyTime } from '../../http/body-time.ts';
import { hostOf } from '../../http/public-host.ts';
import { currentRequest, describeRequest } from '../../http/request-context.ts';
import type { Log } from '../../observability/log.ts';
import type { Authenticate } from '../authentication/authenticate.ts';
import type { Caller } from '../caller.ts';
import type { Dispatch, Sent } from '../dispatch.ts';
import { assertKey, isRepeatable, requestHashOf } from './idempotency.ts';
import type { Idempotency } from './idempotency.ts';
import { assertType, readJsonBody } from './json-body.ts';
import { PROBLEM_TYPE, problemDocument, problemOf } from './problem-document.ts';
import { Problem, notFound } from '../problem.ts';
import type { RequestLimits } from './request-limits.ts';
import type { AdminRoute, Answer } from '../route.ts';

export const BASE = '/admin/v1';
/** A stream is read as fast as it is worked off. */
const LONGEST_STREAM_MS = 60 * 60 * 1000;

export interface AdminRoutesDeps {
  /** An origin. */
  publicUrl: string;
  routes: readonly AdminRoute[];
  dispatch: Dispatch;
  authenticate: Authenticate;
  limits: RequestLimits;
  idempotency: Idempotency;
  log: Log;
  document: () => Promise<ServedDocument>;
}

/** The OpenAPI document, which anybody may read. */
export interface ServedDocument {
  json: string;
  etag: string;
}

type Routed = Parameters<ReturnType<Router['routes']>>[0];
export type AdminMiddleware = (ctx: Routed, next: Next) => Promise<unknown>;

/** Answers everything below `/admin/v1` on the public host, and nothing else. */
export function adminRoutes(deps: AdminRoutesDeps): AdminMiddleware {
  const { publicUrl, routes, log, document } = deps;
  const router = new Router({ strict: true, sensitive: true });
  router.get(`${BASE}/openapi.json`, async (ctx) => {
    giveDocument(ctx, await document());
  });
  for (const route of routes) {
    router.register(`${BASE}${patternOf(route.path)}`, methodsOf(route), (ctx) => answerRoute(deps, route, ctx));
  }
  const everything = compose<Routed>([
    answerProblems(`${publicUrl}/admin/problems`, log),
    router.routes(),
    refuseTheRest,
  ]);
  const publicHost = new URL(publicUrl).host;

  return (ctx, next) => {
    const isOurs = ctx.path === BASE || ctx.path.startsWith(`${BASE}/`);
    return isOurs && hostOf(ctx) === publicHost ? everything(ctx, next) : next();
  };
}

/** `/users/{userId}:disable` as path-to-regexp has it. */
export function patternOf(path: string): string {
  return path.replaceAll(':', String.raw`\:`).replaceAll(/\{(\w+)\}/g, ':$1');
}

function methodsOf({ method }: AdminRoute): string[] {
  return method === 'GET' ? ['GET', 'HEAD'] : [method];
}

async function answerRoute(deps: AdminRoutesDeps, route: AdminRoute, ctx: Context): Promise<void> {
  const caller = await callerOf(deps, ctx);
  const sent = await sentOf(route, ctx);
  const key = isRepeatable(route) ? headerOf(ctx, 'Idempotency-Key') : undefined;
  const answer = await (key === undefined
    ? deps.dispatch(route, caller, sent)
    : dispatchOnce(deps, route, { caller, sent, key }, ctx));
  give(ctx, route, answer, deps.publicUrl);
}

async function callerOf({ publicUrl, authenticate, limits }: AdminRoutesDeps, ctx: Context): Promise<Caller> {
  const address = ctx.ip;
  await limits.assertMayTry(address);
  const authorization = headerOf(ctx, 'Authorization');
  const question = {
    authorization,
    dpop: headerOf(ctx, 'DPoP'),
    method: ctx.method,
    url: publicUrl + ctx.path,
    address,
  };
  const caller = await authenticate(question).catch(async (error: unknown) => {
    const isWrong = error instanceof Problem && error.status === 401 && authorization !== undefined;
    if (isWrong) await limits.failed(address);
    throw error;
  });
  await limits.assertWithinRate(caller);
  return caller;
}

async function sentOf(route: AdminRoute, ctx: Context): Promise<Sent> {
  const params: Record<string, string> = { ...ctx.params };
  if (params.tenant !== undefined) describeRequest({ tenantSlug: params.tenant });
  const sent = { params, query: queryOf(ctx), ifMatch: headerOf(ctx, 'If-Match') };
  if (route.takes) {
    allowBodyTime(ctx.req, LONGEST_STREAM_MS);
    return { ...sent, body: undefined, stream: ctx.req, streamType: assertType(ctx.req, route.takes) };
  }
  // RFC 9110 9.3.1, 9.3.5: what comes with one of these has no meaning.
  const hasBody = route.method !== 'GET' && route.method !== 'DELETE';
  return { ...sent, body: hasBody ? await readJsonBody(ctx.req, route.method) : undefined };
}

/** Which of two is meant is anybody's guess, and a proxy's might not be ours. */
function queryOf(ctx: Context): Sent['query'] {
  const repeated = Object.keys(ctx.query).filter((name) => Array.isArray(ctx.query[name]));
  if (repeated.length === 0) return ctx.query;
  const errors = repeated.map((parameter) => ({ parameter, detail: 'is given once' }));
  throw new Problem('invalid-request', 'Something in the request is missing or wrong.', { errors });
}

interface Once {
  caller: Caller;
  sent: Sent;
  key: string;
}

/** Within dispatch, so that permissions and schemas are asked before what is kept is told. */
function dispatchOnce(
  { dispatch, idempotency }: AdminRoutesDeps,
  route: AdminRoute,
  { caller, sent, key }: Once,
  ctx: Context,
): ReturnType<Dispatch> {
  assertKey(key);
  const requestHash = requestHashOf(ctx.method, ctx.url, sent.body);
  const repeatable: AdminRoute = {
    ...route,
    async handle(call) {
      const { replayed, ...answer } = await idempotency.once({ caller, key, requestHash }, () => route.handle(call));
      if (replayed) ctx.set('Idempotent-Replayed', 'true');
      return answer;
    },
  };
  return dispatch(repeatable, caller, sent);
}

function give(ctx: Context, { gives }: AdminRoute, answer: Answer & { status: number }, publicUrl: string): void {
  const { status, body, etag, location, mediaType } = answer;
  ctx.status = status;
  if (location !== undefined) ctx.set('Location', `${publicUrl}${BASE}${location}`);
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

function giveDocument(ctx: Context, { json, etag }: ServedDocument): void {
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
  // Nobody reads what HEAD asks for.
  if (ctx.method === 'HEAD') stream.destroy();
  else ctx.body = stream;
}

/** What was thrown becomes a problem document, whatever the client says it accepts. */
function answerProblems(typeBase: string, log: Log): Middleware {
  return async (ctx, next) => {
    try {
      await next();
    } catch (thrown) {
      const problem = problemOf(thrown);
      const request = currentRequest();
      logProblem(request?.log ?? log, problem);
      if (ctx.headerSent || !ctx.writable) {
        ctx.res.destroy();
        return;
      }
      const { status, headers, body } = problemDocument(problem, typeBase, request?.requestId ?? 'unknown');
      for (const name of ['ETag', 'Location']) ctx.remove(name);
      ctx.status = status;
      ctx.body = body;
      ctx.set({ ...headers, 'Content-Type': PROBLEM_TYPE });
    }
  };
}

function logProblem(log: Log, problem: Problem): void {
  const fields = { problem: problem.code, status: problem.status };
  if (problem.status >= 500) log.error({ ...fields, err: problem }, 'request failed');
  else log.info({ ...fields, errors: problem.errors }, 'request refused');
}

/** What no route answered: another method of an address that is there, or none. */
const refuseTheRest: Middleware = (ctx) => {
  const matched: { methods: string[] }[] = ctx.matched ?? [];
  const methods = [...new Set(matched.flatMap((layer) => layer.methods))];
  if (methods.length === 0) throw notFound('address');
  ctx.set('Allow', [...methods, 'OPTIONS'].join(', '));
  if (ctx.method !== 'OPTIONS') throw new Problem('method-not-allowed', 'This address does not accept that method.');
  // Of another origin's browser nothing is told: there is no CORS here.
  ctx.status = 204;
};

function headerOf(ctx: Context, name: string): string | undefined {
  const value = ctx.get(name);
  return value === '' ? undefined : value;
}
