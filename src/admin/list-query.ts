// How a list is asked for: pageSize, pageToken, filter and sort, read off the query and held against what the route allows.

import { z } from 'zod';

import type { ListRequest, Position } from '../listing.ts';
import type { Encryption, Place } from '../security/encryption.ts';
import { sha256 } from '../security/sha256.ts';
import type { Sent } from './dispatch.ts';
import { parseFilter } from './filter.ts';
import { Problem } from './problem.ts';
import { PAGE_SIZE } from './route.ts';
import type { AdminRoute } from './route.ts';

/** @throws Problem that names the parameter. */
export type ReadListQuery = (route: AdminRoute, tenantId: string, sent: Sent) => ListRequest;
/** An opaque page token, good for this route, tenant, path, filter and order only. */
export type WriteCursor = (route: AdminRoute, tenantId: string, sent: Sent, next: Position) => string;

type ListRoute = Pick<AdminRoute, 'id' | 'lists' | 'defaultSort'>;

/** Far more than any that we make: the longest value of a field, encrypted. */
const LONGEST_TOKEN = 8192;

const position = z.strictObject({
  value: z.union([z.string(), z.number(), z.boolean(), z.null()]),
  id: z.string(),
});

export function createListQuery(encryption: Encryption): { readListQuery: ReadListQuery; writeCursor: WriteCursor } {
  function positionOf(route: ListRoute, tenantId: string, sent: Sent): Position | undefined {
    const token = textOf(sent, 'pageToken');
    if (token === undefined) return undefined;
    if (token.length > LONGEST_TOKEN) throw foreignToken();
    try {
      return position.parse(JSON.parse(encryption.decrypt(token, placeOf(route, tenantId, sent))));
    } catch (cause) {
      throw foreignToken(cause);
    }
  }

  return {
    readListQuery(route, tenantId, sent) {
      const filter = textOf(sent, 'filter');
      return {
        ...(filter !== undefined && { filter: parseFilter(filter, route.lists ?? {}) }),
        sort: sortOf(route, sent),
        after: positionOf(route, tenantId, sent),
        limit: pageSizeOf(sent),
      };
    },
    writeCursor: (route, tenantId, sent, { value, id }) =>
      encryption.encrypt(JSON.stringify({ value, id }), placeOf(route, tenantId, sent)),
  };
}

/** What a token is bound to. The size of the page is free to change on the way. */
function placeOf(route: ListRoute, tenantId: string, sent: Sent): Place {
  const path = Object.entries(sent.params).sort(([a], [b]) => (a < b ? -1 : 1));
  const asked = [path, textOf(sent, 'filter') ?? null, sortOf(route, sent)];
  return { table: 'page tokens', column: route.id, row: `${tenantId} ${sha256(JSON.stringify(asked))}` };
}

/** The fields that a list can be sorted by, `id` first. */
export function sortableFields({ lists = {} }: ListRoute): string[] {
  const declared = Object.entries(lists).filter(([name, { sortable }]) => sortable && name !== 'id');
  return ['id', ...declared.map(([name]) => name)];
}

function sortOf(route: ListRoute, sent: Sent): ListRequest['sort'] {
  const asked = textOf(sent, 'sort') ?? route.defaultSort ?? 'id';
  const descending = asked.startsWith('-');
  const field = sortableFields(route).find((name) => name === (descending ? asked.slice(1) : asked));
  if (field !== undefined) return { field, descending };
  const detail = `is one of ${sortableFields(route).join(', ')}, with - before it for the last first`;
  throw new Problem('invalid-sort', 'The list cannot be sorted so.', { errors: [{ parameter: 'sort', detail }] });
}

function pageSizeOf(sent: Sent): number {
  const text = textOf(sent, 'pageSize');
  if (text === undefined) return PAGE_SIZE.usual;
  const size = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (size >= 1 && size <= PAGE_SIZE.most) return size;
  throw invalid('pageSize', `is a whole number from 1 to ${String(PAGE_SIZE.most)}`);
}

/** @throws Problem for a parameter that is not one text: it was given twice. */
function textOf({ query }: Sent, parameter: 'pageSize' | 'pageToken' | 'filter' | 'sort'): string | undefined {
  const value = Object.hasOwn(query, parameter) ? query[parameter] : undefined;
  // The command line has numbers.
  const text = typeof value === 'number' ? String(value) : value;
  if (text === undefined || typeof text === 'string') return text;
  throw invalid(parameter, 'is given once');
}

function invalid(parameter: string, detail: string): Problem {
  return new Problem('invalid-request', 'Something in the request is missing or wrong.', {
    errors: [{ parameter, detail }],
  });
}

function foreignToken(cause?: unknown): Problem {
  const detail = 'is the nextPageToken of the same list, with the same filter and sort';
  return new Problem('invalid-page-token', 'The page token is not of this list. Begin again without it.', {
    cause,
    errors: [{ parameter: 'pageToken', detail }],
  });
}
