// A login from its first page to its last: what it needs next, and what each form of it does. Every form proves one thing and
// records it; which comes next is next-step.ts's to say, and words and pages are those of the *-routes.ts and *-pages.ts.

import { epochSeconds } from '../epoch-seconds.ts';
import type { Metrics } from '../observability/metrics.ts';
import { accepted, refused } from '../outcome.ts';
import type { Outcome, Refused } from '../outcome.ts';
import type { Tenant } from '../tenants/tenants.ts';
import { createEnrolmentSteps } from './enrolment-steps.ts';
import type { EnrolmentDeps, EnrolmentSteps } from './enrolment-steps.ts';
import type { FinishLogin, FinishedLogin, ProvenLogin } from './finish-login.ts';
import { createFirstFactorSteps } from './first-factor-steps.ts';
import type { FirstFactorDeps, FirstFactorSteps } from './first-factor-steps.ts';
import type { LoadedLogin, LoginState, LoginStates } from './login-state.ts';
import { createOpenLogin } from './open-login.ts';
import type { Login, MovedOn, OpenLogin, OpenLoginDeps } from './open-login.ts';
import { createPasswordChangeSteps } from './password-change-steps.ts';
import type { PasswordChangeDeps, PasswordChangeSteps } from './password-change-steps.ts';
import { createSecondFactorSteps } from './second-factor-steps.ts';
import type { SecondFactorDeps, SecondFactorSteps } from './second-factor-steps.ts';

export interface Logins extends FirstFactorSteps, SecondFactorSteps, EnrolmentSteps, PasswordChangeSteps {
  /** Answers one form of a login after the other. */
  inTurn: LoginStates['inTurn'];
  open: OpenLogin;
  /** The person has seen the step `notice`, and goes on with the password that they have. */
  acknowledge(login: Login): Promise<void>;
  /** Forgets what was proven, for somebody else to sign in. */
  startOver(login: Login): Promise<void>;
  /** Answers the step `finish`, in turn: of however many that come for it one ends the login, the others learn how. */
  finish(login: Login): Promise<Outcome<FinishedLogin, 'account-disabled' | MovedOn>>;
}

type StepDeps = FirstFactorDeps & SecondFactorDeps & EnrolmentDeps & PasswordChangeDeps;

export interface LoginDeps extends Omit<StepDeps, 'counted' | 'epoch' | 'users'>, OpenLoginDeps {
  users: StepDeps['users'] & OpenLoginDeps['users'];
  states: LoginStates;
  finishLogin: FinishLogin;
  metrics: Pick<Metrics, 'loginFinished'>;
}

export function createLogins(deps: LoginDeps): Logins {
  const { states, metrics, now = Date.now } = deps;
  const steps: StepDeps = { ...deps, counted, epoch: () => epochSeconds(now()) };

  return {
    ...createFirstFactorSteps(steps),
    ...createSecondFactorSteps(steps),
    ...createEnrolmentSteps(steps),
    ...createPasswordChangeSteps(steps),
    inTurn: states.inTurn,
    open: createOpenLogin(deps),

    async acknowledge({ loaded }) {
      const { passwordChange, ...state } = loaded.state;
      const isForced = passwordChange !== undefined && passwordChange !== 'chosen';
      await loaded.save({ ...state, ...(isForced && { passwordChange }), noticeSeen: true });
    },

    async startOver({ loaded }) {
      await loaded.save({ proofs: [] });
    },

    async finish(login) {
      const { request, loaded } = login;
      const { finished, finishing } = loaded.state;
      const proven = provenLogin(login);
      if (!proven) return refused('moved-on');
      // The page was loaded again: the same login, not another one.
      if (finished) return accepted({ result: finished });
      // Whoever came before was stopped half-way, and may have done all of it: not once more.
      if (finishing) {
        await loaded.save({ proofs: [] });
        return refused('moved-on');
      }
      const mine = await loaded.advance({ ...loaded.state, finishing: true });
      return mine ? end(request.tenant, proven, loaded.state, mine) : refused('moved-on');
    },
  };

  async function end(tenant: Tenant, proven: ProvenLogin, state: LoginState, mine: LoadedLogin) {
    const outcome = await deps.finishLogin(tenant, proven).catch(async (fault: unknown) => {
      await mine.save(state);
      throw fault;
    });
    const factor = state.proofs.at(-1)?.factor ?? 'password';
    if (outcome.ok) {
      await mine.save({ ...state, finished: outcome.value.result });
      metrics.loginFinished({ tenant: tenant.slug, outcome: 'succeeded', factor });
      return outcome;
    }
    const { reason } = outcome;
    await mine.save(reason === 'outdated' ? withoutGrace(state) : { proofs: [] });
    return reason === 'outdated' ? refused('moved-on') : counted(tenant, factor, refused(reason));
  }

  function counted<R extends Refused<string>>(tenant: Tenant, factor: string, refusal: R): R {
    metrics.loginFinished({ tenant: tenant.slug, outcome: refusal.reason, factor });
    return refusal;
  }
}

/** Undefined where something is missing yet. */
function provenLogin({ request: { clientId }, loaded: { state }, user, step }: Login): ProvenLogin | undefined {
  const { authTime, proofGeneration, proofs, notice, postponed = [], trust = false } = state;
  if (step.step !== 'finish' || !user || authTime === undefined || proofGeneration === undefined) return undefined;
  return { user, level: step.level, proofs, authTime, proofGeneration, clientId, notice, postponed, trust };
}

/** What was put off has to be asked again: whether it may be is not as it was. */
function withoutGrace({ postponed: _, ...state }: LoginState): LoginState {
  return { ...state, proofs: state.proofs.filter(({ factor }) => factor !== 'grace-period') };
}
