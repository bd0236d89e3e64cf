// Setting up a second factor within a login: where codes are to go, the first answer, or putting it off.

import { refused } from '../outcome.ts';
import type { Outcome, Refused } from '../outcome.ts';
import { isWaiver } from '../policy/proof.ts';
import type { Proof } from '../policy/proof.ts';
import type { FactorRequest } from '../second-factors/asked-challenges.ts';
import type { EnrolSecondFactor } from '../second-factors/enrol.ts';
import type { Factors } from '../second-factors/factors.ts';
import type { Tenant } from '../tenants/tenants.ts';
import { factorRequest } from './factor-request.ts';
import { afterOwnChange } from './login-state.ts';
import { saved } from './open-login.ts';
import type { Login, MovedOn } from './open-login.ts';
import { proved } from './second-factor-steps.ts';

/** As the use case of all second factors answers; a login may have moved on besides. */
type Reply<M extends keyof EnrolSecondFactor> = Promise<Awaited<ReturnType<EnrolSecondFactor[M]>> | Refused<MovedOn>>;

export interface EnrolmentSteps {
  /** What the step `enrol` shows, the same however often the page is loaded; undefined while it is not known where codes go. */
  enrolment(login: Login): Reply<'current'>;
  /** Where codes are to go. Sends the first one. */
  contact(login: Login, contact: string): Reply<'begin'>;
  /** Somewhere else. */
  changeContact(login: Login): Promise<void>;
  /** Sends another code. */
  enrolAgain(login: Login): Reply<'again'>;
  /** Answers the step `enrol`. A passkey is known by the browser that made it. */
  enrol(
    login: Login,
    form: { answer: string; address: string; browser: string },
  ): Promise<Outcome<void, MovedOn> | Exclude<Awaited<Reply<'finish'>>, { ok: true }>>;
  /** Not now, where that may be. */
  postpone(login: Login): Promise<Outcome<void, MovedOn>>;
}

export interface EnrolmentDeps {
  factors: Factors;
  enrolSecondFactor: EnrolSecondFactor;
  counted<R extends Refused<string>>(tenant: Tenant, factor: string, refusal: R): R;
  /** Epoch seconds. */
  epoch(): number;
}

export function createEnrolmentSteps(deps: EnrolmentDeps): EnrolmentSteps {
  const { factors, enrolSecondFactor, counted, epoch } = deps;

  return {
    async enrolment(login) {
      const request = requestOf(login);
      return request ? enrolSecondFactor.current(request) : refused('moved-on');
    },

    async contact(login, contact) {
      const request = requestOf(login);
      return request ? enrolSecondFactor.begin({ ...request, contact }) : refused('moved-on');
    },

    async changeContact(login) {
      const request = requestOf(login);
      if (request) await enrolSecondFactor.cancel(request);
    },

    async enrolAgain(login) {
      const request = requestOf(login);
      return request ? enrolSecondFactor.again(request) : refused('moved-on');
    },

    async enrol(login, { browser, ...form }) {
      const { request, loaded } = login;
      const enrolment = requestOf(login);
      if (!enrolment) return refused('moved-on');
      const enrolled = await enrolSecondFactor.finish({
        ...enrolment,
        ...form,
        name: enrolment.factor.id === 'passkey' ? browser : '',
        first: !loaded.state.proofs.some(isOfFactor),
        keptSession: request.sessionUid,
      });
      if (!enrolled.ok) return counted(request.tenant, enrolment.factor.id, enrolled);
      const state = enrolled.value ? proved(loaded.state, enrolled.value) : loaded.state;
      return saved(login, { ...state, ...afterOwnChange(loaded.state), enrolled: true });
    },

    async postpone(login) {
      const { step, loaded } = login;
      if (step.step !== 'enrol' || !step.mayPostpone) return refused('moved-on');
      const { proofs, postponed = [] } = loaded.state;
      if (step.why !== 'required') return saved(login, { ...loaded.state, postponed: [...postponed, step.factor] });
      const waiver = { factor: 'grace-period', amr: [], at: epoch() } as const;
      return saved(login, { ...loaded.state, proofs: [...proofs, waiver] });
    },
  };

  function requestOf(login: Login): FactorRequest | undefined {
    const { step, user } = login;
    return step.step === 'enrol' && user ? factorRequest(factors, login, user, step) : undefined;
  }
}

/** A factor that the person had, beyond the password. */
function isOfFactor({ factor }: Proof): boolean {
  return factor !== 'password' && !isWaiver(factor);
}
