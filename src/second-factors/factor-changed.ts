// What follows from every change of a person's factors, in the transaction of the change and before a factor is gone: it is
// audited, the person's other sessions end, no browser is trusted any more, and every verified address is told.

import { byUser } from '../audit/audit.ts';
import type { Audit, AuditEvent } from '../audit/audit.ts';
import type { AccountNotice, NotifyAccountChange } from '../delivery/notifications.ts';
import type { FactorId } from '../policy/factors.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { TrustedDevices } from './trusted-devices.ts';

export interface FactorChange {
  tenantId: string;
  userId: string;
  event: 'second_factor.enrolled' | 'second_factor.renamed' | 'second_factor.removed';
  factor: FactorId;
  name: string;
  notice: AccountNotice;
  /** The one session of the person that goes on. */
  keptSession: string | undefined;
}

export type FactorChanged = (change: FactorChange) => Promise<void>;

export interface FactorChangedOptions {
  audit: Audit;
  sessions: Pick<Sessions, 'endOthers'>;
  trustedDevices: Pick<TrustedDevices, 'removeAll'>;
  notify: NotifyAccountChange;
}

export function createFactorChanged({ audit, sessions, trustedDevices, notify }: FactorChangedOptions): FactorChanged {
  return async ({ tenantId, userId, event, factor, name, notice, keptSession }) => {
    const record = (type: AuditEvent['type'], detail: AuditEvent['detail']) =>
      audit.record({ type, ...byUser(tenantId, userId), detail });

    await record(event, { factor, name });
    const ended = await sessions.endOthers(tenantId, userId, keptSession);
    if (ended.length > 0) await record('session.ended', { sessions: ended });
    const devices = await trustedDevices.removeAll(tenantId, userId);
    if (devices > 0) await record('device.forgotten', { devices });
    await notify({ tenantId, userId, notice });
  };
}
