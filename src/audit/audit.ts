// The audit trail: which events there are and what each carries. Written in the transaction of the use case it reports.

export type AuditEventType =
  | 'login.succeeded'
  | 'login.failed'
  | 'login.blocked'
  | 'login.refused'
  | 'login.unavailable'
  | 'second_factor.proven'
  | 'second_factor.failed'
  | 'second_factor.blocked'
  | 'second_factor.sent'
  | 'second_factor.cloned'
  | 'second_factor.enrolled'
  | 'second_factor.renamed'
  | 'second_factor.removed'
  | 'device.trusted'
  | 'device.forgotten'
  | 'user.created'
  | 'user.refused'
  | 'consent.granted'
  | 'consent.refused'
  | 'session.ended'
  | 'code.reused'
  | 'refresh_token.reused'
  | 'grant.revoked'
  | 'token.issued'
  | 'token.refused'
  | 'client.authentication_failed'
  | 'key.rotated'
  | 'configuration.applied'
  | 'administrator.created'
  | 'password.set'
  | 'password.change_required'
  | 'password.changed'
  | 'password.change_uncertain'
  | 'password.refused';

/** No code, secret, password or token ever goes into `detail`. */
export interface AuditEvent {
  type: AuditEventType;
  tenantId: string;
  /** Who did it: a user's id, a client's id, or the system itself. */
  actor?: { kind: 'user' | 'client' | 'system'; id: string };
  /** What it was done to. */
  subject?: { kind: 'user' | 'client' | 'session' | 'grant' | 'key' | 'tenant'; id: string };
  /** Why: a reason's stable name, as `bad-credentials`. */
  reason?: string;
  detail?: Record<string, string | number | boolean | readonly string[]>;
}

/** Of what people do to their own account. */
export function byUser(tenantId: string, userId: string): Pick<AuditEvent, 'tenantId' | 'actor' | 'subject'> {
  const user = { kind: 'user', id: userId } as const;
  return { tenantId, actor: user, subject: user };
}

export interface Audit {
  /** Records the event with the current request's address, user agent and id (http/request-context.ts). */
  record(event: AuditEvent): Promise<void>;
}

/** Of what has happened already, and happens often: events that come at once are written in one statement. */
export interface AuditReports extends Audit {
  /** Resolves when all that was recorded so far has been written. */
  settled(): Promise<void>;
}
