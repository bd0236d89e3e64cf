// What a JWT access token says beyond RFC 9068's required claims: how the person signed in, and groups and roles where the
// client asked for these scopes and they were granted. Opaque tokens carry nothing: introspection and userinfo answer live.

import type { AccessToken, ClientCredentials, KoaContextWithOIDC } from 'oidc-provider';

import type { Roles } from '../roles/roles.ts';
import type { Tenant } from '../tenants/tenants.ts';
import { userOf } from './account.ts';
import type { AccountDeps } from './account.ts';
import { claimsFor } from './account.ts';

export interface AccessTokenClaimDeps extends AccountDeps {
  roles: Pick<Roles, 'rolesOfUser' | 'rolesOfClient'>;
}

export function createAccessTokenClaims(tenant: Tenant, deps: AccessTokenClaimDeps) {
  return async function extraTokenClaims(
    ctx: KoaContextWithOIDC,
    token: AccessToken | ClientCredentials,
  ): Promise<Record<string, unknown> | undefined> {
    if (!token.resourceServer) return undefined;
    if (token.kind === 'ClientCredentials') {
      const roles = await deps.roles.rolesOfClient(tenant.id, token.clientId ?? '');
      return { tenant: tenant.slug, ...(roles.length > 0 ? { roles } : {}) };
    }
    return { tenant: tenant.slug, ...signInClaims(ctx), ...(await personClaims(tenant, deps, ctx)) };
  };
}

/** RFC 9068 2.2.1. */
function signInClaims({ oidc }: KoaContextWithOIDC): Record<string, unknown> {
  const source = sourceOf(oidc);
  return { acr: source?.acr, amr: source?.amr, auth_time: source?.authTime };
}

/** RFC 9068 2.2.3.1: groups and roles. */
async function personClaims(
  tenant: Tenant,
  deps: AccessTokenClaimDeps,
  { oidc }: KoaContextWithOIDC,
): Promise<Record<string, unknown>> {
  const user = userOf(oidc.account);
  const granted = new Set(oidc.grant?.getOIDCScope().split(' '));
  const scopes = new Set([...(sourceOf(oidc)?.scopes ?? [])].filter((scope) => granted.has(scope)));
  if (!user || !(scopes.has('groups') || scopes.has('roles'))) return {};
  const claims = await claimsFor(tenant, deps, user, oidc.client, scopes);
  const wanted = [
    ...(scopes.has('roles') ? ['roles'] : []),
    ...(scopes.has('groups') ? ['groups', '_claim_names', '_claim_sources'] : []),
  ];
  return Object.fromEntries(wanted.flatMap((name) => (name in claims ? [[name, claims[name]]] : [])));
}

function sourceOf(oidc: KoaContextWithOIDC['oidc']) {
  return oidc.entities.AuthorizationCode ?? oidc.entities.RefreshToken;
}
