// What the tests of delivery put into an outbox.

import type { Delivery, EmailMessage, SmsMessage } from '../../src/delivery/delivery.ts';
import { createEncryption } from '../../src/security/encryption.ts';

export const outboxEncryption = createEncryption([{ id: 'k1', secret: 'a secret of more than 32 characters' }]);

export function aDelivery(tenantId: string, message: Partial<EmailMessage> = {}): Delivery {
  return {
    tenantId,
    channel: 'email',
    message: { to: 'ann@acme.example', subject: 'Hello', text: 'Hello', html: '<p>Hello</p>', ...message },
    expiresAt: new Date(Date.now() + 3_600_000),
  };
}

export function anSms(tenantId: string, message: Partial<SmsMessage> = {}): Delivery {
  return {
    tenantId,
    channel: 'sms',
    message: { to: '+41791234567', text: 'Hello', ...message },
    expiresAt: new Date(Date.now() + 300_000),
  };
}
