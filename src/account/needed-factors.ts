// Which of a person's factors they cannot do without. Pure.

import { isRecovery } from '../policy/factors.ts';
import { factorsReaching, isAskedByTenant, requiredLevel } from '../policy/required-proof.ts';
import type { ProofQuestion } from '../policy/required-proof.ts';
import type { Enrolment } from '../second-factors/second-factor.ts';

/**
 * Whether without this one the person could not meet what the tenant asks, or would lack a factor that everybody has to set up.
 * Recovery codes stand in for a factor that is lost, not for one that was taken away.
 */
export function isNeeded(enrolment: Enrolment, owned: readonly Enrolment[], question: ProofQuestion): boolean {
  if (!isAskedByTenant(question)) return false;
  const { policy } = question;
  const others = owned.filter(({ id, factor }) => id !== enrolment.id && !isRecovery(factor));
  const reaching = factorsReaching(policy, requiredLevel(question));
  const isSetUp = policy.secondFactors.setUp.includes(enrolment.factor);
  return (
    !others.some(({ factor }) => reaching.includes(factor)) ||
    (isSetUp && !others.some(({ factor }) => factor === enrolment.factor))
  );
}
