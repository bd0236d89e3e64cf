// Mails a one-time link to whom it is for, within limits of the recipient.

import type { Delivery, EmailMessage, Enqueue } from '../delivery/delivery.ts';
import { accepted, refused } from '../outcome.ts';
import type { Outcome } from '../outcome.ts';
import { mailboxOf } from '../second-factors/contacts.ts';
import type { TooManySent } from '../second-factors/send-code.ts';
import { sha256 } from '../security/sha256.ts';
import type { Tally } from '../security/tally.ts';
import type { Tenant } from '../tenants/tenants.ts';
import { loginNameOf } from '../users/users.ts';
import type { User } from '../users/users.ts';
import type { LinkPurpose, LinkRefusal, Links, MadeLink } from './links.ts';

/** What such a mail says. */
export interface LinkFacts {
  /** How the person is addressed. */
  name: string;
  username: string;
  purpose: LinkPurpose;
  url: string;
}

/**
 * `no-address`: none of which it is known that it is the person's. `unreachable`: mail is not set up.
 * Call it in the unit of work of the request for it: then nothing is sent that was not asked for.
 */
export type SendLink = (
  tenant: Tenant,
  user: User,
  purpose: LinkPurpose,
) => Promise<Outcome<MadeLink, LinkRefusal | 'no-address' | 'unreachable'> | TooManySent>;

export interface SendLinkDeps {
  links: Pick<Links, 'make'>;
  enqueue: Enqueue;
  /** Those that are configured. */
  channels: readonly Delivery['channel'][];
  /** Of mails to one recipient. */
  countLink: Tally;
  /** In the tenant's look and in the language nearest to `locale` (BCP 47). */
  write(tenant: Tenant, locale: string | undefined, facts: LinkFacts): Omit<EmailMessage, 'to'>;
}

export function createSendLink(deps: SendLinkDeps): SendLink {
  const { links, enqueue, channels, countLink, write } = deps;

  return async (tenant, user, purpose) => {
    if (!channels.includes('email')) return refused('unreachable');
    const to = addressOf(tenant, user);
    if (to === undefined) return refused('no-address');
    const { beyond, retryAfter } = await countLink(`${tenant.id}:${sha256(mailboxOf(to))}`);
    if (beyond > 0) return { ...refused('too-many-sent'), retryAfter: Math.max(1, Math.ceil(retryAfter)) };
    const made = await links.make(tenant, user, purpose, to);
    if (!made.ok) return made;
    const { url, expiresAt } = made.value;
    const email = write(tenant, user.profile.locale, {
      name: user.profile.givenName ?? user.profile.name ?? user.username,
      username: loginNameOf(user),
      purpose,
      url,
    });
    await enqueue({ tenantId: tenant.id, channel: 'email', message: { to, ...email }, expiresAt });
    return accepted(made.value);
  };
}

/** Verified, or the directory's where its contacts are trusted. Of an account that nobody has set up yet: as it was made. */
function addressOf({ settings }: Tenant, { profile, directory, status }: User): string | undefined {
  const isVouchedFor = directory !== undefined && settings.policy.trustDirectoryContacts;
  return profile.emailVerified === true || isVouchedFor || status === 'pending' ? profile.email : undefined;
}
