import type { FactorRequest } from '../second-factors/questions.ts';
import type { FactorId, SecondFactor } from '../second-factors/second-factor.ts';
import type { Tenant } from '../tenants/tenants.ts';
import { loginNameOf } from '../users/users.ts';
import type { User } from '../users/users.ts';
import type { Login } from './open-login.ts';

/** A second factor as the tenant has set it up. */
export type Factors = (tenant: Tenant, id: FactorId) => SecondFactor;

/** `enrolmentId`: the one that it is put to, of a factor that sends. */
export function factorRequest(
  factors: Factors,
  { request: { tenant, uid, languageOf }, owned }: Login,
  user: User,
  { factor, enrolmentId }: { factor: FactorId; enrolmentId?: string | undefined },
): FactorRequest {
  const accountName = loginNameOf(user);
  return {
    tenant,
    person: { tenantId: tenant.id, userId: user.id, accountName, displayName: user.profile.name ?? accountName },
    language: languageOf(user.profile.locale),
    context: `login:${uid}`,
    factor: factors(tenant, factor),
    owned: owned.filter((one) => one.factor === factor && (enrolmentId === undefined || one.id === enrolmentId)),
  };
}
