// DPoP proofs for the admin API (RFC 9449 4.3). The protocol library's check wants a request to one of its own endpoints.

import { EmbeddedJWK, calculateJwkThumbprint, jwtVerify } from 'jose';

import type { EphemeralStore } from '../../ephemeral/ephemeral-store.ts';
import { sha256 } from '../../security/sha256.ts';
import type { AdminRequest } from './authenticate.ts';
import { PROOF_ALGS } from './resource.ts';

/** Seconds that a proof is good for, and that clocks may differ by. */
const PROOF_LIFE = 60;
const CLOCK_SKEW = 90;

/** Whether the request carries a proof of the key with this thumbprint, made for it and this token, and seen for the first time. */
export type ProofCheck = (request: AdminRequest, token: string, thumbprint: string) => Promise<boolean>;

export function createProofCheck(
  store: Pick<EphemeralStore, 'add'>,
  now: () => number = () => Date.now() / 1000,
): ProofCheck {
  return async ({ dpop, method, url }, token, thumbprint) => {
    const proof = dpop === undefined ? undefined : await readProof(dpop);
    const isForThis =
      proof?.htm === method &&
      proof.ath === sha256(token) &&
      proof.thumbprint === thumbprint &&
      withoutQuery(proof.htu) === withoutQuery(url) &&
      proof.iat >= now() - PROOF_LIFE - CLOCK_SKEW &&
      proof.iat <= now() + CLOCK_SKEW;
    if (!isForThis) return false;
    // RFC 9449 11.1. Kept for as long as the same proof could pass.
    return store.add(`admin-proof:${thumbprint}:${sha256(proof.jti)}`, '1', PROOF_LIFE + 3 * CLOCK_SKEW);
  };
}

interface Proof {
  thumbprint: string;
  htm: string;
  htu: string;
  ath: string;
  jti: string;
  iat: number;
}

async function readProof(jwt: string): Promise<Proof | undefined> {
  try {
    const options = { typ: 'dpop+jwt', algorithms: PROOF_ALGS };
    const { payload, protectedHeader } = await jwtVerify(jwt, EmbeddedJWK, options);
    const { htm, htu, ath, jti, iat } = payload;
    if (!protectedHeader.jwk || iat === undefined) return undefined;
    if (!isText(htm) || !isText(htu) || !isText(ath) || !isText(jti)) return undefined;
    return { thumbprint: await calculateJwkThumbprint(protectedHeader.jwk), htm, htu, ath, jti, iat };
  } catch {
    return undefined;
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** Normalised as RFC 3986 6.2.2 and 6.2.3 say; undefined for what is no URL. */
function withoutQuery(text: string): string | undefined {
  const url = URL.parse(text);
  return url ? `${url.origin}${url.pathname}` : undefined;
}
