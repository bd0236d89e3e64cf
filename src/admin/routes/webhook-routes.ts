// Webhooks of a tenant: make them, change them, give them new secrets, try them.

import { z } from 'zod';

import type { Outbox } from '../../delivery/delivery.ts';
import type { GuardedRequest } from '../../security/guarded-request.ts';
import { newSecret } from '../../webhooks/signatures.ts';
import { bodyOf, queue } from '../../webhooks/webhook-events.ts';
import { WEBHOOK_FIELDS } from '../../webhooks/webhooks.ts';
import type { Webhooks } from '../../webhooks/webhooks.ts';
import { shownWithEtag } from '../changes.ts';
import type { Changes, WriteEvent } from '../changes.ts';
import { checkedBody } from '../checked.ts';
import { mergePatch } from '../merge-patch.ts';
import { Problem } from '../problem.ts';
import { idParam, route } from '../route.ts';
import type { AdminRoute, Answer, Call } from '../route.ts';
import { assertMayReceive, assertReachable } from './webhook-receivers.ts';
import {
  madeWebhook,
  newWebhookBody,
  settingsOf,
  shownWebhook,
  webhookBody,
  webhookPatch,
  webhookShape,
} from './webhook-shape.ts';
import type { ShownWebhook } from './webhook-shape.ts';

export interface WebhookRoutesDeps {
  webhooks: Webhooks;
  outbox: Pick<Outbox, 'add'>;
  outbound: Pick<GuardedRequest, 'isAllowed' | 'isUnsafe'>;
  changes: Changes;
}

const COLLECTION = '/tenants/{tenant}/webhooks';
const ONE = `${COLLECTION}/{webhookId}`;
const TAG = 'Webhooks';
const params = z.strictObject({ webhookId: idParam });
const DAY = 86_400;

type WebhookCall = Pick<Call<z.output<typeof params>>, 'tenant' | 'caller' | 'ifMatch' | 'params'>;

