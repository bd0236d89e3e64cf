// A login from its first page to its last: what it needs next, and what each form of it does. Every form proves one thing and
// records it; which comes next is next-step.ts's to say, and words and pages are login-routes.ts's.

import type { Audit } from '../audit/audit.ts';
import type { NamedDirectory } from '../first-factors/directory-password.ts';
import type { PasswordSignIn, SignInRefusal } from '../first-factors/password-sign-in.ts';
import type { Metrics } from '../observability/metrics.ts';
import { accepted, refused } from '../outcome.ts';
import type { Outcome, Refused } from '../outcome.ts';
import type { Level } from '../policy/levels.ts';
import { STEP_UP } from '../policy/required-proof.ts';
import type { AcrRequest, ProofQuestion } from '../policy/required-proof.ts';
import type { Encryption } from '../security/encryption.ts';
import type { Blocked } from '../security/attempt-limiter.ts';
import type { EnrolRefusal, EnrolSecondFactor } from '../second-factors/enrol.ts';
import type { Enrolments } from '../second-factors/enrolments.ts';
import type { ProveRefusal, ProveSecondFactor } from '../second-factors/prove.ts';
import type { FactorId, FactorPresentation, SecondFactor } from '../second-factors/second-factor.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Tenant } from '../tenants/tenants.ts';
import type { User, Users } from '../users/users.ts';
import type { FinishLogin, LoginResult } from './finish-login.ts';
import type { LinkUser } from './link-user.ts';
import type { LoadedLogin, LoginState, LoginStates } from './login-state.ts';
import { nextStep } from './next-step.ts';
import type { Step } from './next-step.ts';

/** What the protocol asks of this login. */
export interface LoginRequest {
  tenant: Tenant;
  /** The interaction's. */
  uid: string;
  clientId: string;
  /** The client's own. */
  minimumAcr: Level | undefined;
  acr: AcrRequest | undefined;
  /** Why there is a login at all, by the reasons of oidc/prompts.ts. */
  reasons: readonly string[];
  /** The session that exists, where one does. */
  sessionUid: string | undefined;
}

/** A login as it stands. */
export interface Login {
  request: LoginRequest;
  loaded: LoadedLogin;
  /** Known once the first factor is proven. */
  user: User | undefined;
  question: ProofQuestion;
  step: Step;
}

/** `moved-on`: another form of this login came first, and the page is to show where it stands now. */
export type MovedOn = 'moved-on';
export type PasswordRefusal = SignInRefusal | MovedOn;

export interface Logins {
  /** Answers one form of a login after the other. */
  inTurn: LoginStates['inTurn'];
  open(request: LoginRequest): Promise<Login>;
  password(
    login: Login,
    form: { username: string; password: string; address: string },
  ): Promise<Outcome<void, PasswordRefusal> | Blocked>;
  /** Answers the step `prove`. */
  prove(
    login: Login,
    form: { code: string; address: string },
  ): Promise<Outcome<void, ProveRefusal | MovedOn> | Blocked>;
  /** What the step `enrol` shows; the same secret however often the page is loaded. */
  enrolment(login: Login): Promise<Outcome<FactorPresentation, MovedOn>>;
  /** Answers the step `enrol`. */
  enrol(login: Login, form: { code: string }): Promise<Outcome<void, EnrolRefusal | MovedOn>>;
  /** The person has seen the step `notice`. */
  acknowledge(login: Login): Promise<void>;
  /** Forgets what was proven, for somebody else to sign in. */
  startOver(login: Login): Promise<void>;
  /** Answers the step `finish`. */
  finish(login: Login): Promise<Outcome<LoginResult, 'account-disabled' | MovedOn>>;
}

export interface LoginDeps {
  states: LoginStates;
  sessions: Pick<Sessions, 'findByUid'>;
  users: Pick<Users, 'find'>;
  enrolments: Pick<Enrolments, 'list'>;
  factor(tenant: Tenant, id: FactorId): SecondFactor;
  /** In the order in which they are asked. */
  directoriesOf(tenant: Tenant): readonly NamedDirectory[];
  signIn: PasswordSignIn;
  linkUser: LinkUser;
  proveSecondFactor: ProveSecondFactor;
  enrolSecondFactor: EnrolSecondFactor;
  finishLogin: FinishLogin;
  encryption: Encryption;
  audit: Audit;
  metrics: Pick<Metrics, 'loginFinished'>;
  now?: () => number;
}

