// What a tenant has at its own address beside the protocol: a start page, and where passwords are changed.

import { Router } from '@koa/router';

import { startOf } from '../clients/client-metadata.ts';
import type { Clients } from '../clients/clients.ts';
import type { PageSender } from '../http/send-page.ts';
import { pathIn, requireSite, siteOf } from '../http/tenant-context.ts';

export function siteRoutes(sender: PageSender, clients: Clients): Router {
  const router = new Router();

  router.get('/', async (ctx) => {
    const site = siteOf(ctx);
    const apps = (site ? await clients.list(site.tenant.id) : []).flatMap(({ metadata }) => {
      const { client_name: name } = metadata;
      const url = startOf(metadata);
      return name === undefined || url === undefined ? [] : [{ name, url }];
    });
    sender.sendPage(ctx, 'home', { apps, accountUrl: site && pathIn(site, '/account') });
  });

  // W3C: A Well-Known URL for Changing Passwords.
  router.get('/.well-known/change-password', (ctx) => {
    const { issuer, tenant } = requireSite(ctx);
    ctx.status = 302;
    ctx.redirect(tenant.settings.passwordHelpUrl ?? `${issuer}/`);
  });

  return router;
}