export function webhookRoutes(deps: WebhookRoutesDeps): AdminRoute[] {
  const { webhooks, changes } = deps;
  const read = async (tenantId: string, id: string) => {
    const webhook = await webhooks.find(tenantId, id);
    return webhook && shownWebhook(webhook);
  };
  const targetOf = ({ tenant, params: { webhookId } }: WebhookCall) => ({
    name: 'webhook',
    lock: () => webhooks.lock(tenant.id, webhookId),
    read: () => read(tenant.id, webhookId),
  });

  return [
    route(
      {
        id: 'listWebhooks',
        method: 'GET',
        path: COLLECTION,
        tag: TAG,
        summary: 'List the webhooks of a tenant',
        permission: 'webhooks:read',
        lists: WEBHOOK_FIELDS,
        answer: webhookShape,
      },
      async ({ tenant, list }) => {
        const { items, next } = await webhooks.list(tenant.id, list);
        return { body: { items: items.map(shownWebhook), next } };
      },
    ),

    route(
      {
        id: 'getWebhook',
        method: 'GET',
        path: ONE,
        tag: TAG,
        summary: 'Show a webhook',
        permission: 'webhooks:read',
        params,
        answer: webhookShape,
      },
      async ({ tenant, params: { webhookId } }) => shownWithEtag(await read(tenant.id, webhookId), 'webhook'),
    ),

    route(
      {
        id: 'createWebhook',
        method: 'POST',
        path: COLLECTION,
        tag: TAG,
        summary: 'Have events sent to an address',
        description: 'What signs them is made here, and shown in this answer only. It takes `audit:read` as well.',
        permission: 'webhooks:write',
        body: newWebhookBody,
        status: 201,
        answer: madeWebhook,
      },
      async (call) => {
        const { tenant, caller, body } = call;
        assertMayReceive(caller);
        assertReachable(deps.outbound, body.url);
        const secret = newSecret(body.algorithm);
        const make = async () => {
          const description = body.description;
          const id = await webhooks.create(tenant.id, { ...body, description, secret });
          return shownOf(await read(tenant.id, id));
        };
        const answer = await changes.create(
          call,
          make,
          ({ id }) => aboutWebhook('webhook.created', id),
          ({ id }) => `/tenants/${tenant.slug}/webhooks/${id}`,
        );
        return withSecret(answer, secret);
      },
    ),

    route(
      {
        id: 'updateWebhook',
        method: 'PATCH',
        path: ONE,
        tag: TAG,
        summary: 'Change a webhook',
        description: 'A JSON merge patch. It takes `audit:read` as well.',
        permission: 'webhooks:write',
        params,
        body: webhookPatch,
        answer: webhookShape,
      },
      (call) => {
        assertMayReceive(call.caller);
        const { tenant, params: named, body } = call;
        const event = aboutWebhook('webhook.changed', named.webhookId);
        return changes.amend(call, 'PATCH', targetOf(call), event, async (before) => {
          const { description, ...settings } = checkedBody(webhookBody, mergePatch(settingsOf(before), body));
          if (body.url !== undefined) assertReachable(deps.outbound, body.url);
          await webhooks.update(tenant.id, named.webhookId, { ...settings, description });
        });
      },
    ),

    route(
      {
        id: 'deleteWebhook',
        method: 'DELETE',
        path: ONE,
        tag: TAG,
        summary: 'Remove a webhook',
        description: 'What was to be sent to it is sent no more.',
        permission: 'webhooks:write',
        params,
        status: 204,
      },
      (call) => {
        const { tenant, params: named } = call;
        const event = aboutWebhook('webhook.deleted', named.webhookId);
        return changes.remove(call, targetOf(call), event, ({ id }) => webhooks.remove(tenant.id, id));
      },
    ),

    route(
      {
        id: 'rotateWebhook',
        method: 'POST',
        path: `${ONE}:rotate`,
        tag: TAG,
        summary: 'Give a webhook a new secret',
        description:
          'Until the overlap ends each request bears two signatures, of the new secret and of the one before. It takes `audit:read` as well.',
        permission: 'webhooks:write',
        params,
        body: z
          .strictObject({
            overlap: z
              .int()
              .min(0)
              .max(30 * DAY)
              .default(DAY)
              .describe('Seconds for which the secret of before signs as well'),
          })
          .meta({ id: 'WebhookRotation' })
          .prefault({}),
        answer: madeWebhook,
      },
      async (call) => {
        const { caller, tenant, params: named, body } = call;
        assertMayReceive(caller);
        let secret = '';
        const event = aboutWebhook('webhook.secret_rotated', named.webhookId);
        const answer = await changes.amend(call, 'POST', targetOf(call), event, ({ id, algorithm }) => {
          secret = newSecret(algorithm);
          return webhooks.rotate(tenant.id, id, secret, body.overlap);
        });
        return withSecret(answer, secret);
      },
    ),

    route(
      {
        id: 'testWebhook',
        method: 'POST',
        path: `${ONE}:test`,
        tag: TAG,
        summary: 'Send a webhook an event of the type webhook.test',
        description: 'Whichever events it takes. What becomes of it is in the delivery.',
        permission: 'webhooks:write',
        params,
        status: 202,
        answer: z.strictObject({ deliveryId: z.uuid() }).meta({ id: 'WebhookTest' }),
      },
      async (call) => {
        const { tenant, params: named } = call;
        let deliveryId = '';
        const event = aboutWebhook('webhook.tested', named.webhookId);
        await changes.amend(call, 'POST', targetOf(call), event, async ({ id: webhookId, enabled }) => {
          if (!enabled) throw new Problem('wrong-state', 'The webhook is disabled.');
          const eventType = 'webhook.test';
          const body = bodyOf(eventType, new Date(), { webhookId });
          deliveryId = await queue(deps.outbox, { tenantId: tenant.id, webhookId, eventType, body });
        });
        return { status: 202, body: { deliveryId } };
      },
    ),
  ];
}

function aboutWebhook(type: WriteEvent['type'], id: string): WriteEvent {
  return { type, subject: { kind: 'webhook', id } };
}

/** A private key stays here. */
function withSecret({ body, ...answer }: Answer<ShownWebhook>, secret: string): Answer<z.output<typeof madeWebhook>> {
  return { ...answer, body: { ...body, secret: body.algorithm === 'hmac-sha256' ? secret : null } };
}

function shownOf(webhook: ShownWebhook | undefined): ShownWebhook {
  if (!webhook) throw new Error('a webhook is gone that was just made');
  return webhook;
}
