// Webhooks as the admin API takes and shows them.

import { z } from 'zod';

import { ALGORITHMS, isEventPattern } from '../../webhooks/webhooks.ts';
import type { SigningWebhook, WebhookSettings } from '../../webhooks/webhooks.ts';
import { publicKeyOf } from '../../webhooks/signatures.ts';

const url = z
  .string()
  .max(2048)
  .refine(isPlainUrl, 'is an https:// URL without user name, password and fragment')
  .describe('Where events are posted to: https, or http at a host that the operator allows (outbound.allowHosts)');
const events = z
  .array(z.string().refine(isEventPattern, 'is a type of the audit log, as user.created, user.* or *'))
  .min(1)
  .max(200)
  .describe('Types of the audit log; `user.*` for all that begin so, `*` for all');

export const webhookBody = z.strictObject({
  url,
  description: z.string().min(1).max(200).optional(),
  events,
  enabled: z.boolean().default(true),
});

export const newWebhookBody = webhookBody
  .extend({
    algorithm: z
      .enum(ALGORITHMS)
      .default('hmac-sha256')
      .describe(
        'hmac-sha256 signs with a secret that both have, ed25519 with a key of which the receiver has the public half',
      ),
  })
  .meta({ id: 'NewWebhook', examples: [{ url: 'https://hooks.example.com/sallyport', events: ['user.*'] }] });

export const webhookPatch = z
  .strictObject({
    url: url.optional(),
    description: z.string().min(1).max(200).nullable().optional(),
    events: events.optional(),
    enabled: z.boolean().optional(),
  })
  .meta({ id: 'WebhookPatch' });

export const webhookShape = z
  .strictObject({
    id: z.uuid(),
    url: z.string(),
    description: z.string().nullable(),
    events: z.array(z.string()),
    enabled: z.boolean().describe('Whether events are sent'),
    algorithm: z.enum(ALGORITHMS),
    publicKey: z.string().nullable().describe('Of ed25519: what its signatures are verified by'),
    previousPublicKey: z.string().nullable().describe('Of ed25519, while both are good'),
    previousUntil: z.iso.datetime().nullable().describe('Both secrets sign until then'),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'Webhook' });

/** The one answer that tells of a new secret. */
export const madeWebhook = webhookShape
  .extend({ secret: z.string().nullable().describe('Of hmac-sha256. It is not shown again') })
  .meta({ id: 'MadeWebhook' });

export type ShownWebhook = z.output<typeof webhookShape>;

export function shownWebhook(webhook: SigningWebhook): ShownWebhook {
  const { id, algorithm, secret, previousSecret, previousUntil } = webhook;
  return {
    id,
    url: webhook.url,
    description: webhook.description ?? null,
    events: [...webhook.events],
    enabled: webhook.enabled,
    algorithm,
    publicKey: publicKeyOf(secret) ?? null,
    previousPublicKey: (previousSecret === undefined ? undefined : publicKeyOf(previousSecret)) ?? null,
    previousUntil: previousUntil?.toISOString() ?? null,
    createdAt: webhook.createdAt.toISOString(),
    updatedAt: webhook.updatedAt.toISOString(),
  };
}

/** What can be changed of one, as a merge patch applies to it. */
export function settingsOf({ url, description, events, enabled }: ShownWebhook): WebhookSettings {
  return { url, description: description ?? undefined, events, enabled };
}

function isPlainUrl(text: string): boolean {
  const url = URL.parse(text);
  return (
    url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '' && url.hash === ''
  );
}
