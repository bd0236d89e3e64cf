// The claims that each token would carry, by the functions that tokens are made with (oidc/claims.ts). Times, ids of tokens and
// sessions, and how the person proves who they are come with a sign-in, and are left out.

import { CLAIMS_BY_SCOPE } from '../../clients/scopes.ts';
import type { Client } from '../../clients/clients.ts';
import { claimsOf, groupsWithin, ofApiToken } from '../../oidc/claims.ts';
import type { Level } from '../../policy/levels.ts';
import type { Tenant } from '../../tenants/tenants.ts';
import type { User } from '../../users/users.ts';
import type { Explanation } from './explain-shape.ts';

interface ClaimsQuestion {
  tenant: Tenant;
  issuer: string;
  client: Client;
  user: User;
  /** The `sub` is not made yet. */
  isNew: boolean;
  roles: readonly string[];
  scopes: readonly string[];
  /** The API that an access token is for. */
  resource: string | undefined;
  acr: Level | undefined;
}

/** In place of what a sign-in makes. */
const LATER = '(made at the first sign-in)';
const TICKET = '(made with the tokens)';

export function explainClaims(question: ClaimsQuestion): NonNullable<Explanation['tokens']> {
  const { tenant, issuer, client, user, isNew, roles, scopes, resource, acr } = question;
  const sub = isNew ? LATER : user.id;
  const all = claimsOf({
    user,
    tenant: tenant.slug,
    trustDirectoryContacts: tenant.settings.policy.trustDirectoryContacts,
    groups: scopes.includes('groups') ? groupsOf(question) : undefined,
    roles: scopes.includes('roles') ? roles : undefined,
  });
  const seen = inScopes(all, scopes);
  const { clientId } = client;
  return {
    idToken: { iss: issuer, sub, aud: clientId, ...(acr && { acr }), ...seen },
    userinfo: { sub, ...seen },
    accessToken: resource === undefined ? null : accessToken({ ...question, resource }, sub, all),
  };
}

function accessToken(
  { tenant, issuer, client, scopes, resource, acr }: ClaimsQuestion & { resource: string },
  sub: string,
  all: Record<string, unknown>,
): Record<string, unknown> {
  const known = tenant.settings.resources[resource]?.scopes ?? [];
  const scope = scopes.filter((one) => known.includes(one)).join(' ');
  const person = Object.entries(ofApiToken(all)).filter(([, value]) => value !== undefined);
  return {
    iss: issuer,
    sub,
    aud: resource,
    client_id: client.clientId,
    ...(scope !== '' && { scope }),
    tenant: tenant.slug,
    ...(acr && { acr }),
    ...Object.fromEntries(person),
  };
}

function groupsOf({ tenant, issuer, client, user }: ClaimsQuestion) {
  const groups = groupsWithin(tenant.settings.tokens.groupLimit, client.metadata.groups, user.groups);
  return groups ?? { endpoint: `${issuer}/claims/groups`, accessToken: TICKET };
}

/** What the protocol library picks by scope (OpenID Connect Core 5.4), and of what is told elsewhere (5.6.2) the place. */
function inScopes(all: Record<string, unknown>, scopes: readonly string[]): Record<string, unknown> {
  const names = new Set(Object.entries(CLAIMS_BY_SCOPE).flatMap(([scope, its]) => (scopes.includes(scope) ? its : [])));
  const isSeen = (name: string) => names.has(name) || name.startsWith('_claim_');
  return Object.fromEntries(Object.entries(all).filter(([name]) => isSeen(name)));
}
