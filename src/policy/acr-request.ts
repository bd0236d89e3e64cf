// What a request asks of the `acr` and of how fresh it is, wherever it says so (OpenID Connect Core 3.1.2.1, 5.5.1.1; Dynamic
// Registration 2).

import { z } from 'zod';

import type { AcrRequest } from './required-proof.ts';

const acrClaim = z
  .object({
    essential: z.boolean().optional(),
    value: z.string().optional(),
    values: z.array(z.string()).optional(),
  })
  .nullish();
const claimsParameter = z.object({ id_token: z.object({ acr: acrClaim }).nullish() });

/** An essential claim outweighs `acr_values`, which outweigh a voluntary claim. Undefined where nothing was asked. */
export function acrRequestOf(params: Record<string, unknown>): AcrRequest | undefined {
  const asked = acrAskedIn(params);
  // The library puts a client's `default_max_age` here, too.
  if (params.max_age === undefined && !asksToSignIn(params.prompt)) return asked;
  return { ...(asked ?? { values: [], essential: false }), fresh: true };
}

function asksToSignIn(prompt: unknown): boolean {
  return typeof prompt === 'string' && prompt.split(' ').includes('login');
}

/** What cannot be read may have been essential: to take it for no request would be to answer with too little. */
export function isMalformedAcrRequest({ claims }: Record<string, unknown>): boolean {
  return claims !== undefined && !readClaims(claims).success;
}

function acrAskedIn(params: Record<string, unknown>): AcrRequest | undefined {
  const claim = acrClaimOf(params.claims);
  if (claim?.essential) return claim;
  if (typeof params.acr_values === 'string' && params.acr_values !== '') {
    return { values: params.acr_values.split(' '), essential: false };
  }
  return claim;
}

function acrClaimOf(claims: unknown): AcrRequest | undefined {
  const acr = readClaims(claims).data?.id_token?.acr;
  if (!acr) return undefined;
  const values = acr.values ?? (acr.value === undefined ? [] : [acr.value]);
  return values.length > 0 ? { values, essential: acr.essential ?? false } : undefined;
}

function readClaims(claims: unknown) {
  return claimsParameter.safeParse(typeof claims === 'string' ? parseJson(claims) : undefined);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
