// The admin API over HTTP: each route at its address, what is asked of every request before it gets there, and every answer as JSON
// or a problem document. What a route does is dispatch.ts's and its own.

import { finished } from 'node:stream';

import { Router } from '@koa/router';
import type { Context, Middleware, Next } from 'koa';
import compose from 'koa-compose';

import { allowBodyTime, withoutLulls } from '../../http/body-time.ts';
import { hostOf } from '../../http/public-host.ts';
import { currentRequest, describeRequest } from '../../http/request-context.ts';
import type { Log } from '../../observability/log.ts';
import type { Authenticate } from '../authentication/authenticate.ts';
import type { Caller } from '../caller.ts';
import type { Dispatch, Sent } from '../dispatch.ts';
import { give, giveDocument } from './give.ts';
import type { ServedDocument } from './give.ts';
import { assertKey, isRepeatable, requestHashOf } from './idempotency.ts';
import type { Idempotency } from './idempotency.ts';
import { assertType, readJsonBody } from './json-body.ts';
import { PROBLEM_TYPE, problemDocument, problemOf } from './problem-document.ts';
import { Problem, notFound } from '../problem.ts';
import type { RequestLimits } from './request-limits.ts';
import type { AdminRoute } from '../route.ts';
import { isStreaming } from './under-way.ts';
import type { UnderWay } from './under-way.ts';

export const BASE = '/admin/v1';
/** A stream is read as fast as it is worked off. */
const LONGEST_STREAM_MS = 60 * 60 * 1000;
/** Between two parts of one. */
const LONGEST_LULL_MS = 60 * 1000;

export interface AdminRoutesDeps {
  /** An origin. */
  publicUrl: string;
  routes: readonly AdminRoute[];
  dispatch: Dispatch;
  authenticate: Authenticate;
  limits: RequestLimits;
  underWay: UnderWay;
  idempotency: Idempotency;
  log: Log;
  document: () => Promise<ServedDocument>;
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
function patternOf(path: string): string {
  return path.replaceAll(':', String.raw`\:`).replaceAll(/\{(\w+)\}/g, ':$1');
}

function methodsOf({ method, gives }: AdminRoute): string[] {
  return method === 'GET' && gives === undefined ? ['GET', 'HEAD'] : [method];
}

async function answerRoute(deps: AdminRoutesDeps, route: AdminRoute, ctx: Context): Promise<void> {
  if (ctx.method === 'HEAD' && route.gives !== undefined) refuseMethod(ctx, methodsOf(route));
  const caller = await callerOf(deps, ctx);
  const leave = deps.underWay.enter(caller, route, ctx.params.tenant);
  // A stream is under way until its last byte is out, or whoever asked has gone.
  const isStream = isStreaming(route);
  if (isStream) finished(ctx.res, leave);
  try {
    await answerCaller(deps, route, caller, ctx);
  } finally {
    if (!isStream) leave();
  }
}

async function answerCaller(deps: AdminRoutesDeps, route: AdminRoute, caller: Caller, ctx: Context): Promise<void> {
  const sent = await sentOf(route, ctx);
  const key = isRepeatable(route) ? headerOf(ctx, 'Idempotency-Key') : undefined;
  const answer = await (key === undefined
    ? deps.dispatch(route, caller, sent)
    : dispatchOnce(deps, route, { caller, sent, key }, ctx));
  give(ctx, route, answer, deps.publicUrl + BASE);
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
    const streamType = assertType(ctx.req, route.takes);
    allowBodyTime(ctx.req, LONGEST_STREAM_MS);
    // Once all is said, nobody reads the rest.
    ctx.res.once('finish', () => {
      if (!ctx.req.complete) allowBodyTime(ctx.req, LONGEST_LULL_MS);
    });
    return { ...sent, body: undefined, stream: withoutLulls(ctx.req, LONGEST_LULL_MS), streamType };
  }
  return { ...sent, body: await bodyOf(route, ctx) };
}

async function bodyOf({ method }: AdminRoute, ctx: Context): Promise<unknown> {
  // RFC 9110 9.3.1, 9.3.5: what comes with one of these has no meaning.
  if (method === 'GET' || method === 'DELETE') return undefined;
  const body = await readJsonBody(ctx.req, method);
  // Of an action all members may be left out, and then the braces, too.
  return body === undefined && method === 'POST' ? {} : body;
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
    async handle(call, prepared) {
      const work = () => route.handle(call, prepared);
      const { replayed, ...answer } = await idempotency.once({ caller, key, requestHash }, work);
      if (replayed) ctx.set('Idempotent-Replayed', 'true');
      return answer;
    },
  };
  return dispatch(repeatable, caller, sent);
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
  if (ctx.method !== 'OPTIONS') refuseMethod(ctx, methods);
  ctx.set('Allow', allowing(methods));
  // Of another origin's browser nothing is told: there is no CORS here.
  ctx.status = 204;
};

function refuseMethod(ctx: Context, methods: readonly string[]): never {
  ctx.set('Allow', allowing(methods));
  throw new Problem('method-not-allowed', 'This address does not accept that method.');
}

function allowing(methods: readonly string[]): string {
  return [...methods, 'OPTIONS'].join(', ');
}

function headerOf(ctx: Context, name: string): string | undefined {
  const value = ctx.get(name);
  return value === '' ? undefined : value;
}
