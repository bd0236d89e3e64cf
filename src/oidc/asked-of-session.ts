// What is asked of the session of a request, as policy/ask.ts takes it.

import type { KoaContextWithOIDC } from 'oidc-provider';

import { epochSeconds } from '../epoch-seconds.ts';
import { acrRequestOf } from '../policy/acr-request.ts';
import type { AskedOf } from '../policy/ask.ts';
import type { Policy } from '../policy/required-proof.ts';
import { userOf } from './account.ts';
import { clientSettings } from './client-settings.ts';
import { proofsOf } from './session-artifact.ts';

type Oidc = KoaContextWithOIDC['oidc'];

/** Seconds; clocks may differ by as much. */
const JUST_ENDED = 90;

export function askedOfSession(policy: Policy, oidc: Oidc): AskedOf {
  return {
    policy,
    client: oidc.client && clientSettings(oidc.client),
    request: acrRequestOf(oidc.params ?? {}),
    user: userOf(oidc.account),
    now: momentOf(oidc),
  };
}

/**
 * A login that has just ended was enough then: neither the seconds since nor another process's clock ask for more. A page in
 * between, such as the one for consent, may lie open for an hour.
 */
function momentOf(oidc: Oidc): number {
  const now = epochSeconds(Date.now());
  if (!oidc.result?.login) return now;
  return Math.max(now - JUST_ENDED, ...proofsOf(oidc).map(({ at }) => at));
}
