// Every write of the admin API: in one transaction the thing is locked, held against `If-Match`, changed, and the audit trail told
// of it with what is different. Entity tags are made of what is shown, so there is one way to compare for all.

import { createHash } from 'node:crypto';

import type { Audit, AuditEvent, AuditEventType } from '../audit/audit.ts';
import { differencesOf } from '../audit/differences.ts';
import type { Database } from '../db/database.ts';
import { actorOf } from './caller.ts';
import { Problem, notFound } from './problem.ts';
import type { AssertRoom } from './room.ts';
import type { Answer, Call, Method } from './route.ts';

/** One thing that a write is about. */
export interface Target<T extends object> {
  /** As people call it: `user`. */
  name: string;
  /** Until the transaction ends nobody else changes it. */
  lock(): Promise<void>;
  /** As the API shows it; undefined where there is none. */
  read(): Promise<T | undefined>;
}

/** What the audit trail is told; `detail` besides the differences. */
export interface WriteEvent {
  type: AuditEventType;
  subject: NonNullable<AuditEvent['subject']>;
  detail?: AuditEvent['detail'];
}

type Whose = Pick<Call, 'caller' | 'tenant' | 'ifMatch'>;

export interface Changes {
  /** Makes something; `event` is asked once it is there. */
  create<T extends object>(
    call: Whose,
    make: () => Promise<T>,
    event: (made: T) => WriteEvent,
    location?: (made: T) => string,
  ): Promise<Answer<T>>;
  /** Changes something that is there. A `PUT`, `PATCH` or `DELETE` says which state of it that is for (RFC 9110 13.1.1). */
  amend<T extends object>(
    call: Whose,
    method: Method,
    target: Target<T>,
    event: WriteEvent,
    change: (before: T) => Promise<void>,
  ): Promise<Answer<T>>;
  /** `DELETE` unless told. */
  remove<T extends object>(
    call: Whose,
    target: Target<T>,
    event: WriteEvent,
    remove: (before: T) => Promise<void>,
    method?: Method,
  ): Promise<Answer<undefined>>;
}

export interface ChangesDeps {
  db: Pick<Database, 'unitOfWork'>;
  audit: Audit;
  assertRoom: AssertRoom;
}

export function createChanges({ db, audit, assertRoom }: ChangesDeps): Changes {
  async function locked<T extends object>(call: Whose, method: Method, target: Target<T>): Promise<T> {
    await target.lock();
    const before = await target.read();
    if (!before) throw notFound(target.name);
    assertOwnedHere(before, target.name);
    assertMatches(call.ifMatch, method, before);
    return before;
  }

  async function record(
    { caller, tenant }: Whose,
    method: Method,
    event: WriteEvent,
    before: object | undefined,
    after: object | undefined,
  ): Promise<void> {
    const actor = actorOf(caller, tenant.id);
    const changes = differencesOf(before, after);
    // Who puts back what they have read has changed nothing.
    const isNothing = changes.length === 0 && event.detail === undefined && (method === 'PATCH' || method === 'PUT');
    if (isNothing) return;
    await audit.record({ ...event, tenantId: tenant.id, actor, ...(changes.length > 0 && { changes }) });
  }

  return {
    create: (call, make, event, location) =>
      db.unitOfWork(async () => {
        const made = await make();
        const told = event(made);
        await assertRoom(call.tenant.id, told.type);
        await record(call, 'POST', told, undefined, made);
        return { status: 201, body: made, etag: etagOf(made), location: location?.(made) };
      }),

    amend: (call, method, target, event, change) =>
      db.unitOfWork(async () => {
        const before = await locked(call, method, target);
        await change(before);
        const after = await target.read();
        if (!after) throw new Error(`a ${target.name} is gone after it was changed`);
        await record(call, method, event, before, after);
        return { body: after, etag: etagOf(after) };
      }),

    remove: (call, target, event, remove, method = 'DELETE') =>
      db.unitOfWork(async () => {
        const before = await locked(call, method, target);
        await remove(before);
        await record(call, 'DELETE', event, before, undefined);
        return { status: 204, body: undefined };
      }),
  };
}

/** What changes by itself, and is nobody's to have seen before a write. */
const VOLATILE = ['lastLoginAt', 'lastUsedAt', 'lastSeenAt', 'checkedAt'];

/** A strong entity tag (RFC 9110 8.8.3). */
export function etagOf(shown: object): string {
  const text = JSON.stringify(shown, (name, value: unknown) => (VOLATILE.includes(name) ? undefined : value));
  return `"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"`;
}

/** What GET answers of one thing. */
export function shownWithEtag<T extends object>(shown: T | undefined, name: string): Answer<T> {
  if (!shown) throw notFound(name);
  return { body: shown, etag: etagOf(shown) };
}

function assertMatches(ifMatch: string | undefined, method: Method, before: object): void {
  if (ifMatch === undefined) {
    if (method === 'POST') return;
    throw new Problem('precondition-required', 'Send If-Match with the ETag of what you have seen, or with *.');
  }
  const tags = ifMatch.split(',').map((tag) => tag.trim());
  if (tags.includes('*') || tags.includes(etagOf(before))) return;
  throw new Problem('precondition-failed', 'It has changed since you have seen it. Read it again.');
}

/** What the configuration file declares would be put back at the next start. */
function assertOwnedHere(before: object, name: string): void {
  if (!('managedBy' in before)) return;
  if (before.managedBy === 'file') {
    throw new Problem('owned-by-file', `The configuration file owns this ${name}: change it there.`);
  }
  if (before.managedBy === 'system') throw new Problem('built-in', `This ${name} is built in and cannot be changed.`);
}
