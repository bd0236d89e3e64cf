import type { FactorId } from '../policy/factors.ts';
import type { FactorRequest } from '../second-factors/asked-challenges.ts';
import { factorPersonOf } from '../second-factors/factors.ts';
import type { Factors } from '../second-factors/factors.ts';
import type { User } from '../users/users.ts';
import type { Login } from './open-login.ts';

/** `enrolmentId`: the one that it is put to, of a factor that sends. */
export function factorRequest(
  factors: Factors,
  { request: { tenant, uid, languageOf }, owned }: Login,
  user: User,
  { factor, enrolmentId }: { factor: FactorId; enrolmentId?: string | undefined },
): FactorRequest {
  return {
    tenant,
    person: factorPersonOf(tenant, user),
    language: languageOf(user.profile.locale),
    context: `login:${uid}`,
    factor: factors(tenant, factor),
    owned: owned.filter((one) => one.factor === factor && (enrolmentId === undefined || one.id === enrolmentId)),
  };
}
