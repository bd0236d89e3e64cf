// What policy would ask of somebody who has given their password, by the very functions that decide it at a sign-in, and how far
// they would come with it.

import { nextStep } from '../../login/next-step.ts';
import type { LoginProgress, Step } from '../../login/next-step.ts';
import { graceLeft } from '../../policy/grace.ts';
import { isRecovery } from '../../policy/factors.ts';
import type { FactorId } from '../../policy/factors.ts';
import { reaches } from '../../policy/levels.ts';
import type { Level } from '../../policy/levels.ts';
import type { Proof } from '../../policy/proof.ts';
import {
  answeredAcr,
  factorsReaching,
  isAllowed,
  isAskedByTenant,
  isAttainable,
  isUnknownEssential,
  provenLevel,
  requiredBesidesTenant,
  requiredLevel,
} from '../../policy/required-proof.ts';
import type { ProofQuestion } from '../../policy/required-proof.ts';
import type { Enrolment } from '../../second-factors/second-factor.ts';
import type { Explanation } from './explain-shape.ts';

export interface ExplainedPolicy {
  shown: NonNullable<Explanation['policy']>;
  step: Step;
  /** The `acr` that tokens would have; undefined where there is no way. */
  acr: Level | undefined;
}

/** What a sign-in without a second factor depends on. */
export interface EnrolmentState {
  /** Since when the person has been asked to enrol, and how often they have signed in without; undefined where they never were. */
  grace: { since: Date; logins: number } | undefined;
  /** A first second factor is set up by way of a one-time link only. */
  byLinkOnly: boolean;
}

export function explainPolicy(
  question: ProofQuestion,
  owned: readonly Enrolment[],
  state: EnrolmentState,
): ExplainedPolicy {
  const { policy, now } = question;
  const { grace: begun, byLinkOnly } = state;
  const password: Proof = { factor: 'password', amr: ['pwd'], at: now };
  const left = graceLeft(
    policy.secondFactors.grace,
    begun ?? { since: new Date(now * 1000), logins: 0 },
    new Date(now * 1000),
  );
  const progress: LoginProgress = {
    proofs: [password],
    inherited: false,
    notice: undefined,
    passwordChange: undefined,
    choice: undefined,
    enrolled: false,
    graceOpen: left !== undefined,
    byLinkOnly,
    postponed: [],
  };
  const step = nextStep(progress, question, owned);
  const required = requiredLevel(question);
  const reaching = factorsReaching(policy, required);
  const second = step.step === 'prove' || step.step === 'enrol' ? step.factor : undefined;
  const proven = reachedWith(question, password, second, step);
  const hasGrace = policy.secondFactors.grace !== undefined;
  return {
    step,
    acr: proven && answeredAcr(proven, question.request),
    shown: {
      isAllowed: isAllowed(question),
      secondFactorAskedBy: askedBy(question),
      requiredAcr: required,
      isAttainable: !isUnknownEssential(question.request) && isAttainable(policy, required),
      nextStep: wordsOf(step),
      reachedAcr: proven ?? null,
      factors: owned.map(({ factor, name, vouchedFor, lastUsedAt }) => ({
        factor,
        name,
        level: policy.levels[factor],
        fromDirectory: vouchedFor === true,
        wouldDo: reaching.includes(factor),
        lastUsedAt: lastUsedAt?.toISOString() ?? null,
      })),
      couldEnrol: required === 'sfa' ? [] : reaching.filter((factor) => !isRecovery(factor)),
      grace: hasGrace
        ? {
            hasBegun: begun !== undefined,
            daysLeft: left ? (left.daysLeft ?? null) : 0,
            loginsLeft: left ? (left.loginsLeft ?? null) : 0,
          }
        : null,
    },
  };
}

const WITHOUT_TOKENS: readonly Step['step'][] = ['refuse', 'not-allowed', 'password', 'enrol-by-link'];

/** With what is asked for first, answered or set up. */
function reachedWith(
  question: ProofQuestion,
  password: Proof,
  second: FactorId | undefined,
  { step }: Step,
): Level | undefined {
  if (WITHOUT_TOKENS.includes(step)) return undefined;
  const answered: Proof[] = second === undefined ? [] : [{ factor: second, amr: [], at: question.now }];
  return provenLevel(question, [password, ...answered]);
}

function askedBy(question: ProofQuestion): NonNullable<Explanation['policy']>['secondFactorAskedBy'] {
  const isMore = (level: Level) => reaches(level, '2sv');
  const { client, request } = question;
  return [
    ...(isAskedByTenant(question) ? (['tenant'] as const) : []),
    ...(isMore(requiredBesidesTenant({ client, request: undefined })) ? (['client'] as const) : []),
    ...(isMore(requiredBesidesTenant({ client: undefined, request })) ? (['request'] as const) : []),
  ];
}

function wordsOf(step: Step): string {
  switch (step.step) {
    case 'finish':
      return 'nothing more is asked';
    case 'prove':
      return `a second factor is asked for: ${step.factor}`;
    case 'enrol':
      return `a second factor is to be set up: ${step.factor}${step.mayPostpone ? ', or later' : ''}`;
    case 'enrol-by-link':
      return 'a page says that a second factor can be set up by way of a one-time link only';
    case 'not-allowed':
      return 'a page says that the application is not for them';
    case 'refuse':
      return 'the application is told that no way to sign in here reaches the acr that it asks for';
    default:
      return step.step;
  }
}
