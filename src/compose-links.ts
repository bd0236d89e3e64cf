// One-time links: for the administrators who make them, and for the people who open them.

import type { Base } from './compose-base.ts';
import { lookOf } from './compose-pages.ts';
import type { PageParts } from './compose-pages.ts';
import type { DeliveryParts } from './compose-delivery.ts';
import type { SecondFactors } from './compose-second-factors.ts';
import { chooseLanguage } from './http/language.ts';
import { createPostgresLinks } from './links/links-postgres.ts';
import { createLinks } from './links/links.ts';
import { createSendLink } from './links/send-link.ts';
import { createAsk } from './policy/ask.ts';
import { createTally } from './security/tally.ts';
import type { Tenant } from './tenants/tenants.ts';
import { createCompleteSetUp } from './users/complete-set-up.ts';
import { createNewPassword, shortestPassword } from './users/new-password.ts';
import { createPostgresUserRecords } from './users/user-records-postgres.ts';
import type { User } from './users/users.ts';

export type OneTimeLinks = ReturnType<typeof composeLinks>;

/** Mails to one recipient; administrators who mean well press a button twice. */
const LINKS = { name: 'links', bound: 5, window: 3600 } as const;

export function composeLinks(
  base: Base,
  { renderer, messages }: PageParts,
  { channels, enqueue }: Pick<DeliveryParts, 'channels' | 'enqueue'>,
  { accountChanged }: Pick<SecondFactors, 'accountChanged'>,
) {
  const userRecords = createPostgresUserRecords(base.db);
  const ask = createAsk(base);
  const newPassword = createNewPassword({ ask, hash: (_tenant, password) => base.passwordHash.hash(password) });
  const links = createLinks({
    ...base,
    store: createPostgresLinks(base.db),
    newPassword,
    accountChanged,
    completeSetUp: createCompleteSetUp(base),
    async emailArrived({ tenantId, id, profile }, address) {
      if (profile.email !== address || profile.emailVerified === true) return;
      await userRecords.changeLocal(tenantId, id, { profile: { ...profile, emailVerified: true } });
    },
  });
  return {
    links,
    sendLink: createSendLink({
      links,
      enqueue,
      channels,
      countLink: createTally({ ...LINKS, store: base.store }),
      write(tenant, locale, facts) {
        const language = chooseLanguage(messages.languages, { locale, tenant: tenant.settings.language });
        return renderer.email('email/link', { tenant: lookOf(tenant), language }, facts);
      },
    }),
    shortestPassword: (tenant: Tenant, user: User) => shortestPassword(ask, tenant, user),
  };
}
