// What a JWT access token says beyond RFC 9068's required claims: how the person signed in, and groups and roles where the
// client asked for these scopes and they were granted. Opaque tokens carry nothing: introspection and userinfo answer live.

import type { AccessToken, ClientCredentials, KoaContextWithOIDC } from 'oidc-provider';

import { PRINCIPAL_CLAIM } from '../admin/authentication/access-token.ts';
import type { Principal } from '../admin/authentication/access-token.ts';
import type { Roles } from '../roles/roles.ts';
import type { Tenant } from '../tenants/tenants.ts';
import { claimsFor, userOf } from './account.ts';
import type { AccountDeps } from './account.ts';
import { ofApiToken } from './claims.ts';

export interface AccessTokenClaimDeps extends AccountDeps {
  roles: Pick<Roles, 'rolesOfUser' | 'rolesOfClient'>;
  /** The admin API's (admin/resource.ts). */
  adminAudience: string;
}

export function createAccessTokenClaims(tenant: Tenant, deps: AccessTokenClaimDeps) {
  return async function extraTokenClaims(
    ctx: KoaContextWithOIDC,
    token: AccessToken | ClientCredentials,
  ): Promise<Record<string, unknown> | undefined> {
    if (!token.resourceServer) return undefined;
    const isForAdminApi = token.resourceServer.audience === deps.adminAudience;
    const general = { tenant: tenant.slug, ...(isForAdminApi && { [PRINCIPAL_CLAIM]: principalOf(token) }) };
    if (token.kind === 'ClientCredentials') {
      const roles = await deps.roles.rolesOfClient(tenant.id, token.clientId ?? '');
      return { ...general, ...(roles.length > 0 ? { roles } : {}) };
    }
    return { ...general, ...signInClaims(ctx), ...(await personClaims(tenant, deps, ctx)) };
  };
}

/** The admin API asks whether it still stands. */
function principalOf(token: AccessToken | ClientCredentials): Principal {
  if (token.kind === 'ClientCredentials') return { kind: 'client' };
  const { grantId, sessionUid, expiresWithSession } = token;
  if (grantId === undefined) throw new Error('an access token for the admin API comes of no grant');
  return { kind: 'user', grant: grantId, ...(expiresWithSession && { session: sessionUid }) };
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
  ctx: KoaContextWithOIDC,
): Promise<Record<string, unknown>> {
  const { account, grant } = ctx.oidc;
  const user = userOf(account);
  const granted = new Set(grant?.getOIDCScope().split(' '));
  const scopes = new Set([...askedScopes(ctx)].filter((scope) => granted.has(scope)));
  if (!user || !(scopes.has('groups') || scopes.has('roles'))) return {};
  return ofApiToken(await claimsFor(tenant, deps, ctx, user, scopes));
}

/** A refresh may ask for less than was granted (RFC 6749 6). */
function askedScopes({ oidc }: KoaContextWithOIDC): ReadonlySet<string> {
  const { AuthorizationCode: code, RefreshToken: refreshToken } = oidc.entities;
  if (code) return code.scopes;
  return oidc.params?.scope === undefined ? (refreshToken?.scopes ?? new Set()) : oidc.requestParamScopes;
}

function sourceOf({ entities }: KoaContextWithOIDC['oidc']) {
  return entities.AuthorizationCode ?? entities.RefreshToken;
}
