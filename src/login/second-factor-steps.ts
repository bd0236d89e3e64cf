// Proving a second factor within a login: what the page asks, another code, another factor, the answer.

import type { Outcome, Refused } from '../outcome.ts';
import { refused } from '../outcome.ts';
import { withProof } from '../policy/proof.ts';
import type { Proof } from '../policy/proof.ts';
import type { FactorRequest } from '../second-factors/asked-challenges.ts';
import type { Factors } from '../second-factors/factors.ts';
import type { ProveSecondFactor } from '../second-factors/prove.ts';
import type { Tenant } from '../tenants/tenants.ts';
import { factorRequest } from './factor-request.ts';
import type { LoginState } from './login-state.ts';
import { saved } from './open-login.ts';
import type { Login, MovedOn } from './open-login.ts';

/** As the use case of all second factors answers; a login may have moved on besides. */
type Reply<M extends keyof ProveSecondFactor> = Promise<Awaited<ReturnType<ProveSecondFactor[M]>> | Refused<MovedOn>>;

export interface ProofForm {
  answer: string;
  /** This browser is to be trusted from now on. */
  trust: boolean;
  address: string;
}

export interface SecondFactorSteps {
  /** What the step `prove` shows. A factor that sends does so here, unless one is open already. */
  challenge(login: Login): Reply<'challenge'>;
  /** Sends another code. */
  askAgain(login: Login): Reply<'again'>;
  /** Answers the step `prove`. */
  prove(
    login: Login,
    form: ProofForm,
  ): Promise<Outcome<void, MovedOn> | Exclude<Awaited<Reply<'answer'>>, { ok: true }>>;
  /** One of those that would do, to be proven or to be set up: a factor, or an enrolment. */
  choose(login: Login, choice: string): Promise<Outcome<void, MovedOn>>;
}

export interface SecondFactorDeps {
  factors: Factors;
  proveSecondFactor: ProveSecondFactor;
  counted<R extends Refused<string>>(tenant: Tenant, factor: string, refusal: R): R;
}

export function createSecondFactorSteps({ factors, proveSecondFactor, counted }: SecondFactorDeps): SecondFactorSteps {
  return {
    async challenge(login) {
      const request = requestOf(login);
      return request ? proveSecondFactor.challenge(request) : refused('moved-on');
    },

    async askAgain(login) {
      const request = requestOf(login);
      return request ? proveSecondFactor.again(request) : refused('moved-on');
    },

    async prove(login, { answer, trust, address }) {
      const { tenant } = login.request;
      const request = requestOf(login);
      if (!request) return refused('moved-on');
      const proven = await proveSecondFactor.answer({ ...request, everyOwned: login.owned, answer, address });
      if (!proven.ok) return counted(tenant, request.factor.id, proven);
      const mayTrust = trust && tenant.settings.policy.trustedDevices !== undefined;
      return saved(login, { ...proved(login.loaded.state, proven.value), ...(mayTrust && { trust: true }) });
    },

    async choose(login, choice) {
      if (!choicesOf(login).includes(choice)) return refused('moved-on');
      return saved(login, { ...login.loaded.state, choice });
    },
  };

  function requestOf(login: Login): FactorRequest | undefined {
    const { step, user } = login;
    return step.step === 'prove' && user ? factorRequest(factors, login, user, step) : undefined;
  }
}

/** What was chosen was to be proven, and is. */
export function proved({ choice: _, ...state }: LoginState, proof: Proof): LoginState {
  return { ...state, proofs: withProof(state.proofs, proof) };
}

function choicesOf({ step }: Login): readonly string[] {
  if (step.step === 'prove') return step.choices.flatMap(({ id, factor }) => [id, factor]);
  return step.step === 'enrol' ? step.choices : [];
}
