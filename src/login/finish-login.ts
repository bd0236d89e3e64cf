// The end of a login: the person is looked at once more, here and in the directory, and what was proven becomes the result
// that the route hands to the protocol library. Only after that does a session exist.

import type { Audit } from '../audit/audit.ts';
import type { Level } from '../policy/levels.ts';
import type { Proof } from '../policy/proof.ts';
import { methodsOf } from '../policy/required-proof.ts';
import { accepted, refused } from '../outcome.ts';
import type { Outcome } from '../outcome.ts';
import type { Tenant } from '../tenants/tenants.ts';
import type { Standing } from '../users/standing.ts';
import type { Users } from '../users/users.ts';

export interface FinishedLogin {
  userId: string;
  level: Level;
  proofs: readonly Proof[];
  /** Seconds since the epoch; becomes `auth_time`. */
  authTime: number;
  clientId: string;
}

export interface FinishLoginDeps {
  standing: Pick<Standing, 'fresh'>;
  users: Pick<Users, 'recordLogin'>;
  audit: Audit;
  db: { unitOfWork<T>(work: () => Promise<T>): Promise<T> };
}

/** As the protocol library takes it; the session's row keeps the proofs. */
export interface LoginResult {
  accountId: string;
  acr: Level;
  amr: string[];
  ts: number;
  remember: false;
  proofs: readonly Proof[];
}

export type FinishLogin = (tenant: Tenant, login: FinishedLogin) => Promise<Outcome<LoginResult, 'account-disabled'>>;

export function createFinishLogin({ standing, users, audit, db }: FinishLoginDeps): FinishLogin {
  return async (tenant, { userId, level, proofs, authTime, clientId }) => {
    const subject = { kind: 'user', id: userId } as const;
    if (!(await standing.fresh(tenant, userId))) {
      await audit.record({ type: 'login.refused', tenantId: tenant.id, subject, reason: 'account-disabled' });
      return refused('account-disabled');
    }
    const amr = methodsOf(proofs);
    await db.unitOfWork(async () => {
      await users.recordLogin(tenant.id, userId, new Date());
      const detail = { acr: level, amr, client: clientId };
      await audit.record({ type: 'login.succeeded', tenantId: tenant.id, actor: subject, subject, detail });
    });
    return accepted({ accountId: userId, acr: level, amr, ts: authTime, remember: false, proofs });
  };
}
