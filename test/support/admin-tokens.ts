// Access tokens for the admin API as the provider signs them, and what they are not: made by hand, so that one thing at a time is
// wrong with them.

import { SignJWT, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK } from 'jose';
import type { JWK } from 'jose';
import { v7 as uuidv7 } from 'uuid';

import { PRINCIPAL_CLAIM } from '../../src/admin/authentication/access-token.ts';
import type { AdminRequest } from '../../src/admin/authentication/authenticate.ts';
import type { Base } from '../../src/compose-base.ts';
import { sha256 } from '../../src/security/sha256.ts';
import type { Tenant } from '../../src/tenants/tenants.ts';
import type { User } from '../../src/users/users.ts';

export const URL_OF_API = 'http://localhost:3000/admin/v1/tenants';

export interface TokenParts {
  /** Members of the payload over the usual ones; undefined takes one away. */
  claims?: Record<string, unknown>;
  header?: Record<string, unknown>;
  /** Another tenant's, or no tenant's. */
  key?: JWK;
}

export async function aUser(base: Base, tenant: Tenant, roles: readonly string[] = []): Promise<User> {
  const made = await base.users.createLocal({
    tenantId: tenant.id,
    localName: `ann-${uuidv7()}`,
    passwordHash: undefined,
    profile: {},
  });
  if (!made.ok) throw new Error(made.reason);
  const given = await base.roles.setRolesOf(tenant.id, { kind: 'user', id: made.value.id }, roles);
  if (!given.ok) throw new Error(given.reason);
  return made.value;
}

/** Issued to an app that this person uses. */
export async function userToken(base: Base, tenant: Tenant, userId: string, parts: TokenParts = {}): Promise<string> {
  const grant = await aGrant(base, tenant, userId);
  return signed(base, tenant, {
    ...parts,
    claims: { sub: userId, client_id: 'console', [PRINCIPAL_CLAIM]: { kind: 'user', grant }, ...parts.claims },
  });
}

/** Issued to a service. */
export function clientToken(base: Base, tenant: Tenant, clientId: string, parts: TokenParts = {}): Promise<string> {
  const claims = { sub: clientId, client_id: clientId, [PRINCIPAL_CLAIM]: { kind: 'client' }, ...parts.claims };
  return signed(base, tenant, { ...parts, claims });
}

export async function aGrant(base: Base, tenant: Tenant, userId: string, clientId = 'console'): Promise<string> {
  const id = uuidv7();
  await base.db.query(
    `insert into grants (tenant_id, id, user_id, client_id, payload, expires_at)
     values ($1, $2, $3, $4, '{}', now() + interval '1 hour')`,
    [tenant.id, id, userId, clientId],
  );
  return id;
}

async function signed(base: Base, tenant: Tenant, { claims, header, key }: TokenParts): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const jwk = key ?? (await base.keys.signingKeys(tenant.id)).find(({ alg }) => alg === 'ES256');
  if (!jwk) throw new Error('the tenant has no key');
  const usual = {
    iss: base.issuerOf(tenant),
    aud: base.adminAudience,
    iat: now,
    exp: now + 300,
    jti: uuidv7(),
    scope: '*:*',
    acr: 'mfa',
    auth_time: now,
  };
  return new SignJWT({ ...usual, ...claims })
    .setProtectedHeader({ typ: 'at+jwt', ...header, alg: jwk.alg ?? 'ES256', kid: jwk.kid ?? '' })
    .sign(await importJWK(jwk, jwk.alg ?? 'ES256'));
}

export function requestWith(authorization: string | undefined, dpop?: string): AdminRequest {
  return { authorization, dpop, method: 'GET', url: URL_OF_API, address: '127.0.0.1' };
}

export interface ProofKey {
  thumbprint: string;
  /** A proof for GET of URL_OF_API with this token, but for what is given. */
  prove(token: string, claims?: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>;
}

export async function aProofKey(): Promise<ProofKey> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = await exportJWK(publicKey);
  return {
    thumbprint: await calculateJwkThumbprint(jwk),
    prove: (token, claims = {}, header = {}) =>
      new SignJWT({ htm: 'GET', htu: URL_OF_API, ath: sha256(token), jti: uuidv7(), iat: Date.now() / 1000, ...claims })
        .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk, ...header })
        .sign(privateKey),
  };
}

/** No tenant's, though it says that it is this one. */
export async function aStrangersKey(kid: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  return { ...(await exportJWK(privateKey)), kid, alg: 'ES256' };
}
