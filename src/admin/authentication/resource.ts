// The admin API as a protected resource (RFC 8707, RFC 9728): what its access tokens are called, and how long they live.

import { ADMIN_SCOPES } from '../permissions.ts';

/** Seconds. Short, for nothing is asked of the tenant's own settings; what its holder may do is read at every request anyway. */
export const ADMIN_TOKEN_LIFE = 300;

/** Its tokens are signed with this and nothing else. */
export const ADMIN_TOKEN_ALG = 'ES256';

/** Of proofs of possession (RFC 9449). */
export const PROOF_ALGS = ['ES256', 'EdDSA', 'Ed25519', 'ES384', 'PS256', 'RS256'];

/** The audience of its access tokens, whichever tenant issues them. */
export function adminAudience(publicUrl: string): string {
  return `${publicUrl}/admin`;
}

/** Where its metadata are, below `publicUrl` (RFC 9728 3.1). */
export const RESOURCE_METADATA_PATH = '/.well-known/oauth-protected-resource/admin';

/** Which issuer is asked for a token depends on whose administrator somebody is, so that none is named. */
export function resourceMetadata(publicUrl: string) {
  return {
    resource: adminAudience(publicUrl),
    scopes_supported: ADMIN_SCOPES,
    bearer_methods_supported: ['header'],
    dpop_signing_alg_values_supported: PROOF_ALGS,
    resource_documentation: `${publicUrl}/admin/docs`,
  };
}
