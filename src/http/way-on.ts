import { startOf } from '../clients/client-metadata.ts';
import type { Client } from '../clients/clients.ts';
import type { ErrorLink } from './pages.ts';
import { homeOf } from './tenant-context.ts';
import type { TenantSite } from './tenant-context.ts';

/** Where a sign-in that cannot go on leads: to where the app starts one, else to the tenant's home. */
export function wayOn(site: TenantSite, client: Client | undefined): ErrorLink {
  const href = client && startOf(client.metadata);
  if (href === undefined) return { to: 'home', href: homeOf(site) };
  return { to: 'app', app: client?.metadata.client_name ?? href, href };
}
