// A tenant stores one secret; everything else it needs to keep to itself is derived from that by a label (RFC 5869), so that no
// two uses share a key. A label is for ever: another pairwise salt would be another `sub` for everybody.

import { hkdfSync, randomBytes } from 'node:crypto';

export interface DerivedSecrets {
  /** Signs the cookies of oidc-provider (`cookies.keys`). */
  cookieKeys: string[];
  /** Signs the token in each form. 32 bytes. */
  csrfKey: Buffer;
  /** OpenID Connect Core 8.1. */
  pairwiseSalt: string;
  /** RFC 9449 8; oidc-provider takes exactly 32 bytes. */
  dpopNonceSecret: Buffer;
  /** Recovery codes are stored as their HMACs under it. 32 bytes. */
  recoveryCodeKey: Buffer;
}

/** A new tenant's secret: 256 random bits, base64url. Stored encrypted. */
export function newTenantSecret(): string {
  return randomBytes(32).toString('base64url');
}

export function derivedSecrets(tenantSecret: string): DerivedSecrets {
  const derive = (label: string) => Buffer.from(hkdfSync('sha256', tenantSecret, '', `sallyport ${label} v1`, 32));
  return {
    cookieKeys: [derive('cookies').toString('base64url')],
    csrfKey: derive('csrf'),
    pairwiseSalt: derive('pairwise salt').toString('base64url'),
    dpopNonceSecret: derive('dpop nonce'),
    recoveryCodeKey: derive('recovery codes'),
  };
}
