// The outbox for administrators: what became of messages, and another try. What is in them is nobody's to see.

import type { ListFields, ListRequest, Page } from '../listing.ts';
import type { ChannelName, DeliveryStatus } from './delivery.ts';

export interface ListedDelivery {
  id: string;
  channel: ChannelName;
  status: DeliveryStatus;
  /** Who it is for, masked; of a message to a person only while it waits. */
  recipient: string | undefined;
  webhookId: string | undefined;
  eventType: string | undefined;
  attempts: number;
  /** Why the last attempt came to nothing. */
  lastError: string | undefined;
  createdAt: Date;
  /** Of one that waits. */
  nextAttemptAt: Date | undefined;
  expiresAt: Date;
  /** Whether its content is there still. */
  hasBody: boolean;
}

const exact = { type: 'text', caseExact: true } as const;

export const DELIVERY_FIELDS = {
  id: { type: 'id' },
  status: exact,
  channel: exact,
  webhookId: { type: 'id' },
  eventType: exact,
  createdAt: { type: 'time' },
} as const satisfies ListFields;

export interface Deliveries {
  list(tenantId: string, request: ListRequest): Promise<Page<ListedDelivery>>;
  find(tenantId: string, id: string): Promise<ListedDelivery | undefined>;
  /** Until the current unit of work ends, nobody else changes it, and no worker takes it. */
  lock(tenantId: string, id: string): Promise<void>;
  /** It is due at once, and counts its attempts anew; it expires at `expiresAt`. */
  sendAgain(tenantId: string, id: string, expiresAt: Date): Promise<void>;
  /** One that waits for its next attempt is due at once; one that is being sent is left alone. */
  hasten(tenantId: string, id: string): Promise<void>;
}
