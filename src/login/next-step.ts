// What a login needs next, decided from its state alone. Nothing else routes: every form leads back to the page, and the page
// asks here. What is enough is policy/required-proof.ts's to say. The table of all this is test/unit/next-step.test.ts.

import type { BindNotice } from '../directory/directory.ts';
import type { MustChange } from '../first-factors/first-factor.ts';
import { isRecovery, mayAdd, sends } from '../policy/factors.ts';
import type { FactorId } from '../policy/factors.ts';
import { isFresh, isShown, showing } from '../policy/fresh-proof.ts';
import { LEVELS } from '../policy/levels.ts';
import type { Level } from '../policy/levels.ts';
import { isWaiver } from '../policy/proof.ts';
import type { Proof } from '../policy/proof.ts';
import {
  factorsReaching,
  isAllowed,
  isAskedByTenant,
  isAttainable,
  isEnough,
  isUnknownEssential,
  provenLevel,
  requiredLevel,
} from '../policy/required-proof.ts';
import type { Policy, ProofQuestion } from '../policy/required-proof.ts';
import type { Enrolment } from '../second-factors/second-factor.ts';

export type OwnedFactor = Pick<Enrolment, 'id' | 'factor' | 'lastUsedAt'>;

export type Step =
  | { step: 'password' }
  | ProveStep
  | EnrolStep
  | ChangePasswordStep
  /** A first factor is set up by way of a one-time link only, and this browser has opened none. */
  | { step: 'enrol-by-link' }
  | { step: 'notice'; notice: BindNotice }
  /** The client is not for this person. */
  | { step: 'not-allowed' }
  | { step: 'finish'; level: Level }
  | { step: 'refuse'; reason: 'unmet_authentication_requirements' };

export interface ProveStep {
  step: 'prove';
  factor: FactorId;
  /** Of a factor that sends: to which of the person's. */
  enrolmentId?: string;
  /** All that would do: the last used first, recovery codes last. */
  choices: readonly OwnedFactor[];
}

export interface EnrolStep {
  step: 'enrol';
  factor: FactorId;
  /** All that would do. */
  choices: readonly FactorId[];
  mayPostpone: boolean;
  /** `set-up`: the tenant wants it besides what the person signed in with. `recovery-codes`: they go with a first factor. */
  why: 'required' | 'set-up' | 'recovery-codes';
}

export interface ChangePasswordStep {
  step: 'change-password';
  why: WhyChangePassword;
  /** The tenant asks this person for a second factor, so the new password need not stand alone. */
  withSecondFactor: boolean;
}

/** `chosen`: the directory has only warned, and the person would rather do it now. */
export type WhyChangePassword = MustChange | 'chosen';

export interface LoginProgress {
  proofs: readonly Proof[];
  /** The login goes on from a session: the first factor was proven then, not in this login. */
  inherited: boolean;
  /** A warning of the directory's that the person has not seen yet. */
  notice: BindNotice | undefined;
  /** The directory's password is to be changed before the login goes on. */
  passwordChange: WhyChangePassword | undefined;
  /** What the person chose: a factor's id or an enrolment's. One that would not do counts for nothing. */
  choice: string | undefined;
  /** A factor was added in this login. */
  enrolled: boolean;
  /** The time that the tenant gives to enrol still runs for this person. */
  graceOpen: boolean;
  /** Without a factor yet, they may add one in a browser only in which they opened a one-time link, and this is none. */
  byLinkOnly: boolean;
  /** What the person put off in this login. */
  postponed: readonly FactorId[];
}

/** Everything that the rules below are decided from. `owned`: of the factors that the tenant allows. */
interface Situation extends LoginProgress {
  question: ProofQuestion;
  owned: readonly OwnedFactor[];
}

const UNMET: Step = { step: 'refuse', reason: 'unmet_authentication_requirements' };

export function nextStep(progress: LoginProgress, question: ProofQuestion, owned: readonly OwnedFactor[]): Step {
  const required = requiredLevel(question);
  if (isUnknownEssential(question.request) || !isAttainable(question.policy, required)) return UNMET;

  const proven = provenLevel(question, progress.proofs);
  if (proven === undefined) return { step: 'password' };
  if (!isAllowed(question)) return { step: 'not-allowed' };

  const { allowed } = question.policy.secondFactors;
  const now: Situation = { ...progress, question, owned: owned.filter(({ factor }) => allowed.includes(factor)) };
  const step = stepOf(now, required, proven);
  return step.step === 'enrol' && now.byLinkOnly && now.owned.length === 0 ? { step: 'enrol-by-link' } : step;
}

/** Of somebody who has proven something, and whom the client is for. */
function stepOf(now: Situation, required: Level, proven: Level): Step {
  if (now.passwordChange) return stepToChangePassword(now, now.passwordChange, required);
  if (!isEnough(now.question, now.proofs)) return stepToEnough(now, required);
  return (
    stepToSetUp(now) ??
    stepToRecoveryCodes(now) ??
    (now.notice ? { step: 'notice', notice: now.notice } : { step: 'finish', level: proven })
  );
}

/**
 * Before all else that a login may ask, but after what shows that it is them: whoever has got hold of an old password is not to choose
 * the next one, in a browser that is trusted or where the tenant asks for nothing more either. Who has no second factor adds one
 * afterwards, if they are asked to. Of the factors that would do, one that is asked for anyhow, so that one proof is enough.
 */
