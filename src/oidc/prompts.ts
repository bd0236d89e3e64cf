// When a request needs the person: the library's prompts with our Checks in them. What is enough is policy/required-proof.ts's
// to say, the same that login/next-step.ts asks.

import { errors, interactionPolicy } from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';

import { isMalformedAcrRequest } from '../policy/acr-request.ts';
import { createAsk } from '../policy/ask.ts';
import {
  NOT_ALLOWED,
  STEP_UP,
  isAllowed,
  isAttainable,
  isEnough,
  isUnknownEssential,
  requiredLevel,
} from '../policy/required-proof.ts';
import type { Policy, ProofQuestion } from '../policy/required-proof.ts';
import type { Roles } from '../roles/roles.ts';
import { userOf } from './account.ts';
import { askedOfSession } from './asked-of-session.ts';
import { dropOutdatedLogin, proofsOf } from './session-artifact.ts';

type RolesOfUser = Pick<Roles, 'rolesOfUser'>;

export function createPrompts(policy: Policy, roles: RolesOfUser): interactionPolicy.DefaultPolicy {
  const prompts = interactionPolicy.base();
  const ask = askOnce(policy, roles);

  const login = prompts.get('login');
  // They loop where the value asked for cannot be met, and know equality only: ours compares ordered levels.
  login?.checks.remove('essential_acr');
  login?.checks.remove('essential_acrs');
  login?.checks.add(accountGone, 0);
  login?.checks.add(outdatedLogin, 1);
  // Of several that fail, the first one is the error of a request without a page.
  login?.checks.add(notAllowed(ask));
  login?.checks.add(levelTooLow(ask));

  // Whether a client asks for consent is ours to decide (grants.ts), by firstParty and not by application_type.
  prompts.get('consent')?.checks.remove('native_client_prompt');
  return prompts;
}

type AskOnce = (ctx: KoaContextWithOIDC) => Promise<ProofQuestion>;

/** Once for each request, however many checks ask. */
function askOnce(policy: Policy, roles: RolesOfUser): AskOnce {
  const ask = createAsk({ roles });
  const questions = new WeakMap<KoaContextWithOIDC['oidc'], Promise<ProofQuestion>>();
  return ({ oidc }) => {
    const question = questions.get(oidc) ?? ask(askedOfSession(policy, oidc));
    questions.set(oidc, question);
    return question;
  };
}

/** A session whose user is disabled, deleted or gone from the directory is no session. */
const accountGone = new interactionPolicy.Check(
  'account_gone',
  'the account of this session may not sign in any more',
  'login_required',
  ({ oidc }) => oidc.session?.accountId !== undefined && oidc.account === undefined,
);

/** Between the login's last page and here, the person's proofs were all outdated (users/users.ts). */
const outdatedLogin = new interactionPolicy.Check(
  'outdated_login',
  'what was proven in this login counts no more',
  'login_required',
  ({ oidc }) => oidc.account !== undefined && dropOutdatedLogin(oidc, userOf(oidc.account)?.proofGeneration),
);

function notAllowed(ask: AskOnce): interactionPolicy.Check {
  return new interactionPolicy.Check(
    NOT_ALLOWED,
    'this application is not for the person who is signed in',
    'access_denied',
    async (ctx) => ctx.oidc.account !== undefined && !isAllowed(await ask(ctx)),
  );
}

function levelTooLow(ask: AskOnce): interactionPolicy.Check {
  return new interactionPolicy.Check(
    STEP_UP,
    'the session does not reach the level of authentication that is asked for',
    'unmet_authentication_requirements',
    async (ctx) => {
      if (isMalformedAcrRequest(ctx.oidc.params ?? {})) {
        throw new errors.InvalidRequest('claims.id_token.acr is malformed');
      }
      const question = await ask(ctx);
      if (isUnknownEssential(question.request) || !isAttainable(question.policy, requiredLevel(question))) {
        throw new errors.UnmetAuthenticationRequirements('no way to sign in here reaches the acr that is asked for');
      }
      return ctx.oidc.account !== undefined && !isEnough(question, proofsOf(ctx.oidc));
    },
  );
}
