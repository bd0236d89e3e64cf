// The owner of an account that an administrator has made has set it up: from now on they sign in, or wait for approval.

import { byUser } from '../audit/audit.ts';
import type { Audit } from '../audit/audit.ts';
import type { Tenant } from '../tenants/tenants.ts';
import type { Users } from './users.ts';

export interface CompleteSetUpDeps {
  users: Pick<Users, 'changeStatus'>;
  audit: Audit;
}

/** Does nothing to an account that is not `pending`; answers whether it was. In the caller's unit of work. */
export type CompleteSetUp = (tenant: Pick<Tenant, 'id' | 'settings'>, userId: string) => Promise<boolean>;

export function createCompleteSetUp({ users, audit }: CompleteSetUpDeps): CompleteSetUp {
  return async ({ id: tenantId, settings }, userId) => {
    const status = statusOnceSetUp(settings);
    const completed = await users.changeStatus(tenantId, userId, ['pending'], status);
    if (completed) await audit.record({ type: 'user.completed', ...byUser(tenantId, userId), detail: { status } });
    return completed;
  };
}

/** Of an account that can be signed in to. */
export function statusOnceSetUp({ policy }: Tenant['settings']): 'active' | 'complete' {
  return policy.accounts.approval ? 'complete' : 'active';
}
