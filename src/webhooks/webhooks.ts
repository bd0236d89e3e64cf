// Webhooks of a tenant: where its events are sent to, which of them, and how they are signed (Standard Webhooks). Which events there
// are is audit/audit.ts's; when they are sent is delivery/delivery-worker.ts's.

import { AUDIT_EVENT_TYPES } from '../audit/audit.ts';
import type { ListFields, ListRequest, Page } from '../listing.ts';

export const ALGORITHMS = ['hmac-sha256', 'ed25519'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** What an administrator says of one. */
export interface WebhookSettings {
  url: string;
  description: string | undefined;
  /** Types of the audit log, `user.*` for all that begin so, or `*`. */
  events: readonly string[];
  enabled: boolean;
}

export interface Webhook extends WebhookSettings {
  id: string;
  algorithm: Algorithm;
  createdAt: Date;
  updatedAt: Date;
  /** Both are good while it lasts. */
  previousUntil: Date | undefined;
}

/** A webhook with what signs for it, as signatures.ts makes it. */
export interface SigningWebhook extends Webhook {
  secret: string;
  previousSecret: string | undefined;
}

export const WEBHOOK_FIELDS = {
  id: { type: 'id' },
  url: { type: 'text', caseExact: true },
  enabled: { type: 'boolean' },
  createdAt: { type: 'time' },
} as const satisfies ListFields;

export interface Webhooks {
  list(tenantId: string, request: ListRequest): Promise<Page<SigningWebhook>>;
  find(tenantId: string, id: string): Promise<SigningWebhook | undefined>;
  /** Until the current unit of work ends, nobody else changes it. */
  lock(tenantId: string, id: string): Promise<void>;
  /** Answers its id. */
  create(tenantId: string, webhook: WebhookSettings & { algorithm: Algorithm; secret: string }): Promise<string>;
  update(tenantId: string, id: string, settings: WebhookSettings): Promise<void>;
  /** `overlap`: seconds for which the secret of before is good as well. */
  rotate(tenantId: string, id: string, secret: string, overlap: number): Promise<void>;
  remove(tenantId: string, id: string): Promise<void>;
  /** Those that are enabled. */
  subscriptions(tenantId: string): Promise<Subscription[]>;
}

export interface Subscription {
  id: string;
  events: readonly string[];
}

/** Whether any of these takes an event of this type. */
export function takes(events: readonly string[], type: string): boolean {
  return events.some((event) => (event.endsWith('*') ? type.startsWith(event.slice(0, -1)) : event === type));
}

/** `*`, a type of the audit log, or `<the part before the dot>.*` of one. */
export function isEventPattern(text: string): boolean {
  if (text === '*') return true;
  if (text.endsWith('.*')) return AUDIT_EVENT_TYPES.some((type) => type.startsWith(text.slice(0, -1)));
  return AUDIT_EVENT_TYPES.some((type) => type === text);
}
