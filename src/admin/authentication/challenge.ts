// How the admin API says that it does not know who calls (RFC 6750 3, RFC 9449 7.1). It never says why.

import type { AuthScheme } from '../caller.ts';
import { Problem } from '../problem.ts';
import { PROOF_ALGS } from './resource.ts';

type ChallengeError = 'invalid_token' | 'invalid_dpop_proof';

const DPOP_ALGS = `algs="${PROOF_ALGS.join(' ')}"`;

/** Neither a token nor a key was sent. */
export function unknownCaller(): Problem {
  return unauthenticated('Send an access token or an API key.', `Bearer realm="admin", DPoP ${DPOP_ALGS}`);
}

export function notAccepted(scheme: AuthScheme, error: ChallengeError = 'invalid_token', cause?: unknown): Problem {
  const detail =
    error === 'invalid_token' ? 'This token or key is not good.' : 'The proof of possession is missing, or not good.';
  const challenge = `${scheme} error="${error}"${scheme === 'DPoP' ? `, ${DPOP_ALGS}` : ''}`;
  return unauthenticated(detail, challenge, cause);
}

function unauthenticated(detail: string, challenge: string, cause?: unknown): Problem {
  return new Problem('unauthenticated', detail, { cause, headers: { 'WWW-Authenticate': challenge } });
}
