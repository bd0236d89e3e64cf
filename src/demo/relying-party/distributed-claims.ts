// Claims that are too large for a token are fetched from where the token says (OpenID Connect Core 5.6.2): here, a long list
// of groups.

import { createRemoteJWKSet, jwtVerify } from 'jose';
import { z } from 'zod';

const reference = z.object({
  _claim_names: z.record(z.string(), z.string()),
  _claim_sources: z.record(z.string(), z.object({ endpoint: z.url(), access_token: z.string().optional() })),
});

export interface ClaimIssuer {
  issuer: string;
  jwks_uri?: string;
}

/**
 * The claims that `claims` only refers to, by name; empty when it refers to none. Asks nobody but the issuer itself.
 *
 * @throws Error when the issuer does not answer with a JWT of its own about the same person.
 */
export async function fetchDistributedClaims(
  claims: Readonly<Record<string, unknown>>,
  { issuer, jwks_uri: jwksUri }: ClaimIssuer,
): Promise<Record<string, unknown>> {
  const { success, data } = reference.safeParse(claims);
  if (!success || jwksUri === undefined) return {};
  const keys = createRemoteJWKSet(new URL(jwksUri));
  const fetched: Record<string, unknown> = {};
  for (const [name, source] of Object.entries(data._claim_names)) {
    const { endpoint, access_token: token } = data._claim_sources[source] ?? {};
    if (endpoint === undefined || new URL(endpoint).origin !== new URL(issuer).origin) continue;
    const response = await fetch(endpoint, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      redirect: 'error',
      signal: AbortSignal.timeout(10_000),
    });
    if (!response.ok) throw new Error(`The source of the claim ${name} answered ${response.status}`);
    const { payload } = await jwtVerify((await response.text()).trim(), keys, { issuer });
    if (payload.sub !== claims.sub) throw new Error(`The claim ${name} is about somebody else`);
    fetched[name] = payload[name];
  }
  return fetched;
}
