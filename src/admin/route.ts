// What a route of the admin API declares, once: its schemas check what comes in, type the handler, hold what goes out, and make
// the OpenAPI document. dispatch.ts runs it, for a request (http/admin-routes.ts) as for the command line.

import type { Readable } from 'node:stream';

import { z } from 'zod';

import type { ListFields, ListRequest } from '../listing.ts';
import type { Tenant } from '../tenants/tenants.ts';
import type { Caller } from './caller.ts';
import type { AdminPermission } from './permissions.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface Call<Params = unknown, Query = unknown, Body = unknown> {
  caller: Caller;
  /**
   * Whether they may still do this, for what goes on for long: answers what they may do now. Whoever is disabled, loses the permission
   * or whose tenant is suspended meanwhile is refused as at the beginning. @throws Problem
   */
  stillCaller(): Promise<Caller>;
  /** The one in the path; of a route without one, the caller's own. */
  tenant: Tenant;
  params: Params;
  query: Query;
  body: Body;
  /** Of a route that lists. */
  list: ListRequest;
  /** `If-Match` as it was sent. */
  ifMatch: string | undefined;
  /** The body as it comes, of a route that takes a stream. */
  stream: Readable | undefined;
  /** The stream's media type, without parameters. */
  streamType: string | undefined;
}

export interface Answer<Body = unknown> {
  body: Body;
  /** The declared one if left out. */
  status?: number;
  etag?: string | undefined;
  /** Path below `/admin/v1` of what was made. */
  location?: string | undefined;
  /** Of a stream, where it is not the declared one. */
  mediaType?: string | undefined;
}

/** The largest page that anybody may ask for, and the usual one. */
export const PAGE_SIZE = { usual: 50, most: 1000 } as const;

interface Declared<P, Q, B, R> {
  /** In the OpenAPI document, and on the command line: `listUsers`. */
  id: string;
  method: Method;
  /** Below `/admin/v1`, as `/tenants/{tenant}/users/{userId}`. */
  path: string;
  /** A heading in the document. */
  tag: string;
  summary: string;
  description?: string;
  /**
   * What the caller must hold. `own-groups`: either that, or to manage the local group that the path names as `{groupId}`;
   * of a path that names none, to manage any, and the handler sees to it that no more than these are shown.
   * `root`: and be an administrator of the tenant `root`.
   */
  permission: AdminPermission;
  also?: 'own-groups' | 'root';
  /** Names in the path besides `{tenant}`. */
  params?: P;
  query?: Q;
  body?: B;
  /** It takes a body of one of these media types as a stream, and no JSON. */
  takes?: readonly string[];
  /** What a list may be filtered and sorted by. The answer's schema is then of one item. */
  lists?: ListFields;
  /** Field of the list, with `-` for the last first; `id` if left out. */
  defaultSort?: string;
  status?: 200 | 201 | 202 | 204;
  /** Of the body; undefined where there is none. */
  answer?: R;
  /** It answers a stream of this media type instead. */
  gives?: string;
  /** Whether it changes nothing although it is a POST: then neither a fresh second factor nor an idempotency key means anything. */
  safe?: boolean;
}

type Of<Schema, Otherwise> = Schema extends z.ZodType ? z.output<Schema> : Otherwise;
/** What a handler of a list answers. */
type Body<R, L> = R extends z.ZodType
  ? L extends ListFields
    ? { items: readonly z.output<R>[]; next: ListPosition }
    : z.output<R>
  : unknown;
type CallOf<P, Q, B> = Call<Of<P, Record<string, never>>, Of<Q, Record<string, never>>, Of<B, undefined>>;
type ListPosition = { value: string | number | boolean | null; id: string } | undefined;

export interface AdminRoute extends Declared<
  z.ZodObject | undefined,
  z.ZodObject | undefined,
  z.ZodType | undefined,
  z.ZodType | undefined
> {
  /** What takes a while and needs no transaction: done before `handle`, which gets what it answers. */
  prepare?: ((call: Call) => Promise<unknown>) | undefined;
  handle(call: Call, prepared?: unknown): Promise<Answer>;
}

/** Declares a route; its handler sees what the schemas say. */
export function route<
  P extends z.ZodObject | undefined = undefined,
  Q extends z.ZodObject | undefined = undefined,
  B extends z.ZodType | undefined = undefined,
  R extends z.ZodType | undefined = undefined,
  L extends ListFields | undefined = undefined,
  X = undefined,
>(
  declared: Declared<P, Q, B, R> & { lists?: L; prepare?: (call: CallOf<P, Q, B>) => Promise<X> },
  handle: (call: CallOf<P, Q, B>, prepared: X) => Promise<Answer<Body<R, L>>>,
): AdminRoute {
  // What dispatch.ts hands over has been through these very schemas.
  return { ...declared, handle: handle as AdminRoute['handle'], prepare: declared.prepare as AdminRoute['prepare'] };
}

/** The id of one of our own things in a path. */
export const idParam = z.uuid().describe('UUIDv7');

/** RFC 3339, as every time is shown. */
export const time = z.iso.datetime();
