// What people are told about their own account, whether they did it or not. Owns who is told, and until when; the words are in
// views/email, and the message goes out by way of the outbox.

import type { FactorId } from '../second-factors/second-factor.ts';
import type { Tenant } from '../tenants/tenants.ts';
import type { User } from '../users/users.ts';
import { browserName } from './browser-name.ts';
import type { EmailMessage, Enqueue } from './delivery.ts';

/** What somebody is told about a change of their own account. */
export type AccountNotice =
  | { kind: 'factor-added' | 'factor-removed' | 'factor-renamed'; factor: FactorId; name?: string | undefined }
  | { kind: 'recovery-codes-made' }
  | { kind: 'recovery-code-used'; remaining: number }
  /** A signature counter ran backwards: somebody may have a copy. */
  | { kind: 'passkey-refused' };

export interface SecondFactorChange {
  tenantId: string;
  userId: string;
  factor: FactorId;
}

export interface SecondFactorAddedFacts {
  /** How the person is addressed. */
  name: string;
  username: string;
  factor: FactorId;
  time: Date;
  address: string;
  /** The browser as far as it is known. */
  browser: string | undefined;
  passwordHelpUrl: string | undefined;
}

export interface NotificationsOptions {
  enqueue: Enqueue;
  findTenant: (id: string) => Promise<Tenant | undefined>;
  findUser: (tenantId: string, id: string) => Promise<User | undefined>;
  /** Writes the mail in the tenant's look and in the language nearest to `locale` (BCP 47). */
  writeSecondFactorAdded: (
    tenant: Tenant,
    locale: string | undefined,
    facts: SecondFactorAddedFacts,
  ) => Omit<EmailMessage, 'to'>;
  /** From where the change was asked for. */
  currentRequest: () => { address: string; userAgent: string | undefined } | undefined;
  now?: () => Date;
}

export interface Notifications {
  /** Runs in the enrolment's own transaction. Who has no e-mail address is told nothing. */
  secondFactorAdded(change: SecondFactorChange): Promise<void>;
}

/** A change of an account is worth knowing of for as long as it can still be put right. */
const WORTH_SENDING_MS = 3 * 24 * 60 * 60 * 1000;

export function createNotifications({
  enqueue,
  findTenant,
  findUser,
  writeSecondFactorAdded,
  currentRequest,
  now = () => new Date(),
}: NotificationsOptions): Notifications {
  return {
    async secondFactorAdded({ tenantId, userId, factor }) {
      const tenant = await findTenant(tenantId);
      const user = await findUser(tenantId, userId);
      const to = user?.profile.email;
      if (!tenant || !user || to === undefined) return;

      const time = now();
      const request = currentRequest();
      const email = writeSecondFactorAdded(tenant, user.profile.locale, {
        name: user.profile.givenName ?? user.profile.name ?? user.username,
        username: user.username,
        factor,
        time,
        address: request?.address ?? '-',
        browser: browserName(request?.userAgent),
        passwordHelpUrl: tenant.settings.passwordHelpUrl,
      });
      const expiresAt = new Date(time.getTime() + WORTH_SENDING_MS);
      await enqueue({ tenantId, channel: 'email', message: { to, ...email }, expiresAt });
    },
  };
}
