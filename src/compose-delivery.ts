// What is sent to people: by which channels, in whose words.

import type { Base } from './compose-base.ts';
import { lookOf } from './compose-pages.ts';
import type { PageParts } from './compose-pages.ts';
import type { Configuration } from './config.ts';
import { startDeliveryWorker } from './delivery/delivery-worker.ts';
import type { DeliveryWorker, DeliveryWorkerOptions } from './delivery/delivery-worker.ts';
import { createEnqueue } from './delivery/delivery.ts';
import type { Channel, EmailMessage, SmsMessage } from './delivery/delivery.ts';
import { createSmtpChannel } from './delivery/email-smtp.ts';
import { createNotifications } from './delivery/notifications.ts';
import { createHttpSmsChannel } from './delivery/sms-http.ts';
import { createSnsChannel } from './delivery/sms-sns.ts';
import { createWebhookChannel } from './delivery/webhook-http.ts';
import { chooseLanguage } from './http/language.ts';
import { currentDevice } from './http/request-context.ts';
import { createSendCode } from './second-factors/send-code.ts';
import type { Tenant } from './tenants/tenants.ts';
import { createDisableGone } from './webhooks/disable-gone.ts';

/** In place of the configured ones; the demo's inbox is both. */
export interface OwnChannels {
  emailChannel?: Channel<EmailMessage> | undefined;
  smsChannel?: Channel<SmsMessage> | undefined;
}

export interface DeliveryOptions extends OwnChannels {
  /** Only queues: a serving process sends. */
  queuesOnly?: boolean;
}

const NO_WORKER: DeliveryWorker = { poke: () => undefined, stop: () => Promise.resolve() };

export type DeliveryParts = ReturnType<typeof composeDelivery>;

/** What there is no channel for is not sent. */
export function composeDelivery(
  base: Base,
  { renderer, messages }: PageParts,
  { mail, sms }: Pick<Configuration, 'mail' | 'sms'>,
  { queuesOnly = false, ...own }: DeliveryOptions,
) {
  const smtp = mail && createSmtpChannel(mail);
  const sns = sms?.provider === 'sns' ? createSnsChannel(sms) : undefined;
  const gateway = sms?.provider === 'http' ? createHttpSmsChannel(sms) : undefined;
  const available = { email: own.emailChannel ?? smtp, sms: own.smsChannel ?? sns ?? gateway };
  const channels = (['email', 'sms'] as const).filter((channel) => available[channel] !== undefined);

  const { outbox } = base;
  const start = (options: Omit<DeliveryWorkerOptions, 'outbox' | 'log'>) =>
    queuesOnly ? NO_WORKER : startDeliveryWorker({ outbox, log: base.log, ...options });
  const worker = start({ channels: available });
  const webhook = createWebhookChannel({ ...base, gone: createDisableGone(base) });
  const webhookWorker = start({ channels: { webhook }, carries: ['webhook'], concurrency: 20 });
  const enqueue = createEnqueue(outbox, worker.poke);
  const contextOf = (tenant: Tenant, language: string) => ({ tenant: lookOf(tenant), language });
  return {
    channels,
    enqueue,
    deliveryStatus: outbox.status,
    sendCode: createSendCode({
      ...base,
      enqueue,
      channels,
      write: {
        email: (tenant, language, words) => renderer.email('email/code', contextOf(tenant, language), words),
        sms: (tenant, language, words) =>
          renderer.textMessage('sms/code', contextOf(tenant, language), {
            ...words,
            host: new URL(base.issuerOf(tenant)).hostname,
          }),
      },
    }),
    notify: createNotifications({
      ...base,
      enqueue,
      findTenant: base.tenants.byId,
      findUser: base.users.find,
      currentDevice,
      write(tenant, locale, facts) {
        const language = chooseLanguage(messages.languages, { locale, tenant: tenant.settings.language });
        return renderer.email('email/account-changed', contextOf(tenant, language), facts);
      },
    }),
    async stop() {
      await Promise.all([worker.stop(), webhookWorker.stop()]);
      smtp?.close();
      sns?.close();
    },
  };
}
