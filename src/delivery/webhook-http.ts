// Events by HTTP to a tenant's webhooks: one request for each, signed, through the guard. When to try again is for delivery-worker.ts
// to decide, which events go where is webhooks/webhook-events.ts's.

import { UnsafeAddressError } from '../security/guarded-request.ts';
import type { GuardedRequest } from '../security/guarded-request.ts';
import { signatureOf } from '../webhooks/signatures.ts';
import type { Webhooks } from '../webhooks/webhooks.ts';
import { DeliveryError } from './delivery.ts';
import type { Channel, WebhookMessage } from './delivery.ts';

export interface WebhookChannelDeps {
  webhooks: Pick<Webhooks, 'find'>;
  outbound: GuardedRequest;
  /** Its receiver says that it is there no more. */
  gone(tenantId: string, webhookId: string): Promise<void>;
  /** Until the receiver must have answered. */
  timeoutMs?: number;
}

export function createWebhookChannel(deps: WebhookChannelDeps): Channel<WebhookMessage> {
  const { webhooks, outbound, gone, timeoutMs = 10_000 } = deps;
  return {
    async send({ tenantId, webhookId, body }, id, signal) {
      const webhook = await webhooks.find(tenantId, webhookId);
      if (!webhook) throw new DeliveryError('the webhook is gone', { permanent: true });
      if (!webhook.enabled) throw new DeliveryError('the webhook is disabled', { permanent: true });
      const url = new URL(webhook.url);
      if (url.protocol !== 'https:' && !outbound.isAllowed(url)) throw new DeliveryError('http is not allowed there');

      const timestamp = Math.floor(Date.now() / 1000);
      const secrets = [webhook.secret, ...(webhook.previousSecret === undefined ? [] : [webhook.previousSecret])];
      const { status } = await outbound
        .send(url, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            'user-agent': 'Sallyport-Webhooks',
            'webhook-id': id,
            'webhook-timestamp': String(timestamp),
            'webhook-signature': signatureOf(secrets, id, timestamp, body),
          },
          body,
          signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
        })
        .catch((cause: unknown) => {
          throw new DeliveryError(nameOf(cause), { cause });
        });
      if (status >= 200 && status < 300) return;
      if (status === 410) await gone(tenantId, webhookId);
      throw new DeliveryError(`HTTP ${String(status)}`, { permanent: status === 410 });
    },
  };
}

/** `ECONNREFUSED`, `AbortError`: what failed, and nothing of what was sent. */
function nameOf(error: unknown): string {
  if (error instanceof UnsafeAddressError) return error.message;
  if (!(error instanceof Error)) return 'unknown';
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return 'no answer in time';
  return 'code' in error ? String(error.code) : error.name;
}
