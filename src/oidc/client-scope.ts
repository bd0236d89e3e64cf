// Which scopes a client may ask for, by the `scope` of its registration (RFC 7591 2). The library holds it against its own scopes
// alone: it refuses a registration that names another, and lets every client ask for all scopes of a resource.

import type { Client as LibraryClient } from 'oidc-provider';

import { ADMIN_SCOPES, adminScopesIn } from '../admin/permissions.ts';
import { SCOPES } from '../clients/scopes.ts';

/** The name under which the library carries along what was registered. */
export const REGISTERED_SCOPE = 'registeredScope';

/** As the adapter answers it. To the library none at all would mean all of them. */
export function scopeFor(registered: string | undefined): { scope?: string; [REGISTERED_SCOPE]?: string } {
  if (registered === undefined) return {};
  const own = registered.split(' ').filter((scope) => SCOPES.includes(scope));
  return { scope: own.join(' ') || 'openid', [REGISTERED_SCOPE]: registered };
}

/**
 * Those of the admin API's scopes that the client may ask for. In somebody's name only what its registration names: whoever registers
 * a client is asked whether they hold that (admin/routes/client-reach.ts). In its own name it is bound by its own roles anyway.
 */
export function askableBy(client: LibraryClient, inOwnName: boolean): string[] {
  const registered: unknown = Reflect.get(client, REGISTERED_SCOPE);
  if (typeof registered === 'string') return adminScopesIn(registered);
  return inOwnName ? [...ADMIN_SCOPES] : [];
}
