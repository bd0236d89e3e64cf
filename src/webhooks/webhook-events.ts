// Which events go to which webhooks: looked up for every event that is written, and queued in the transaction that writes it.

import type { AuditFollower } from '../audit/audit.ts';
import { shownEvent } from '../audit/shown-event.ts';
import type { Outbox, WebhookMessage } from '../delivery/delivery.ts';
import type { TenantCaches } from '../tenants/tenant-caches.ts';
import { takes } from './webhooks.ts';
import type { Subscription, Webhooks } from './webhooks.ts';

export interface WebhookEventsDeps {
  webhooks: Pick<Webhooks, 'subscriptions'>;
  outbox: Pick<Outbox, 'add'>;
  /** A tenant's webhooks are remembered, so that a tenant without any costs nothing. */
  caches: TenantCaches;
}

/** So long an event is tried, and kept after it was sent, so that it can be sent again. Seconds. */
export const KEPT_FOR = 3 * 86_400;

export function followForWebhooks({ webhooks, outbox, caches }: WebhookEventsDeps): AuditFollower {
  const known = caches.of(async (tenantId) => ({ all: await webhooks.subscriptions(tenantId) }));

  async function takersOf(tenantId: string, type: string): Promise<Subscription[]> {
    const { all = [] } = (await known(tenantId, 'webhooks')) ?? {};
    return all.filter(({ events }) => takes(events, type));
  }

  return {
    wants: async (tenantId, type) => (await takersOf(tenantId, type)).length > 0,
    async follow(tenantId, event) {
      const { sealed: _, ...data } = shownEvent(event);
      const body = bodyOf(event.type, event.at, data);
      for (const { id: webhookId } of await takersOf(tenantId, event.type)) {
        await queue(outbox, { tenantId, webhookId, eventType: event.type, body });
      }
    },
  };
}

/** What is sent, as Standard Webhooks has it. */
export function bodyOf(type: string, at: Date, data: object): string {
  return JSON.stringify({ type, timestamp: at.toISOString(), data });
}

/** Answers the delivery's id. */
export function queue(outbox: Pick<Outbox, 'add'>, message: WebhookMessage): Promise<string> {
  const expiresAt = new Date(Date.now() + KEPT_FOR * 1000);
  return outbox.add({ tenantId: message.tenantId, channel: 'webhook', message, expiresAt });
}
