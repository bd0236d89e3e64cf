// What the tests of delivery put into an outbox.

import { v7 as uuidv7 } from 'uuid';

import type { Database } from '../../src/db/database.ts';
import type { Delivery, EmailMessage } from '../../src/delivery/delivery.ts';
import { createEncryption } from '../../src/security/encryption.ts';

export const outboxEncryption = createEncryption([{ id: 'k1', secret: 'a secret of more than 32 characters' }]);

/** The id of a new tenant, for rows that must belong to one. */
export async function aTenant(db: Database): Promise<string> {
  const id = uuidv7();
  await db.query(
    `insert into tenants (id, slug, name, settings, secret, owner, changed_version) values ($1, $2, 'Acme', '{}', '', 'api', 0)`,
    [id, `acme-${id}`],
  );
  return id;
}

export function aDelivery(tenantId: string, message: Partial<EmailMessage> = {}): Delivery {
  return {
    tenantId,
    channel: 'email',
    message: { to: 'ann@acme.example', subject: 'Hello', text: 'Hello', html: '<p>Hello</p>', ...message },
    expiresAt: new Date(Date.now() + 3_600_000),
  };
}
