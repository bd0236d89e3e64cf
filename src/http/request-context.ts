// Who is asking, for whatever runs on behalf of a request: the audit trail and the log find it here without being handed it.

import { AsyncLocalStorage } from 'node:async_hooks';
import type { Middleware } from 'koa';
import { v7 as uuidv7 } from 'uuid';
import type { Log } from '../observability/log.ts';
import { browserName } from './browser-name.ts';

const SANE_REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;
const LONGEST_USER_AGENT = 512;

export interface RequestContext {
  readonly requestId: string;
  /** The client's address as client-address.ts found it. */
  readonly address: string;
  readonly userAgent: string | undefined;
  /** Writes the request's id into each line. */
  readonly log: Log;
  /** Known once the tenant is. */
  tenantSlug?: string;
  /** The name under which the request is measured, where no router matched a pattern. */
  route?: string;
}

const storage = new AsyncLocalStorage<RequestContext>();

/** The request that the caller works for; undefined in a timer, a worker or the command line. */
export function currentRequest(): RequestContext | undefined {
  return storage.getStore();
}

/** What asks, as a person would tell it; the name is empty where it is not known. */
export function currentDevice(): { name: string; address: string } {
  const { userAgent, address = '-' } = currentRequest() ?? {};
  return { name: browserName(userAgent) ?? '', address };
}

/** Runs `work` and all that it starts on behalf of `request`. */
export function onBehalfOf<T>(request: RequestContext, work: () => T): T {
  return storage.run(request, work);
}

/** Adds what is learnt about the current request on the way; does nothing outside one. */
export function describeRequest(facts: Pick<RequestContext, 'tenantSlug' | 'route'>): void {
  const request = currentRequest();
  if (request) Object.assign(request, facts);
}

/**
 * Opens the context of each request; runs after `clientAddress`. A sane `X-Request-Id` is taken over whoever sends it: it only
 * joins log lines, and every line carries the address as well.
 */
export function requestContext(log: Log): Middleware {
  return (ctx, next) => {
    const offered = ctx.get('X-Request-Id');
    const requestId = SANE_REQUEST_ID.test(offered) ? offered : uuidv7();
    ctx.set('X-Request-Id', requestId);
    const request = {
      requestId,
      address: ctx.ip,
      userAgent: ctx.get('User-Agent').slice(0, LONGEST_USER_AGENT) || undefined,
      log: log.child({ requestId }),
    };
    return onBehalfOf(request, next);
  };
}
