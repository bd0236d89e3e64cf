// A login from its first page to its last: what it needs next, and what each form of it does. Every form proves one thing and
// records it; which comes next is next-step.ts's to say, and words and pages are those of the *-routes.ts and *-pages.ts.

import type { Metrics } from '../observability/metrics.ts';
import { accepted, refused } from '../outcome.ts';
import type { Outcome, Refused } from '../outcome.ts';
import type { Tenant } from '../tenants/tenants.ts';
import { createEnrolmentSteps } from './enrolment-steps.ts';
import type { EnrolmentDeps, EnrolmentSteps } from './enrolment-steps.ts';
import type { FinishLogin, FinishedLogin } from './finish-login.ts';
import { createFirstFactorSteps } from './first-factor-steps.ts';
import type { FirstFactorDeps, FirstFactorSteps } from './first-factor-steps.ts';
import type { LoginStates } from './login-state.ts';
import { createOpenLogin } from './open-login.ts';
import type { Login, MovedOn, OpenLogin, OpenLoginDeps } from './open-login.ts';
import { createSecondFactorSteps } from './second-factor-steps.ts';
import type { SecondFactorDeps, SecondFactorSteps } from './second-factor-steps.ts';

export interface Logins extends FirstFactorSteps, SecondFactorSteps, EnrolmentSteps {
  /** Answers one form of a login after the other. */
  inTurn: LoginStates['inTurn'];
  open: OpenLogin;
  /** The person has seen the step `notice`. */
  acknowledge(login: Login): Promise<void>;
  /** Forgets what was proven, for somebody else to sign in. */
  startOver(login: Login): Promise<void>;
  /** Answers the step `finish`. */
  finish(login: Login): Promise<Outcome<FinishedLogin, 'account-disabled' | MovedOn>>;
}

type StepDeps = FirstFactorDeps & SecondFactorDeps & EnrolmentDeps;

export interface LoginDeps extends Omit<StepDeps, 'told' | 'epoch'>, OpenLoginDeps {
  states: LoginStates;
  finishLogin: FinishLogin;
  metrics: Pick<Metrics, 'loginFinished'>;
}

export function createLogins(deps: LoginDeps): Logins {
  const { states, metrics, now = Date.now } = deps;
  const steps: StepDeps = { ...deps, told, epoch: () => Math.floor(now() / 1000) };

  return {
    ...createFirstFactorSteps(steps),
    ...createSecondFactorSteps(steps),
    ...createEnrolmentSteps(steps),
    inTurn: states.inTurn,
    open: createOpenLogin(deps),

    async acknowledge({ loaded }) {
      const { notice: _, ...state } = loaded.state;
      await loaded.save(state);
    },

    async startOver({ loaded }) {
      await loaded.save({ proofs: [] });
    },

    async finish({ request: { tenant, clientId }, loaded, user, step }) {
      const { authTime, proofs, postponed = [], trust = false, finished: before } = loaded.state;
      if (step.step !== 'finish' || !user || authTime === undefined) return refused('moved-on');
      // The page was loaded again: the same login, not another one.
      if (before) return accepted({ result: before });
      const outcome = await deps.finishLogin(tenant, {
        userId: user.id,
        level: step.level,
        proofs,
        authTime,
        clientId,
        postponed,
        trust,
      });
      const factor = proofs.at(-1)?.factor ?? 'password';
      if (!outcome.ok) return told(tenant, factor, outcome);
      await loaded.save({ ...loaded.state, finished: outcome.value.result });
      metrics.loginFinished({ tenant: tenant.slug, outcome: 'succeeded', factor });
      return outcome;
    },
  };

  function told<R extends Refused<string>>(tenant: Tenant, factor: string, refusal: R): R {
    metrics.loginFinished({ tenant: tenant.slug, outcome: refusal.reason, factor });
    return refusal;
  }
}
