// A receiver that answers 410 Gone wants no more: its webhook is disabled, which an administrator sees in the audit log.

import type { Audit } from '../audit/audit.ts';
import type { Database } from '../db/database.ts';
import type { Webhooks } from './webhooks.ts';

export interface DisableGoneDeps {
  db: Pick<Database, 'unitOfWork'>;
  webhooks: Pick<Webhooks, 'lock' | 'find' | 'update'>;
  audit: Audit;
}

export function createDisableGone({ db, webhooks, audit }: DisableGoneDeps) {
  return (tenantId: string, id: string): Promise<void> =>
    db.unitOfWork(async () => {
      await webhooks.lock(tenantId, id);
      const webhook = await webhooks.find(tenantId, id);
      if (!webhook?.enabled) return;
      await webhooks.update(tenantId, id, { ...webhook, enabled: false });
      await audit.record({
        type: 'webhook.changed',
        tenantId,
        actor: { kind: 'system', id: 'webhooks' },
        subject: { kind: 'webhook', id },
        reason: 'gone',
        changes: [{ at: '/enabled', from: true, to: false }],
      });
    });
}
