// When a request needs the person: the library's prompts with our Checks in them. What is enough is policy/required-proof.ts's
// to say, the same that login/next-step.ts asks.

import { errors, interactionPolicy } from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';

import { acrRequestOf, isMalformedAcrRequest } from '../policy/acr-request.ts';
import { isLevel, reaches } from '../policy/levels.ts';
import { STEP_UP, isAttainable, isUnknownEssential, requiredLevel } from '../policy/required-proof.ts';
import type { Policy, ProofQuestion } from '../policy/required-proof.ts';
import { userOf } from './account.ts';
import { clientSettings } from './client-settings.ts';

export function createPrompts(policy: Policy): interactionPolicy.DefaultPolicy {
  const prompts = interactionPolicy.base();

  const login = prompts.get('login');
  // They loop where the value asked for cannot be met, and know equality only: ours compares ordered levels.
  login?.checks.remove('essential_acr');
  login?.checks.remove('essential_acrs');
  login?.checks.add(accountGone, 0);
  login?.checks.add(levelTooLow(policy));

  // Whether a client asks for consent is ours to decide (grants.ts), by firstParty and not by application_type.
  prompts.get('consent')?.checks.remove('native_client_prompt');
  return prompts;
}

/** A session whose user is disabled, deleted or gone from the directory is no session. */
const accountGone = new interactionPolicy.Check(
  'account_gone',
  'the account of this session may not sign in any more',
  'login_required',
  ({ oidc }) => oidc.session?.accountId !== undefined && oidc.account === undefined,
);

function levelTooLow(policy: Policy): interactionPolicy.Check {
  return new interactionPolicy.Check(
    STEP_UP,
    'the session does not reach the level of authentication that is asked for',
    'unmet_authentication_requirements',
    (ctx) => {
      if (isMalformedAcrRequest(ctx.oidc.params ?? {})) {
        throw new errors.InvalidRequest('claims.id_token.acr is malformed');
      }
      const question = proofQuestionOf(policy, ctx);
      const required = requiredLevel(question);
      if (isUnknownEssential(question.request) || !isAttainable(policy, required)) {
        throw new errors.UnmetAuthenticationRequirements('no way to sign in here reaches the acr that is asked for');
      }
      const { session } = ctx.oidc;
      if (session?.accountId === undefined || ctx.oidc.account === undefined) return false;
      return !reaches(isLevel(session.acr) ? session.acr : undefined, required);
    },
  );
}

function proofQuestionOf(policy: Policy, { oidc }: KoaContextWithOIDC): ProofQuestion {
  return {
    policy,
    minimumAcr: oidc.client && clientSettings(oidc.client).minimumAcr,
    request: acrRequestOf(oidc.params ?? {}),
    groups: userOf(oidc.account)?.directory?.groups ?? [],
  };
}
