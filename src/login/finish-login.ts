// The end of a login: the person is looked at once more, here and in the directory, and what was proven becomes the result
// that the route hands to the protocol library. Only after that does a session exist.

import { byUser } from '../audit/audit.ts';
import type { Audit } from '../audit/audit.ts';
import type { BindNotice } from '../directory/directory.ts';
import { accepted, refused } from '../outcome.ts';
import type { Outcome } from '../outcome.ts';
import type { FactorId } from '../policy/factors.ts';
import type { Level } from '../policy/levels.ts';
import type { Proof } from '../policy/proof.ts';
import { methodsOf } from '../policy/required-proof.ts';
import type { TrustedDevices } from '../second-factors/trusted-devices.ts';
import type { Tenant } from '../tenants/tenants.ts';
import type { RecordedLogin, User, Users } from '../users/users.ts';
import type { StillStands } from './still-stands.ts';

/** A login in which nothing is missing any more. */
export interface ProvenLogin {
  user: User;
  level: Level;
  proofs: readonly Proof[];
  /** Seconds since the epoch; becomes `auth_time`. */
  authTime: number;
  /** The person's when the first factor was proven. */
  proofGeneration: number;
  clientId: string;
  /** What the directory said of the password. */
  notice: BindNotice | undefined;
  /** Factors that the person put off setting up. */
  postponed: readonly FactorId[];
  /** The person wants this browser to be trusted. */
  trust: boolean;
}

export interface FinishLoginDeps {
  stillStands: StillStands;
  users: Pick<Users, 'recordLogin'>;
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
  /** Decides until the session is stored whether it becomes one (sessions/sessions.ts). */
  proofGeneration: number;
}

export interface FinishedLogin {
  result: LoginResult;
  /** For the cookie of a browser that is trusted from now on. */
  device?: { userId: string; mark: string; days: number };
}

/** `outdated`: meanwhile the proofs count no more, or other logins have used up the time to enrol. */
export type FinishLogin = (
  tenant: Tenant,
  login: ProvenLogin,
) => Promise<Outcome<FinishedLogin, 'account-disabled' | 'outdated'>>;

export function createFinishLogin(deps: FinishLoginDeps): FinishLogin {
  const { users, audit, db } = deps;

  return async (tenant, login) => {
    const { user, level, proofs, authTime, proofGeneration, clientId, notice } = login;
    const { id: userId } = user;
    if (!(await deps.stillStands(tenant, user, proofs))) {
      const subject = { kind: 'user', id: userId } as const;
      await audit.record({ type: 'login.refused', tenantId: tenant.id, subject, reason: 'account-disabled' });
      return refused('account-disabled');
    }
    const amr = methodsOf(proofs);
    const result: LoginResult = {
      accountId: userId,
      acr: level,
      amr,
      ts: authTime,
      remember: false,
      proofs,
      proofGeneration,
    };
    return db.unitOfWork(async () => {
      const inGrace = graceOf(tenant, login);
      const stands = await users.recordLogin(tenant.id, userId, { at: new Date(), proofGeneration, inGrace });
      if (!stands) return refused('outdated');
      const detail = { acr: level, amr, client: clientId, ...notice };
      await audit.record({ type: 'login.succeeded', ...byUser(tenant.id, userId), detail });
      const device = login.trust ? await trust(tenant, userId) : undefined;
      return accepted(device ? { result, device } : { result });
    });
  };

  async function trust({ id, settings }: Tenant, userId: string): Promise<FinishedLogin['device']> {
    const days = settings.policy.trustedDevices?.days;
    if (days === undefined) return undefined;
    const { name, address } = deps.currentDevice();
    const { mark } = await deps.trustedDevices.trust(id, userId, { name, address, days });
    await audit.record({ type: 'device.trusted', ...byUser(id, userId), detail: { name, days } });
    return { userId, mark, days };
  }
}

/** Of somebody who signs in with something left to set up that the tenant asks for. */
function graceOf({ settings }: Tenant, { proofs, postponed }: ProvenLogin): RecordedLogin['inGrace'] {
  const { setUp, grace } = settings.policy.secondFactors;
  const isInGrace =
    proofs.some(({ factor }) => factor === 'grace-period') || postponed.some((factor) => setUp.includes(factor));
  return isInGrace ? { maxLogins: grace?.logins } : undefined;
}
