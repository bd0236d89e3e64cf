// The end of a login: the person is looked at once more, here and in the directory, and what was proven becomes the result
// that the route hands to the protocol library. Only after that does a session exist.

import type { Audit } from '../audit/audit.ts';
import type { Level } from '../policy/levels.ts';
import type { Proof } from '../policy/proof.ts';
import { methodsOf } from '../policy/required-proof.ts';
import { accepted, refused } from '../outcome.ts';
import type { Outcome } from '../outcome.ts';
import type { FactorId } from '../second-factors/second-factor.ts';
import type { TrustedDevices } from '../second-factors/trusted-devices.ts';
import type { Tenant } from '../tenants/tenants.ts';
import type { Users } from '../users/users.ts';
import type { StillStands } from './still-stands.ts';

/** A login in which nothing is missing any more. */
export interface ProvenLogin {
  userId: string;
  level: Level;
  proofs: readonly Proof[];
  /** Seconds since the epoch; becomes `auth_time`. */
  authTime: number;
  clientId: string;
  /** Factors that the person put off setting up. */
  postponed: readonly FactorId[];
  /** The person wants this browser to be trusted. */
  trust: boolean;
}

export interface FinishLoginDeps {
  stillStands: StillStands;
  users: Pick<Users, 'recordLogin' | 'countGraceLogin'>;
  trustedDevices: Pick<TrustedDevices, 'trust'>;
  /** What asks, for a device to be told by. */
  currentDevice(): { name: string; address: string };
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

export interface FinishedLogin {
  result: LoginResult;
  /** For the cookie of a browser that is trusted from now on. */
  device?: { userId: string; mark: string; days: number };
}

export type FinishLogin = (tenant: Tenant, login: ProvenLogin) => Promise<Outcome<FinishedLogin, 'account-disabled'>>;

export function createFinishLogin(deps: FinishLoginDeps): FinishLogin {
  const { users, audit, db } = deps;

  return async (tenant, login) => {
    const { userId, level, proofs, authTime, clientId } = login;
    const subject = { kind: 'user', id: userId } as const;
    if (!(await deps.stillStands(tenant, userId, proofs))) {
      await audit.record({ type: 'login.refused', tenantId: tenant.id, subject, reason: 'account-disabled' });
      return refused('account-disabled');
    }
    const amr = methodsOf(proofs);
    const result: LoginResult = { accountId: userId, acr: level, amr, ts: authTime, remember: false, proofs };
    return db.unitOfWork(async () => {
      await users.recordLogin(tenant.id, userId, new Date());
      if (isInGrace(tenant, login)) await users.countGraceLogin(tenant.id, userId);
      const detail = { acr: level, amr, client: clientId };
      await audit.record({ type: 'login.succeeded', tenantId: tenant.id, actor: subject, subject, detail });
      const device = login.trust ? await trust(tenant, userId) : undefined;
      return accepted(device ? { result, device } : { result });
    });
  };

  async function trust({ id, settings }: Tenant, userId: string): Promise<FinishedLogin['device']> {
    const days = settings.policy.trustedDevices?.days;
    if (days === undefined) return undefined;
    const { name, address } = deps.currentDevice();
    const { mark } = await deps.trustedDevices.trust(id, userId, { name, address, days });
    const user = { kind: 'user', id: userId } as const;
    await audit.record({ type: 'device.trusted', tenantId: id, actor: user, subject: user, detail: { name, days } });
    return { userId, mark, days };
  }
}

/** Signed in with something left to set up that the tenant asks for. */
function isInGrace({ settings }: Tenant, { proofs, postponed }: ProvenLogin): boolean {
  const { setUp } = settings.policy.secondFactors;
  return proofs.some(({ factor }) => factor === 'grace-period') || postponed.some((factor) => setUp.includes(factor));
}
