// What follows from every change of how a person signs in, in the transaction of the change and before a factor is gone: it is
// audited, the person's other sessions end, no browser is trusted any more, and every verified address is told.

import { byUser } from '../audit/audit.ts';
import type { Audit, AuditEvent } from '../audit/audit.ts';
import type { AccountNotice, NotifyAccountChange } from '../delivery/notifications.ts';
import type { TrustedDevices } from '../second-factors/trusted-devices.ts';
import type { Sessions } from '../sessions/sessions.ts';

export interface AccountChange {
  tenantId: string;
  userId: string;
  event: Pick<AuditEvent, 'type' | 'detail'>;
  notice: AccountNotice;
  /** The one session of the person that goes on. */
  keptSession: string | undefined;
}

export type AccountChanged = (change: AccountChange) => Promise<void>;

export interface AccountChangedOptions {
  audit: Audit;
  sessions: Pick<Sessions, 'endOthers'>;
  trustedDevices: Pick<TrustedDevices, 'removeAll'>;
  notify: NotifyAccountChange;
}

export function createAccountChanged({
  audit,
  sessions,
  trustedDevices,
  notify,
}: AccountChangedOptions): AccountChanged {
  return async ({ tenantId, userId, event, notice, keptSession }) => {
    const record = (what: AccountChange['event']) => audit.record({ ...what, ...byUser(tenantId, userId) });

    await record(event);
    const ended = await sessions.endOthers(tenantId, userId, keptSession);
    if (ended.length > 0) await record({ type: 'session.ended', detail: { sessions: ended } });
    const devices = await trustedDevices.removeAll(tenantId, userId);
    if (devices > 0) await record({ type: 'device.forgotten', detail: { devices } });
    await notify({ tenantId, userId, notice });
  };
}
