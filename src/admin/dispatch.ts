// Runs one route for one caller: whether they may, what they sent, what they get. Of HTTP it knows nothing.

import { Readable } from 'node:stream';

import type { Page } from '../listing.ts';
import { reaches } from '../policy/levels.ts';
import type { Tenant, Tenants } from '../tenants/tenants.ts';
import { isOfRoot, manages, may } from './caller.ts';
import type { Caller } from './caller.ts';
import { asParameter, asPointer, assertStorable, check, isStorable } from './checked.ts';
import { etagOf } from './changes.ts';
import type { ReadListQuery, WriteCursor } from './list-query.ts';
import { Problem, notFound } from './problem.ts';
import type { AdminRoute, Answer } from './route.ts';

/** What was sent, unchecked. */
export interface Sent {
  /** Names in the path, `tenant` among them. */
  params: Readonly<Record<string, string>>;
  query: Readonly<Record<string, unknown>>;
  body: unknown;
  ifMatch?: string | undefined;
  stream?: Readable | undefined;
  streamType?: string | undefined;
}

export type Dispatch = (route: AdminRoute, caller: Caller, sent: Sent) => Promise<Answer & { status: number }>;

export interface DispatchDeps {
  tenants: Pick<Tenants, 'bySlug' | 'byId'>;
  readListQuery: ReadListQuery;
  writeCursor: WriteCursor;
  /** Seconds since the epoch. */
  now?: () => number;
}

/** Seconds that a second factor counts as fresh for a write, where the tenant asks for one. */
const FRESH_FOR = 300;
const CLOCK_SKEW = 90;

export function createDispatch(deps: DispatchDeps): Dispatch {
  const { tenants, readListQuery, writeCursor, now = () => Date.now() / 1000 } = deps;

  return async (route, caller, sent) => {
    // What cannot be stored names nothing.
    if (!Object.values(sent.params).every(isStorable)) throw notFound('thing');
    const tenant = await tenantOf(route, caller, sent);
    assertPermitted(route, caller, sent);
    assertFresh(route, caller, tenant, now());
    const { tenant: _, ...named } = sent.params;
    const params = paramsOf(route, named);
    assertStorable(sent.query, asParameter);
    assertStorable(sent.body, asPointer);
    const own = route.lists ? withoutListQuery(sent.query) : sent.query;
    const query = check(route.query, own, asParameter);
    const body = route.takes ? undefined : check(route.body, sent.body, asPointer);
    const list = route.lists ? readListQuery(route, tenant.id, sent) : NO_LIST;
    const stillCaller = async () => {
      const now = (await caller.renew?.()) ?? caller;
      await tenantOf(route, now, sent);
      assertPermitted(route, now, sent);
      return now;
    };
    const call = {
      caller,
      stillCaller,
      tenant,
      params,
      query,
      body,
      list,
      ifMatch: sent.ifMatch,
      stream: sent.stream,
      streamType: sent.streamType,
    };
    const answer = await route.handle(call, await route.prepare?.(call));
    const given = shown(route, tenant, sent, answer);
    return { status: route.status ?? 200, ...answer, body: given, etag: answer.etag ?? tagOf(route, given) };
  };

  /** Another tenant's administrator is not told whether there is such a tenant. */
  async function tenantOf({ path }: AdminRoute, caller: Caller, { params }: Sent): Promise<Tenant> {
    const named = path.startsWith('/tenants/{tenant}');
    const slug = params.tenant ?? '';
    const mayKnow = !named || isOfRoot(caller) || caller.tenant.slug === slug;
    const tenant = mayKnow ? await (named ? tenants.bySlug(slug) : tenants.byId(caller.tenant.id)) : undefined;
    if (!tenant) throw notFound('tenant');
    if (tenant.status === 'suspended' && !isOfRoot(caller)) {
      throw new Problem('permission-denied', 'This tenant is suspended.');
    }
    return tenant;
  }

  function shown(route: AdminRoute, tenant: Tenant, sent: Sent, { body }: Answer): unknown {
    if (!route.answer) return route.gives === undefined ? undefined : body;
    if (!route.lists) return route.answer.parse(body);
    const { items, next } = body as Page<unknown>;
    const nextPageToken = next && writeCursor(route, tenant.id, sent, next);
    return {
      items: items.map((item) => route.answer?.parse(item)),
      ...(nextPageToken !== undefined && { nextPageToken }),
    };
  }
}

const NO_LIST = { sort: { field: 'id', descending: false }, limit: 0 } as const;
/** What every list takes besides its own. */
const LIST_QUERY = ['pageSize', 'pageToken', 'filter', 'sort'];

function withoutListQuery(query: Sent['query']): Sent['query'] {
  return Object.fromEntries(Object.entries(query).filter(([name]) => !LIST_QUERY.includes(name)));
}

/** An id that cannot be one names nothing. */
function paramsOf({ params }: AdminRoute, named: Record<string, string>): unknown {
  if (!params) return check(params, named, asParameter);
  const result = params.safeParse(named);
  if (result.success) return result.data;
  throw notFound(nounOf(String(result.error.issues[0]?.path[0] ?? '')));
}

const NOUNS: Record<string, string> = {
  apiKeyId: 'API key',
  eventId: 'audit event',
  kid: 'key',
  resourceType: 'resource type',
  stableId: 'group',
};

function nounOf(parameter: string): string {
  return NOUNS[parameter] ?? parameter.replace(/Id$/, '');
}

/** Of one thing. What a list shows has none: each of its items does, asked for by itself. */
function tagOf({ lists }: AdminRoute, body: unknown): string | undefined {
  return lists || typeof body !== 'object' || body === null || body instanceof Readable ? undefined : etagOf(body);
}

function assertPermitted({ permission, also }: AdminRoute, caller: Caller, { params }: Sent): void {
  const managesIt = also === 'own-groups' && manages(caller, permission, params.groupId);
  const isPermitted = (may(caller, permission) || managesIt) && (also !== 'root' || isOfRoot(caller));
  if (isPermitted) return;
  // RFC 6750 3.1.
  const headers = challenge(caller, `error="insufficient_scope", scope="${permission}"`);
  throw new Problem('permission-denied', `This needs ${permission}.`, { headers });
}

/** RFC 9470. A service has no second factor to prove: who may make its key is held to this instead. */
function assertFresh({ method, safe }: AdminRoute, caller: Caller, tenant: Tenant, now: number): void {
  const { kind, signIn } = caller;
  const isAsked =
    method !== 'GET' && !safe && kind === 'user' && tenant.settings.policy.administration.freshSecondFactor;
  if (!isAsked) return;
  const { acr, authTime = 0 } = signIn ?? {};
  if (isLevelReached(acr) && authTime >= now - FRESH_FOR - CLOCK_SKEW) return;
  const ask = `error="insufficient_user_authentication", acr_values="mfa", max_age=${String(FRESH_FOR)}`;
  throw new Problem(
    'insufficient-user-authentication',
    'This tenant asks for a fresh second factor before it is changed.',
    { headers: challenge(caller, ask) },
  );
}

/** In the scheme that the caller used (RFC 9110 11.6.1). */
function challenge({ scheme = 'Bearer' }: Caller, parameters: string): Record<string, string> {
  return { 'WWW-Authenticate': `${scheme} ${parameters}` };
}

function isLevelReached(acr: string | undefined): boolean {
  return (acr === 'mfa' || acr === 'phr') && reaches(acr, 'mfa');
}
