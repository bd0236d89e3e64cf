// Sessions for whoever administers a tenant: all that live, page by page. How they begin, go on and end is sessions.ts's.

import type { ListFields, ListRequest, Page } from '../listing.ts';
import type { Proof } from '../policy/proof.ts';

export interface ListedSession {
  /** The session's `uid`, which is no bearer secret. */
  id: string;
  userId: string;
  address: string | undefined;
  userAgent: string | undefined;
  acr: string | undefined;
  amr: readonly string[];
  proofs: readonly Pick<Proof, 'factor' | 'at'>[];
  signedInAt: Date;
  lastSeenAt: Date;
  clientIds: readonly string[];
}

export const SESSION_FIELDS = {
  id: { type: 'text', caseExact: true },
  userId: { type: 'id' },
  address: { type: 'text' },
  acr: { type: 'text', caseExact: true },
  signedInAt: { type: 'time' },
  lastSeenAt: { type: 'time' },
} as const satisfies ListFields;

/** Left out: of everybody, of any application. */
export interface SessionsOf {
  userId?: string | undefined;
  clientId?: string | undefined;
}

export interface SessionList {
  /** Those that somebody is signed in to, and that have neither ended nor expired. */
  list(tenantId: string, request: ListRequest, of?: SessionsOf): Promise<Page<ListedSession>>;
  find(tenantId: string, id: string): Promise<ListedSession | undefined>;
  /** Until the current unit of work ends, nobody else changes or ends it. */
  lock(tenantId: string, id: string): Promise<void>;
}
