// Deliveries: what became of mails, text messages and webhooks' events, and another try. Never what is in them.

import { z } from 'zod';

import { DELIVERY_FIELDS } from '../../delivery/deliveries.ts';
import type { Deliveries, ListedDelivery } from '../../delivery/deliveries.ts';
import { KEPT_FOR } from '../../webhooks/webhook-events.ts';
import { shownWithEtag } from '../changes.ts';
import type { Changes } from '../changes.ts';
import { Problem } from '../problem.ts';
import { idParam, route } from '../route.ts';
import type { AdminRoute } from '../route.ts';

export interface DeliveryRoutesDeps {
  deliveries: Deliveries;
  changes: Changes;
}

const PATH = '/tenants/{tenant}/deliveries';
const TAG = 'Deliveries';
const params = z.strictObject({ deliveryId: idParam });

const deliveryShape = z
  .strictObject({
    id: z.uuid(),
    channel: z.enum(['email', 'sms', 'webhook']),
    status: z.enum(['waiting', 'sent', 'failed']).describe('waiting: it is tried, or tried again'),
    recipient: z
      .string()
      .nullable()
      .describe("Masked, and of a message to a person known only while it waits; a webhook's host"),
    webhookId: z.uuid().nullable(),
    eventType: z.string().nullable(),
    attempts: z.int(),
    lastError: z.string().nullable().describe('Why the last attempt came to nothing'),
    createdAt: z.iso.datetime(),
    nextAttemptAt: z.iso.datetime().nullable(),
    expiresAt: z.iso.datetime().describe('Not tried after this'),
    canRetry: z.boolean().describe('Whether its content is still there'),
  })
  .meta({ id: 'Delivery' });

export function deliveryRoutes({ deliveries, changes }: DeliveryRoutesDeps): AdminRoute[] {
  const read = async (tenantId: string, id: string) => {
    const delivery = await deliveries.find(tenantId, id);
    return delivery && shownDelivery(delivery);
  };

  return [
    route(
      {
        id: 'listDeliveries',
        method: 'GET',
        path: PATH,
        tag: TAG,
        summary: 'List what was to be sent, the latest first',
        permission: 'deliveries:read',
        lists: DELIVERY_FIELDS,
        defaultSort: '-id',
        answer: deliveryShape,
      },
      async ({ tenant, list }) => {
        const { items, next } = await deliveries.list(tenant.id, list);
        return { body: { items: items.map(shownDelivery), next } };
      },
    ),

    route(
      {
        id: 'getDelivery',
        method: 'GET',
        path: `${PATH}/{deliveryId}`,
        tag: TAG,
        summary: 'Show a delivery',
        permission: 'deliveries:read',
        params,
        answer: deliveryShape,
      },
      async ({ tenant, params: { deliveryId } }) => shownWithEtag(await read(tenant.id, deliveryId), 'delivery'),
    ),

    route(
      {
        id: 'retryDelivery',
        method: 'POST',
        path: `${PATH}/{deliveryId}:retry`,
        tag: TAG,
        summary: 'Send a delivery again, or at once',
        description:
          'One that waits is tried at once. One of a webhook that failed, or was sent, is sent again. The content of a mail or a text ' +
          'message is deleted once it is sent or given up, so that one cannot be.',
        permission: 'deliveries:write',
        params,
        answer: deliveryShape,
      },
      (call) => {
        const { tenant, params: named } = call;
        const target = {
          name: 'delivery',
          lock: () => deliveries.lock(tenant.id, named.deliveryId),
          read: () => read(tenant.id, named.deliveryId),
        };
        const event = { type: 'delivery.retried', subject: { kind: 'delivery', id: named.deliveryId } } as const;
        return changes.amend(call, 'POST', target, event, async ({ id, status, canRetry }) => {
          if (!canRetry) throw new Problem('wrong-state', 'Its content was deleted when it was sent or given up.');
          if (status === 'waiting') await deliveries.hasten(tenant.id, id);
          else await deliveries.sendAgain(tenant.id, id, new Date(Date.now() + KEPT_FOR * 1000));
        });
      },
    ),
  ];
}

function shownDelivery(delivery: ListedDelivery): z.output<typeof deliveryShape> {
  const { id, channel, status, attempts, hasBody } = delivery;
  return {
    id,
    channel,
    status,
    recipient: delivery.recipient ?? null,
    webhookId: delivery.webhookId ?? null,
    eventType: delivery.eventType ?? null,
    attempts,
    lastError: delivery.lastError ?? null,
    createdAt: delivery.createdAt.toISOString(),
    nextAttemptAt: delivery.nextAttemptAt?.toISOString() ?? null,
    expiresAt: delivery.expiresAt.toISOString(),
    // An expired message to a person has its content until a worker notices.
    canRetry: hasBody && (channel === 'webhook' || status === 'waiting'),
  };
}
