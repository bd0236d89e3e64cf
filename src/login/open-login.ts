// A login as it stands: how far it has come, who it is, what they have, and from all that what is next. Every page and every
// form begins here.

import { epochSeconds } from '../epoch-seconds.ts';
import type { Outcome } from '../outcome.ts';
import { accepted, refused } from '../outcome.ts';
import { createAsk } from '../policy/ask.ts';
import { graceLeft } from '../policy/grace.ts';
import type { GraceLeft } from '../policy/grace.ts';
import type { AcrRequest, ClientPolicy, ProofQuestion } from '../policy/required-proof.ts';
import { goesOnFromSession } from '../policy/required-proof.ts';
import type { Roles } from '../roles/roles.ts';
import type { OwnedFactors } from '../second-factors/owned-factors.ts';
import type { Enrolment } from '../second-factors/second-factor.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Tenant } from '../tenants/tenants.ts';
import type { User, Users } from '../users/users.ts';
import type { LoadedLogin, LoginState, LoginStates } from './login-state.ts';
import { nextStep } from './next-step.ts';
import type { Step } from './next-step.ts';

/** What the protocol asks of this login. */
export interface LoginRequest {
  tenant: Tenant;
  /** The interaction's. */
  uid: string;
  clientId: string;
  client: ClientPolicy | undefined;
  acr: AcrRequest | undefined;
  /** Why there is a login at all, by the reasons of oidc/prompts.ts. */
  reasons: readonly string[];
  /** The session that exists, where one does. */
  sessionUid: string | undefined;
  /** The language of the pages, and so of what is sent, by a person's own `locale`. */
  languageOf(locale: string | undefined): string;
  /** Whether this browser has opened a one-time link by which the person may set up a first factor. */
  hasEnrolmentPermit(user: User): boolean;
}

/** A login as it stands. */
export interface Login {
  request: LoginRequest;
  loaded: LoadedLogin;
  /** Known once the first factor is proven. */
  user: User | undefined;
  owned: readonly Enrolment[];
  /** What is left of the time to enrol, where the person is asked to and it still runs. */
  grace: GraceLeft | undefined;
  step: Step;
}

/** `moved-on`: another form of this login came first, and the page is to show where it stands now. */
export type MovedOn = 'moved-on';

export type OpenLogin = (request: LoginRequest) => Promise<Login>;

export interface OpenLoginDeps {
  states: Pick<LoginStates, 'load'>;
  sessions: Pick<Sessions, 'findByUid'>;
  users: Pick<Users, 'find' | 'grace'>;
  roles: Pick<Roles, 'rolesOfUser'>;
  ownedFactors: OwnedFactors;
  enrolsByLink(tenantId: string, userId: string): Promise<boolean>;
  /** Milliseconds since the epoch. */
  now?: () => number;
}

export function createOpenLogin(deps: OpenLoginDeps): OpenLogin {
  const { states, sessions, users, ownedFactors, now = Date.now } = deps;
  const ask = createAsk(deps);

  return async (request) => {
    const { tenant } = request;
    const { loaded, user } = await load(request);
    const {
      proofs,
      inherited = false,
      enrolled = false,
      notice,
      noticeSeen = false,
      passwordChange,
      choice,
      postponed = [],
    } = loaded.state;
    const question = await questionOf(request, user);
    const owned = user ? await ownedFactors(tenant, user) : [];
    const unseen = noticeSeen ? undefined : notice;
    const known = { inherited, notice: unseen, passwordChange, choice, enrolled, postponed };
    const progress = { ...known, proofs: user ? proofs : [], graceOpen: false, byLinkOnly: false };
    const step = nextStep(progress, question, owned);
    if (user && step.step === 'enrol' && (await isByLinkOnly(request, user))) {
      const held = nextStep({ ...progress, byLinkOnly: true }, question, owned);
      if (held.step !== 'enrol') return { request, loaded, user, owned, grace: undefined, step: held };
    }

    // The time to enrol begins to run when somebody is asked to for the first time.
    const isAskedToEnrol = step.step === 'enrol' && step.why !== 'recovery-codes';
    const grace = user && isAskedToEnrol ? await graceOf(tenant, user) : undefined;
    if (!grace) return { request, loaded, user, owned, grace, step };
    return { request, loaded, user, owned, grace, step: nextStep({ ...progress, graceOpen: true }, question, owned) };
  };

  /** What was proven before the person's proofs were all outdated is not proven any more: the login begins again. */
  async function load(request: LoginRequest): Promise<Pick<Login, 'loaded' | 'user'>> {
    const { tenant, uid } = request;
    const loaded = await states.load(tenant.id, uid, () => begin(request));
    const { userId, proofGeneration } = loaded.state;
    const user = userId === undefined ? undefined : await users.find(tenant.id, userId);
    if (!user || user.proofGeneration === proofGeneration) return { loaded, user };
    await loaded.save(await begin(request));
    return load(request);
  }

  /** A step-up goes on from what the session has proven; anything else begins anew. */
  async function begin({ tenant, reasons, sessionUid }: LoginRequest): Promise<LoginState> {
    const goesOn = sessionUid !== undefined && goesOnFromSession(reasons);
    const session = goesOn ? await sessions.findByUid(tenant.id, sessionUid) : undefined;
    if (session?.userId === undefined || session.authTime === undefined) return { proofs: [] };
    const { userId, authTime, proofs, proofGeneration } = session;
    return { userId, authTime, proofs, inherited: true, ...(proofGeneration !== undefined && { proofGeneration }) };
  }

  function questionOf({ tenant, client, acr }: LoginRequest, user: User | undefined): Promise<ProofQuestion> {
    return ask({ policy: tenant.settings.policy, client, request: acr, user, now: epochSeconds(now()) });
  }

  async function isByLinkOnly({ tenant, hasEnrolmentPermit }: LoginRequest, user: User): Promise<boolean> {
    return !hasEnrolmentPermit(user) && (await deps.enrolsByLink(tenant.id, user.id));
  }

  async function graceOf({ id, settings }: Tenant, user: User): Promise<GraceLeft | undefined> {
    const { grace } = settings.policy.secondFactors;
    return grace && graceLeft(grace, await users.grace(id, user.id), new Date(now()));
  }
}

/** Writes how far the login has come, unless another form came first. */
export async function saved({ loaded }: Login, next: LoginState): Promise<Outcome<void, MovedOn>> {
  return (await loaded.save(next)) ? accepted(undefined) : refused('moved-on');
}
