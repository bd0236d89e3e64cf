// Runs one route for one caller: whether they may, what they sent, what they get. Of HTTP it knows nothing.

import type { Readable } from 'node:stream';

import type { Page } from '../listing.ts';
import { reaches } from '../policy/levels.ts';
import type { Tenant, Tenants } from '../tenants/tenants.ts';
import { isOfRoot, may } from './caller.ts';
import type { Caller } from './caller.ts';
import { asParameter, asPointer, check } from './checked.ts';
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
export const FRESH_FOR = 300;
const CLOCK_SKEW = 90;

export function createDispatch(deps: DispatchDeps): Dispatch {
  const { tenants, readListQuery, writeCursor, now = () => Date.now() / 1000 } = deps;

  return async (route, caller, sent) => {
    const tenant = await tenantOf(route, caller, sent);
    assertPermitted(route, caller, sent);
    assertFresh(route, caller, tenant, now());
    const { tenant: _, ...named } = sent.params;
    const params = check(route.params, named, asParameter, 'not-found');
    const own = route.lists ? withoutListQuery(sent.query) : sent.query;
    const query = check(route.query, own, asParameter);
    const body = route.takes ? undefined : check(route.body, sent.body, asPointer);
    const list = route.lists ? readListQuery(route, tenant.id, sent) : NO_LIST;
    const answer = await route.handle({
      caller,
      tenant,
      params,
      query,
      body,
      list,
      ifMatch: sent.ifMatch,
      stream: sent.stream,
      streamType: sent.streamType,
    });
    return { status: route.status ?? 200, ...answer, body: shown(route, tenant, sent, answer) };
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

function assertPermitted({ permission, also }: AdminRoute, caller: Caller, { params }: Sent): void {
  const managesIt = also === 'own-groups' && caller.managedGroups.has(params.groupId ?? '');
  const isPermitted = (may(caller, permission) || managesIt) && (also !== 'root' || isOfRoot(caller));
  if (isPermitted) return;
  // RFC 6750 3.1.
  const headers = { 'WWW-Authenticate': `Bearer error="insufficient_scope", scope="${permission}"` };
  throw new Problem('permission-denied', `This needs ${permission}.`, { headers });
}

/** RFC 9470. A service has no second factor to prove: who may make its key is held to this instead. */
function assertFresh({ method, safe }: AdminRoute, { kind, signIn }: Caller, tenant: Tenant, now: number): void {
  const isAsked =
    method !== 'GET' && !safe && kind === 'user' && tenant.settings.policy.administration.freshSecondFactor;
  if (!isAsked) return;
  const { acr, authTime = 0 } = signIn ?? {};
  if (isLevelReached(acr) && authTime >= now - FRESH_FOR - CLOCK_SKEW) return;
  const ask = `error="insufficient_user_authentication", acr_values="mfa", max_age=${String(FRESH_FOR)}`;
  throw new Problem(
    'insufficient-user-authentication',
    'This tenant asks for a fresh second factor before it is changed.',
    {
      headers: { 'WWW-Authenticate': `Bearer ${ask}` },
    },
  );
}

function isLevelReached(acr: string | undefined): boolean {
  return (acr === 'mfa' || acr === 'phr') && reaches(acr, 'mfa');
}
