// What people are told about their own account, whether they did it or not. Owns who is told, and until when; the words are in
// views/email, and the messages go out by way of the outbox.

import type { FactorId } from '../policy/factors.ts';
import type { Enrolments } from '../second-factors/enrolments.ts';
import type { Tenant } from '../tenants/tenants.ts';
import { loginNameOf } from '../users/users.ts';
import type { User } from '../users/users.ts';
import type { EmailMessage, Enqueue } from './delivery.ts';

/** What somebody is told about a change of their own account. */
export type AccountNotice =
  | { kind: 'factor-added' | 'factor-removed' | 'factor-renamed'; factor: FactorId; name?: string | undefined }
  /** `factors-reset`: an administrator took all of them away. */
  | { kind: 'recovery-codes-made' | 'password-changed' | 'factors-reset' }
  | { kind: 'recovery-code-used'; remaining: number }
  /** A signature counter ran backwards: somebody may have a copy. */
  | { kind: 'passkey-refused' };

/**
 * Tells every verified address of the person; where there is none, the one that is known. Runs in the transaction of the change,
 * before a factor is removed: whoever loses an address is told there, too.
 */
export type NotifyAccountChange = (change: {
  tenantId: string;
  userId: string;
  notice: AccountNotice;
  /** Then it is not told from where: that was not the person's own browser. */
  byAdministrator?: boolean;
}) => Promise<void>;

/** What such a mail says. */
export interface AccountChangedFacts {
  /** How the person is addressed. */
  name: string;
  username: string;
  notice: AccountNotice;
  time: Date;
  byAdministrator: boolean;
  /** From where it was done, by the person or whoever passed for them. */
  address?: string | undefined;
  /** The browser as far as it is known. */
  browser?: string | undefined;
  passwordHelpUrl?: string | undefined;
  accountUrl: string;
}

export interface NotificationsOptions {
  enqueue: Enqueue;
  findTenant: (id: string) => Promise<Tenant | undefined>;
  findUser: (tenantId: string, id: string) => Promise<User | undefined>;
  enrolments: Pick<Enrolments, 'list'>;
  issuerOf: (tenant: Tenant) => string;
  /** Writes the mail in the tenant's look and in the language nearest to `locale` (BCP 47). */
  write: (tenant: Tenant, locale: string | undefined, facts: AccountChangedFacts) => Omit<EmailMessage, 'to'>;
  /** What asks for the change; the name is empty where it is not known. */
  currentDevice(): { name: string; address: string };
  now?: () => Date;
}

/** A change of an account is worth knowing of for as long as it can still be put right. */
const WORTH_SENDING_MS = 3 * 24 * 60 * 60 * 1000;

export function createNotifications(options: NotificationsOptions): NotifyAccountChange {
  const { enqueue, findTenant, findUser, enrolments, issuerOf, write, currentDevice, now = () => new Date() } = options;

  return async ({ tenantId, userId, notice, byAdministrator = false }) => {
    const tenant = await findTenant(tenantId);
    const user = await findUser(tenantId, userId);
    if (!tenant || !user) return;
    const addresses = addressesOf(tenant, user, await enrolledAddresses(tenantId, userId));
    if (addresses.length === 0) return;

    const time = now();
    const { name: browser, address } = currentDevice();
    const email = write(tenant, user.profile.locale, {
      name: user.profile.givenName ?? user.profile.name ?? user.username,
      username: loginNameOf(user),
      notice,
      time,
      byAdministrator,
      ...(!byAdministrator && { address, browser: browser === '' ? undefined : browser }),
      passwordHelpUrl: tenant.settings.passwordHelpUrl,
      accountUrl: `${issuerOf(tenant)}/account`,
    });
    const expiresAt = new Date(time.getTime() + WORTH_SENDING_MS);
    for (const to of addresses) await enqueue({ tenantId, channel: 'email', message: { to, ...email }, expiresAt });
  };

  async function enrolledAddresses(tenantId: string, userId: string): Promise<string[]> {
    const owned = await enrolments.list(tenantId, userId);
    return owned.filter(({ factor }) => factor === 'email').map(({ secret }) => secret);
  }
}

/** Each once, however it is spelt. */
function addressesOf({ settings }: Tenant, { profile, directory }: User, enrolled: readonly string[]): string[] {
  const { email } = profile;
  if (email === undefined) return distinct(enrolled);
  const isVerified = (directory && settings.policy.trustDirectoryContacts) || profile.emailVerified === true;
  return distinct(isVerified || enrolled.length === 0 ? [email, ...enrolled] : enrolled);
}

function distinct(addresses: readonly string[]): string[] {
  return [...new Map(addresses.map((address) => [address.toLowerCase(), address])).values()];
}
