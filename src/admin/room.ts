// How much an administrator may make of each kind: so much that nobody misses more, and so little that reading all of it, which some
// of it is read for at every request, keeps no other tenant waiting.

import type { AuditEventType } from '../audit/audit.ts';
import { Problem } from './problem.ts';

/** By the event of its making. */
export const MOST = {
  'client.created': { most: 10_000, called: 'applications' },
  'group.created': { most: 100_000, called: 'groups' },
  'role.created': { most: 1000, called: 'roles' },
  'resource_type.created': { most: 1000, called: 'resource types' },
  'api_key.created': { most: 1000, called: 'API keys' },
  'directory.created': { most: 20, called: 'directories' },
  'webhook.created': { most: 50, called: 'webhooks' },
} as const satisfies Partial<Record<AuditEventType, { most: number; called: string }>>;

export type BoundedEvent = keyof typeof MOST;

/** How many of the kind a tenant has; what the configuration file declares is not among them. */
export type CountMade = (tenantId: string, kind: BoundedEvent) => Promise<number>;

/**
 * Asked within the unit of work that made something. Who makes the last one at the same time as somebody else may be let through
 * with them: no lock is worth that.
 *
 * @throws Problem `conflict`
 */
export type AssertRoom = (tenantId: string, event: AuditEventType) => Promise<void>;

export function createAssertRoom(count: CountMade): AssertRoom {
  return async (tenantId, event) => {
    if (!isBounded(event)) return;
    const { most, called } = MOST[event];
    if ((await count(tenantId, event)) <= most) return;
    throw new Problem('conflict', `A tenant has ${String(most)} ${called} at most: remove one that is not needed.`);
  };
}

function isBounded(event: AuditEventType): event is BoundedEvent {
  return Object.hasOwn(MOST, event);
}
