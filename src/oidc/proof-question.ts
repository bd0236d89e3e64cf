// What is asked of the session of a request, in the words of policy/required-proof.ts.

import type { KoaContextWithOIDC } from 'oidc-provider';

import { acrRequestOf } from '../policy/acr-request.ts';
import type { Policy, ProofQuestion } from '../policy/required-proof.ts';
import { userOf } from './account.ts';
import { clientSettings } from './client-settings.ts';
import { proofsOf } from './session-artifact.ts';

type Asked = KoaContextWithOIDC['oidc'];

/** Without the person's roles, which take time to work out. */
export function proofQuestionOf(policy: Policy, oidc: Asked): ProofQuestion {
  return {
    policy,
    client: oidc.client && clientSettings(oidc.client),
    request: acrRequestOf(oidc.params ?? {}),
    groups: userOf(oidc.account)?.directory?.groups ?? [],
    roles: [],
    now: momentOf(oidc),
  };
}

/** A login that has just ended was enough then: neither the seconds since nor another process's clock ask for more. */
function momentOf(oidc: Asked): number {
  if (!oidc.result?.login) return Math.floor(Date.now() / 1000);
  return Math.max(...proofsOf(oidc).map(({ at }) => at));
}
