// What a login needs next, decided from its state alone. Nothing else routes: every form leads back to the page, and the page
// asks here. What is enough is policy/required-proof.ts's to say.

import type { BindNotice } from '../directory/directory.ts';
import {
  factorsReaching,
  isAttainable,
  isUnknownEssential,
  provenLevel,
  requiredLevel,
} from '../policy/required-proof.ts';
import type { ProofQuestion } from '../policy/required-proof.ts';
import { reaches } from '../policy/levels.ts';
import type { Level } from '../policy/levels.ts';
import type { Proof } from '../policy/proof.ts';
import type { Enrolment, FactorId } from '../second-factors/second-factor.ts';

export type Step =
  | { step: 'password' }
  | { step: 'prove'; factor: FactorId }
  | { step: 'enrol'; factor: FactorId }
  | { step: 'notice'; notice: BindNotice }
  | { step: 'finish'; level: Level }
  | { step: 'refuse'; reason: 'unmet_authentication_requirements' };

export interface LoginProgress {
  proofs: readonly Proof[];
  /** The proofs are a session's, not this login's. */
  inherited: boolean;
  /** A warning of the directory's that the person has not seen yet. */
  notice: BindNotice | undefined;
}

export function nextStep(
  progress: LoginProgress,
  question: ProofQuestion,
  enrolments: readonly Pick<Enrolment, 'factor'>[],
): Step {
  const required = requiredLevel(question);
  if (isUnknownEssential(question.request) || !isAttainable(question.policy, required)) {
    return { step: 'refuse', reason: 'unmet_authentication_requirements' };
  }

  const proven = provenLevel(question.policy, progress.proofs);
  if (proven === undefined) return { step: 'password' };
  if (!reaches(proven, required)) {
    return secondFactorStep(factorsReaching(question.policy, required), enrolments, progress.inherited);
  }
  if (progress.notice) return { step: 'notice', notice: progress.notice };
  return { step: 'finish', level: proven };
}

/**
 * A factor the person has, else the first allowed one that they can add, of which there is at least one here. A first factor is
 * added after a password that was proven in the same login: a session that somebody left open is not enough.
 */
function secondFactorStep(
  factors: readonly FactorId[],
  enrolments: readonly Pick<Enrolment, 'factor'>[],
  inherited: boolean,
): Step {
  const owned = enrolments.find((enrolment) => factors.includes(enrolment.factor));
  if (owned) return { step: 'prove', factor: owned.factor };
  const [first] = factors;
  return first === undefined || inherited ? { step: 'password' } : { step: 'enrol', factor: first };
}
