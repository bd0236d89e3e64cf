import type { FactorId } from '../policy/factors.ts';
import type { Tenant } from '../tenants/tenants.ts';
import { loginNameOf } from '../users/users.ts';
import type { User } from '../users/users.ts';
import type { FactorPerson, SecondFactor } from './second-factor.ts';

/** A second factor as the tenant has set it up. */
export type Factors = (tenant: Tenant, id: FactorId) => SecondFactor;

/** A user as the factors know them. */
export function factorPersonOf(tenant: Tenant, user: User): FactorPerson {
  const accountName = loginNameOf(user);
  return { tenantId: tenant.id, userId: user.id, accountName, displayName: user.profile.name ?? accountName };
}
