// A tenant stores one secret; everything else it needs to keep to itself is derived from that by a label (RFC 5869), so that no
// two uses share a key. A label is for ever: another pairwise salt would be another `sub` for everybody.

import { createSecretKey, hkdfSync, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

export interface DerivedSecrets {
  /** Signs the cookies of oidc-provider (`cookies.keys`). 32 bytes. */
  cookieKey: Buffer;
  /** Signs the token in each form. */
  csrfKey: KeyObject;
  /** OpenID Connect Core 8.1. */
  pairwiseSalt: string;
  /** RFC 9449 8; oidc-provider takes exactly 32 bytes. */
  dpopNonceSecret: Buffer;
  /** Recovery codes are stored as their HMACs under it. 32 bytes. */
  recoveryCodeKey: Buffer;
  /** The seals of the audit log are HMACs under it. 32 bytes. */
  auditSealKey: Buffer;
}

/** A new tenant's secret: 256 random bits, base64url. Stored encrypted. */
export function newTenantSecret(): string {
  return randomBytes(32).toString('base64url');
}

export function derivedSecrets(tenantSecret: string): DerivedSecrets {
  const derive = (label: string) => Buffer.from(hkdfSync('sha256', tenantSecret, '', `sallyport ${label} v1`, 32));
  return {
    cookieKey: derive('cookies'),
    // For many an HMAC: out of bytes, each would make a key object of its own.
    csrfKey: createSecretKey(derive('csrf')),
    pairwiseSalt: derive('pairwise salt').toString('base64url'),
    dpopNonceSecret: derive('dpop nonce'),
    recoveryCodeKey: derive('recovery codes'),
    auditSealKey: derive('audit seals'),
  };
}