function stepToChangePassword(now: Situation, why: WhyChangePassword, required: Level): Step {
  const { question, owned } = now;
  const change: Step = { step: 'change-password', why, withSecondFactor: isAskedByTenant(question) };
  const before = stepBeforeChange(now);
  if (before?.step !== 'prove') return before ?? change;
  const reaching = factorsReaching(question.policy, required);
  const both = showing(question.policy, owned).filter(({ factor }) => reaching.includes(factor));
  return prove(now, both) ?? before;
}

/** A factor that reaches the level, of those that the person has; else one to be added. */
function stepToEnough(now: Situation, required: Level): Step {
  const { question, proofs, owned } = now;
  const reaching = factorsReaching(question.policy, required);
  const proving = prove(
    now,
    owned.filter(({ factor }) => reaching.includes(factor)),
  );
  if (proving) return proving;

  const waiver: Proof = { factor: 'grace-period', amr: [], at: question.now };
  const mayPostpone = now.graceOpen && isEnough(question, [...proofs, waiver]);
  const first = reaching.filter((factor) => !isRecovery(factor));
  const enrolling = enrol(now, first, 'required', mayPostpone);
  return stepBeforeChange(now) ?? enrolling ?? UNMET;
}

/**
 * A factor is added, or the password changed, after a factor that exists and is strong enough is proven, in this login or lately;
 * where there is none yet, after a password in this login: a session that somebody left open is not enough (SECURITY.md, "Second
 * factor"). Undefined where that is done.
 */
function stepBeforeChange(now: Situation): Step | undefined {
  const { owned, inherited, proofs, question } = now;
  if (owned.length === 0) return inherited ? { step: 'password' } : undefined;
  const { policy } = question;
  const hasShown = inherited ? isFresh(policy, proofs, owned, question.now) : isShown(policy, proofs, owned);
  return hasShown ? undefined : prove(now, showing(policy, owned));
}

/** What the tenant wants everybody to have whom it asks for a second factor. Who has put off all of it is not asked again. */
function stepToSetUp(now: Situation): Step | undefined {
  const { question, owned, postponed, proofs, graceOpen } = now;
  if (!isAskedByTenant(question) || proofs.some(({ factor }) => factor === 'grace-period')) return undefined;
  const missing = question.policy.secondFactors.setUp.filter(
    (factor) => !owns(owned, factor) && !postponed.includes(factor) && mayAdd(owned, factor),
  );
  const enrolling = enrol(now, missing, 'set-up', graceOpen);
  const before = enrolling && stepBeforeChange(now);
  // Who got in by a weaker factor may have lost the others: it is not enough to add one, and no reason to be kept out.
  return before && hasAnsweredHere(now) ? undefined : (before ?? enrolling);
}

/** Whether a second factor was proven in this login. */
function hasAnsweredHere({ inherited, proofs }: Situation): boolean {
  return !inherited && proofs.some(({ factor }) => factor !== 'password' && !isWaiver(factor));
}

/** Offered once, right after a factor was added. */
function stepToRecoveryCodes(now: Situation): Step | undefined {
  const { question, owned, postponed, enrolled } = now;
  const factor = 'recovery-code';
  const isOffered = enrolled && question.policy.secondFactors.allowed.includes(factor) && mayAdd(owned, factor);
  if (!isOffered || owns(owned, factor) || postponed.includes(factor) || stepBeforeChange(now)) return undefined;
  return enrol(now, [factor], 'recovery-codes', true);
}

/** The one that the person chose, else the first. Undefined of none. */
function prove({ choice, question }: Situation, usable: readonly OwnedFactor[]): ProveStep | undefined {
  const choices = usable.toSorted(inOrderOf(question.policy));
  const chosen =
    choices.find(({ id }) => id === choice) ?? choices.find(({ factor }) => factor === choice) ?? choices[0];
  if (!chosen) return undefined;
  const { factor, id } = chosen;
  return { step: 'prove', factor, ...(sends(factor) && { enrolmentId: id }), choices };
}

/** In the order of `allowed`, as the tenant gives it. */
function enrol(
  { choice }: Situation,
  choices: readonly FactorId[],
  why: EnrolStep['why'],
  mayPostpone: boolean,
): EnrolStep | undefined {
  const factor = choices.find((id) => id === choice) ?? choices[0];
  return factor && { step: 'enrol', factor, choices, mayPostpone, why };
}

/** Recovery codes last; before them the last used first, then the strongest, then as the tenant orders them. */
function inOrderOf({ secondFactors, levels }: Policy) {
  const rank = ({ factor, lastUsedAt }: OwnedFactor) => [
    isRecovery(factor) ? 1 : 0,
    -(lastUsedAt?.getTime() ?? 0),
    -LEVELS.indexOf(levels[factor]),
    secondFactors.allowed.indexOf(factor),
  ];
  return (one: OwnedFactor, other: OwnedFactor): number => {
    const others = rank(other);
    return (
      rank(one)
        .map((value, index) => value - (others[index] ?? 0))
        .find((difference) => difference !== 0) ?? 0
    );
  };
}

function owns(owned: readonly OwnedFactor[], wanted: FactorId): boolean {
  return owned.some(({ factor }) => factor === wanted);
}
