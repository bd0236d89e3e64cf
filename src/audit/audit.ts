// The audit trail: which events there are and what each carries. Written in the transaction of the use case it reports.

import type { LoggedEvent } from './audit-log.ts';
import type { Difference } from './differences.ts';

export const AUDIT_EVENT_TYPES = [
  'login.succeeded',
  'login.failed',
  'login.blocked',
  'login.refused',
  'login.unavailable',
  'second_factor.proven',
  'second_factor.failed',
  'second_factor.blocked',
  'second_factor.sent',
  'second_factor.cloned',
  'second_factor.enrolled',
  'second_factor.renamed',
  'second_factor.removed',
  'device.trusted',
  'device.forgotten',
  'user.created',
  'user.refused',
  'consent.granted',
  'consent.refused',
  'session.ended',
  'code.reused',
  'refresh_token.reused',
  'grant.revoked',
  'token.issued',
  'token.refused',
  'client.authentication_failed',
  'key.rotated',
  'configuration.applied',
  'administrator.created',
  'password.set',
  'password.change_required',
  'password.changed',
  'password.change_uncertain',
  'password.refused',
  'tenant.created',
  'tenant.changed',
  'tenant.suspended',
  'tenant.resumed',
  'tenant.deletion_requested',
  'tenant.deletion_withdrawn',
  'tenant.deleted',
  'settings.changed',
  'directory.created',
  'directory.changed',
  'directory.removed',
  'directory.tested',
  'user.changed',
  'user.disabled',
  'user.enabled',
  'user.approved',
  'user.rejected',
  'user.completed',
  'user.deleted',
  'user.roles_changed',
  'user.groups_changed',
  'user.factors_reset',
  'user.link_sent',
  'user.link_used',
  'user.signed_out',
  'user.explained',
  'users.imported',
  'users.exported',
  'consent.revoked',
  'group.created',
  'group.changed',
  'group.deleted',
  'group.member_added',
  'group.member_removed',
  'group.manager_added',
  'group.manager_removed',
  'group.roles_changed',
  'role.created',
  'role.changed',
  'role.deleted',
  'resource_type.created',
  'resource_type.changed',
  'resource_type.deleted',
  'client.created',
  'client.changed',
  'client.deleted',
  'client.secret_added',
  'client.secret_removed',
  'api_key.created',
  'api_key.changed',
  'api_key.rotated',
  'api_key.deleted',
  'webhook.created',
  'webhook.changed',
  'webhook.secret_rotated',
  'webhook.deleted',
  'webhook.tested',
  'delivery.retried',
  'key.retired',
  'audit.exported',
] as const;

export type AuditEventType = (typeof AUDIT_EVENT_TYPES)[number];

/** No code, secret, password or token ever goes into `detail`. */
export interface AuditEvent {
  type: AuditEventType;
  tenantId: string;
  /** Who did it: a user's id, a client's id, an API key's, or the system itself; `tenant` is the slug where it is not of this one. */
  actor?: { kind: 'user' | 'client' | 'api-key' | 'system'; id: string; tenant?: string };
  /** What it was done to. */
  subject?: { kind: AuditSubjectKind; id: string };
  /** Why: a reason's stable name, as `bad-credentials`. */
  reason?: string;
  detail?: Record<string, string | number | boolean | readonly string[]>;
  /** What a write made different. */
  changes?: readonly Difference[];
}

export type AuditSubjectKind =
  | 'user'
  | 'client'
  | 'session'
  | 'grant'
  | 'key'
  | 'tenant'
  | 'directory'
  | 'group'
  | 'role'
  | 'resource-type'
  | 'api-key'
  | 'webhook'
  | 'delivery';

/** Of what people do to their own account. */
export function byUser(tenantId: string, userId: string): Pick<AuditEvent, 'tenantId' | 'actor' | 'subject'> {
  const user = { kind: 'user', id: userId } as const;
  return { tenantId, actor: user, subject: user };
}

export interface Audit {
  /** Records the event with the current request's address, user agent and id (http/request-context.ts). */
  record(event: AuditEvent): Promise<void>;
}

/** Of a use case that does much at once. */
export interface AuditInBulk extends Audit {
  /** In one statement. */
  recordAll(events: readonly AuditEvent[]): Promise<void>;
}

/** Of what has happened already, and happens often: events that come at once are written in one statement. */
export interface AuditReports extends Audit {
  /** Resolves when all that was recorded so far has been written. */
  settled(): Promise<void>;
}

/** Passes events on. */
export interface AuditFollower {
  /** Whether it is to be told of such an event; asked of every one, so its answer has to be at hand. */
  wants(tenantId: string, type: AuditEventType): Promise<boolean>;
  /** Told of an event in the transaction that writes it. */
  follow(tenantId: string, event: LoggedEvent): Promise<void>;
}