export function createLogins(deps: LoginDeps): Logins {
  const { states, sessions, users, enrolments, audit, encryption, now = Date.now } = deps;
  const epoch = () => Math.floor(now() / 1000);

  return {
    inTurn: states.inTurn,

    async open(request) {
      const { tenant, uid } = request;
      const loaded = await states.load(tenant.id, uid, () => begin(request));
      const { userId } = loaded.state;
      const user = userId === undefined ? undefined : await users.find(tenant.id, userId);
      const question = questionOf(request, user);
      const owned = user ? await enrolments.list(tenant.id, user.id) : [];
      const { proofs, inherited = false, notice } = loaded.state;
      const progress = { proofs: user ? proofs : [], inherited, notice };
      return { request, loaded, user, question, step: nextStep(progress, question, owned) };
    },

    async password({ request: { tenant }, loaded }, form) {
      const outcome = await deps.signIn({ tenantId: tenant.id, directories: deps.directoriesOf(tenant), ...form });
      if (!outcome.ok) return told(tenant, 'password', outcome);
      const user = await deps.linkUser(tenant, outcome.value);
      if (user?.status !== 'active') {
        const subject = user && ({ kind: 'user', id: user.id } as const);
        await audit.record({ type: 'login.refused', tenantId: tenant.id, subject, reason: 'account-disabled' });
        return told(tenant, 'password', refused('account-disabled'));
      }
      const at = epoch();
      const notice = outcome.value.kind === 'directory' ? outcome.value.notice : undefined;
      const proofs = [{ factor: 'password', amr: ['pwd'], at } as const];
      // A form sent twice does not take away the secret that the page shows this person by now.
      const enrolling = loaded.state.userId === user.id ? loaded.state.enrolling : undefined;
      return saved(loaded, {
        userId: user.id,
        authTime: at,
        proofs,
        ...(isEmpty(notice) ? {} : { notice }),
        ...(enrolling && { enrolling }),
      });
    },

    async prove({ request: { tenant }, loaded, user, step }, { code, address }) {
      if (step.step !== 'prove' || !user) return refused('moved-on');
      const factor = deps.factor(tenant, step.factor);
      const proven = await deps.proveSecondFactor({
        tenantId: tenant.id,
        userId: user.id,
        factor,
        answer: code,
        address,
      });
      if (!proven.ok) return told(tenant, factor.id, proven);
      return saved(loaded, { ...loaded.state, proofs: [...loaded.state.proofs, proven.value] });
    },

    async enrolment({ request, loaded, user, step }) {
      if (step.step !== 'enrol' || !user) return refused('moved-on');
      const factor = deps.factor(request.tenant, step.factor);
      const subject = { userId: user.id, accountName: user.username };
      const pending = pendingSecret(request, loaded.state, step.factor);
      const { secret, presentation } = await deps.enrolSecondFactor.begin(factor, subject, pending);
      const enrolling = { factor: step.factor, secret: encryption.encrypt(secret, placeOf(request)) };
      const kept = pending !== undefined || (await loaded.save({ ...loaded.state, enrolling }));
      return kept ? { ok: true, value: presentation } : refused('moved-on');
    },

    async enrol({ request, loaded, user, step }, { code }) {
      const secret = step.step === 'enrol' ? pendingSecret(request, loaded.state, step.factor) : undefined;
      if (step.step !== 'enrol' || !user || secret === undefined) return refused('moved-on');
      const enrolled = await deps.enrolSecondFactor.finish({
        tenantId: request.tenant.id,
        userId: user.id,
        factor: deps.factor(request.tenant, step.factor),
        secret,
        answer: code,
        name: step.factor,
        first: true,
        keptSession: request.sessionUid,
      });
      if (!enrolled.ok) return enrolled;
      const { enrolling: _, ...state } = loaded.state;
      return saved(loaded, { ...state, proofs: [...state.proofs, enrolled.value] });
    },

    async acknowledge({ loaded }) {
      const { notice: _, ...state } = loaded.state;
      await loaded.save(state);
    },

    async startOver({ loaded }) {
      await loaded.save({ proofs: [] });
    },

    async finish({ request: { tenant, clientId }, loaded, user, step }) {
      const { authTime, proofs, finished: before } = loaded.state;
      if (step.step !== 'finish' || !user || authTime === undefined) return refused('moved-on');
      // The page was loaded again: the same login, not another one.
      if (before) return accepted(before);
      const finished = { userId: user.id, level: step.level, proofs, authTime, clientId };
      const outcome = await deps.finishLogin(tenant, finished);
      const factor = proofs.at(-1)?.factor ?? 'password';
      if (!outcome.ok) return told(tenant, factor, outcome);
      await loaded.save({ ...loaded.state, finished: outcome.value });
      deps.metrics.loginFinished({ tenant: tenant.slug, outcome: 'succeeded', factor });
      return outcome;
    },
  };

  /** A step-up goes on from what the session has proven; anything else begins anew. */
  async function begin({ tenant, reasons, sessionUid }: LoginRequest): Promise<LoginState> {
    const isStepUp = reasons.length === 1 && reasons[0] === STEP_UP;
    const session = isStepUp && sessionUid !== undefined ? await sessions.findByUid(tenant.id, sessionUid) : undefined;
    if (session?.userId === undefined || session.authTime === undefined) return { proofs: [] };
    return { userId: session.userId, authTime: session.authTime, proofs: session.proofs, inherited: true };
  }

  function questionOf({ tenant, minimumAcr, acr }: LoginRequest, user: User | undefined): ProofQuestion {
    const groups = user?.directory?.groups ?? [];
    return { policy: tenant.settings.policy, minimumAcr, request: acr, groups };
  }

  function told<R extends Refused<string>>(tenant: Tenant, factor: string, refusal: R): R {
    deps.metrics.loginFinished({ tenant: tenant.slug, outcome: refusal.reason, factor });
    return refusal;
  }

  function pendingSecret(request: LoginRequest, { enrolling }: LoginState, factor: FactorId): string | undefined {
    return enrolling?.factor === factor ? encryption.decrypt(enrolling.secret, placeOf(request)) : undefined;
  }
}

async function saved(loaded: LoadedLogin, next: LoginState): Promise<Outcome<void, MovedOn>> {
  return (await loaded.save(next)) ? { ok: true, value: undefined } : refused('moved-on');
}

function placeOf({ tenant, uid }: LoginRequest): { table: string; column: string; row: string } {
  return { table: 'login', column: 'enrolling', row: `${tenant.id}:${uid}` };
}

function isEmpty(notice: object | undefined): boolean {
  return notice === undefined || Object.keys(notice).length === 0;
}
