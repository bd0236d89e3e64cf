// Access tokens for the admin API (RFC 9068): whether one is ours, what it was issued for, and to whom. Whether that still holds
// is token-caller.ts's.

import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose';
import type { JWK, JWTPayload } from 'jose';
import { z } from 'zod';

import type { Keys } from '../../keys/keys.ts';
import type { TenantCaches } from '../../tenants/tenant-caches.ts';
import type { Tenant, Tenants } from '../../tenants/tenants.ts';
import { ADMIN_SCOPES } from '../permissions.ts';
import { ADMIN_TOKEN_ALG, adminAudience } from './resource.ts';

/** Seconds. */
const CLOCK_SKEW = 10;

/**
 * Says what the token was issued for (oidc/access-token-claims.ts): a client's id may well be that of a user, and then `sub` alone
 * does not tell them apart.
 */
export const PRINCIPAL_CLAIM = 'sallyport_principal';

const claims = z.object({
  sub: z.string(),
  client_id: z.string(),
  scope: z.string().default(''),
  acr: z.string().optional(),
  auth_time: z.number().optional(),
  cnf: z.object({ jkt: z.string().optional() }).optional(),
  [PRINCIPAL_CLAIM]: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('client') }),
    z.object({ kind: z.literal('user'), grant: z.string(), session: z.string().optional() }),
  ]),
});

/** What an access token says of whom it was issued for. */
export type Principal = z.infer<typeof claims>[typeof PRINCIPAL_CLAIM];

export interface AccessToken {
  tenant: Tenant;
  subject: string;
  clientId: string;
  /** What of it is this API's. */
  scope: readonly string[];
  principal: Principal;
  acr: string | undefined;
  /** Seconds since the epoch. */
  authTime: number | undefined;
  /** Of the key that it is bound to (RFC 9449 6.1). */
  thumbprint: string | undefined;
}

/** Undefined for whatever is no access token of ours for the admin API. */
export type ReadAccessToken = (jwt: string) => Promise<AccessToken | undefined>;

export interface AccessTokenDeps {
  publicUrl: string;
  tenants: Pick<Tenants, 'bySlug' | 'byHost'>;
  issuerOf(tenant: Tenant): string;
  keys: Pick<Keys, 'signingKeys'>;
  caches: TenantCaches;
}

export function createReadAccessToken(deps: AccessTokenDeps): ReadAccessToken {
  const { publicUrl, keys, caches } = deps;
  const audience = adminAudience(publicUrl);
  const keysOf = caches.of(async (tenantId) =>
    createLocalJWKSet({ keys: (await keys.signingKeys(tenantId)).map(publicHalf) }),
  );

  async function verified(jwt: string, tenant: Tenant, issuer: string): Promise<JWTPayload | undefined> {
    const jwks = await keysOf(tenant.id, 'all');
    if (!jwks) return undefined;
    const rules = { issuer, audience, typ: 'at+jwt', algorithms: [ADMIN_TOKEN_ALG], clockTolerance: CLOCK_SKEW };
    const required = ['exp', 'iat', 'jti', 'sub', 'client_id'];
    const checked = await jwtVerify(jwt, jwks, { ...rules, requiredClaims: required }).catch(() => undefined);
    return checked?.payload;
  }

  return async (jwt) => {
    const issuer = issuerIn(jwt);
    const tenant = issuer === undefined ? undefined : await issuedBy(issuer, deps);
    if (issuer === undefined || !tenant) return undefined;
    const payload = await verified(jwt, tenant, issuer);
    // For this API alone, and not for others as well.
    if (payload?.aud !== audience) return undefined;
    const read = claims.safeParse(payload);
    return read.success ? accessToken(tenant, read.data) : undefined;
  };
}

function accessToken(tenant: Tenant, said: z.infer<typeof claims>): AccessToken {
  return {
    tenant,
    subject: said.sub,
    clientId: said.client_id,
    scope: said.scope.split(' ').filter((word) => ADMIN_SCOPES.includes(word)),
    principal: said[PRINCIPAL_CLAIM],
    acr: said.acr,
    authTime: said.auth_time,
    thumbprint: said.cnf?.jkt,
  };
}

function issuerIn(jwt: string): string | undefined {
  try {
    const { iss } = decodeJwt(jwt);
    return typeof iss === 'string' ? iss : undefined;
  } catch {
    return undefined;
  }
}

/** The tenant whose issuer this is, to the letter. */
async function issuedBy(
  issuer: string,
  { publicUrl, tenants, issuerOf }: AccessTokenDeps,
): Promise<Tenant | undefined> {
  const onPath = `${publicUrl}/t/`;
  const host = URL.parse(issuer)?.host;
  if (host === undefined || host === '') return undefined;
  const tenant = issuer.startsWith(onPath)
    ? await tenants.bySlug(issuer.slice(onPath.length))
    : await tenants.byHost(host);
  return tenant && issuerOf(tenant) === issuer ? tenant : undefined;
}

const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi'];

function publicHalf(jwk: JWK): JWK {
  return Object.fromEntries(Object.entries(jwk).filter(([name]) => !PRIVATE_MEMBERS.includes(name)));
}
