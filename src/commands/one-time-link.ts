// `sallyport admin one-time-link`: for an administrator whose account lives here and whom somebody at the terminal lets back in,
// without ever knowing their password. The same as `users send-password-link`, by name.

import { z } from 'zod';

import { onAdministration } from './api/administration.ts';
import { answerOf, orTold } from './api/run-asked.ts';
import { EXIT_DONE, EXIT_NOT_FOUND } from './exit-codes.ts';
import { complain, print } from './output.ts';

export interface OneTimeLink {
  config?: string;
  tenant: string;
  username: string;
}

const shownLink = z.object({ url: z.url(), expiresAt: z.iso.datetime() });

/** Prints the link, which is good for once and until the time that is told on standard error. */
export function printOneTimeLink({ config, tenant: slug, username }: OneTimeLink): Promise<number> {
  return onAdministration(config, async (open) => {
    const { tenants, users } = open.base;
    const tenant = await tenants.bySlug(slug);
    const found = tenant && (await users.findByLocalName(tenant.id, username));
    if (!found) {
      complain(`There is no account ${username} in tenant ${slug}.`);
      return EXIT_NOT_FOUND;
    }
    const params = { tenant: slug, userId: found.user.id };
    return orTold(false, async () => {
      const answer = await answerOf(open, 'sendPasswordLink', { params, query: {}, body: { deliver: 'show' } });
      const { url, expiresAt } = shownLink.parse(answer);
      print(url);
      complain(`Good once, until ${expiresAt}.`);
      return EXIT_DONE;
    });
  });
}
