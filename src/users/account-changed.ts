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

/** Whose sessions end, and who saw to that; the person themselves if left out. */
export interface SigningOut extends Pick<AccountChange, 'tenantId' | 'userId' | 'keptSession'> {
  actor?: AuditEvent['actor'];
}

/** Ends the person's other sessions, trusts no browser any more, and audits both. Answers the uids of the sessions. */
export type SignOut = (whose: SigningOut) => Promise<string[]>;

export type AccountChanged = (change: AccountChange) => Promise<void>;

export interface SignOutOptions {
  audit: Audit;
  sessions: Pick<Sessions, 'endOthers'>;
  trustedDevices: Pick<TrustedDevices, 'removeAll'>;
}

export interface AccountChangedOptions extends SignOutOptions {
  notify: NotifyAccountChange;
}

export function createSignOut({ audit, sessions, trustedDevices }: SignOutOptions): SignOut {
  return async ({ tenantId, userId, keptSession, actor }) => {
    const whose = { ...byUser(tenantId, userId), ...(actor && { actor }) };
    const ended = await sessions.endOthers(tenantId, userId, keptSession);
    if (ended.length > 0) await audit.record({ type: 'session.ended', ...whose, detail: { sessions: ended } });
    const devices = await trustedDevices.removeAll(tenantId, userId);
    if (devices > 0) await audit.record({ type: 'device.forgotten', ...whose, detail: { devices } });
    return ended;
  };
}

export function createAccountChanged(options: AccountChangedOptions): AccountChanged {
  const { audit, notify } = options;
  const signOut = createSignOut(options);
  return async ({ tenantId, userId, event, notice, keptSession }) => {
    await audit.record({ ...event, ...byUser(tenantId, userId) });
    await signOut({ tenantId, userId, keptSession });
    await notify({ tenantId, userId, notice });
  };
}
