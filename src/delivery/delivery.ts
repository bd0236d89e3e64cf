// Messages that a business transaction decided to send: to people, and to webhooks. This file owns what a message is and what a queue
// and a channel must do; outbox-postgres.ts keeps the queue, delivery-worker.ts decides when to send, email-smtp.ts, sms-sns.ts,
// sms-http.ts and webhook-http.ts send, deliveries.ts is for administrators.

/** A mail of one recipient; `to` is a bare address, no display name. */
export interface EmailMessage {
  to: string;
  subject: string;
  text: string;
  html: string;
}

/** `to` is a number in E.164. */
export interface SmsMessage {
  to: string;
  text: string;
}

/** An event for one webhook; `body` is the request's, as JSON. */
export interface WebhookMessage {
  tenantId: string;
  webhookId: string;
  eventType: string;
  body: string;
}

export type ChannelName = 'email' | 'sms' | 'webhook';

export type Delivery = {
  tenantId: string;
  /** Not sent any more after this: a code that has run out helps nobody. */
  expiresAt: Date;
} & (
  | { channel: 'email'; message: EmailMessage }
  | { channel: 'sms'; message: SmsMessage }
  | { channel: 'webhook'; message: WebhookMessage }
);

/** Queues a message in the caller's transaction, and answers its id: it is sent if, and only if, that commits. */
export type Enqueue = (delivery: Delivery) => Promise<string>;

/** `failed`: it will not be sent. */
export type DeliveryStatus = 'waiting' | 'sent' | 'failed';

/** A message claimed for one attempt. Nobody else has it while the lease lasts. */
export type ClaimedDelivery = Delivery & Claim;
export interface Claim {
  id: string;
  /** Counts from 1, attempts that a crash cut short included; also proves that the claim is still ours. */
  attempt: number;
}

/** The queue. All but `add` work outside any transaction; a claim that has passed to somebody else is left alone. */
export interface Outbox {
  /** Answers the message's id. One for a webhook that is there no more is not queued. */
  add(delivery: Delivery): Promise<string>;
  /** What became of it; undefined once a sent one has expired, and for an id of another tenant. */
  status(tenantId: string, id: string): Promise<DeliveryStatus | undefined>;
  /** Claims up to `limit` messages that are due; unless settled, each is due again after `leaseSeconds`. */
  claim(limit: number, leaseSeconds: number, channels?: readonly ChannelName[]): Promise<ClaimedDelivery[]>;
  /** It was sent: its body is gone at once, but for a webhook's, which can be sent again; the rest when it expires. */
  markSent(claimed: Claim): Promise<void>;
  /** It is due again in `seconds`. */
  postpone(claimed: Claim, seconds: number, reason: string): Promise<void>;
  /** It will not be sent; an administrator sees it, with the reason, for 30 days. Only a webhook's keeps its body. */
  bury(claimed: Claim, reason: string): Promise<void>;
}

/** Sends messages of one kind. */
export interface Channel<Message extends Delivery['message']> {
  /**
   * Resolves once the message is handed over. `id` is the same at each attempt, so that a second copy can be told.
   *
   * @throws DeliveryError; at the latest soon after `signal` aborts.
   */
  send(message: Message, id: string, signal: AbortSignal): Promise<void>;
}

/** Those that are configured. */
export interface Channels {
  email?: Channel<EmailMessage> | undefined;
  sms?: Channel<SmsMessage> | undefined;
  webhook?: Channel<WebhookMessage> | undefined;
}

/**
 * Why a channel could not send. The message is kept with the queue and shown to administrators, so it holds names and codes
 * of our own choice only: what the other side said may quote the mail, with whatever secret is in it.
 */
export class DeliveryError extends Error {
  /** No later attempt can do better. */
  readonly permanent: boolean;

  constructor(message: string, { permanent = false, cause }: { permanent?: boolean; cause?: unknown } = {}) {
    super(message, { cause });
    this.name = 'DeliveryError';
    this.permanent = permanent;
  }
}

/** `poke` tells the worker of this process that something is about to be due. */
export function createEnqueue(outbox: Pick<Outbox, 'add'>, poke: () => void): Enqueue {
  return async (delivery) => {
    const id = await outbox.add(delivery);
    poke();
    return id;
  };
}
