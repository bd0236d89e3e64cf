// What a person sees of their own account, and what they may do to it: second factors, browsers that they trust, sessions.
// Adding a factor is second-factors/enrol.ts's; that every change comes after a fresh proof, visits.ts's.

import type { AuditTrail, SignInAttempt, SignInPerson } from '../audit/audit-trail.ts';
import { byUser } from '../audit/audit.ts';
import type { Audit, AuditEvent } from '../audit/audit.ts';
import type { Clients } from '../clients/clients.ts';
import type { Database } from '../db/database.ts';
import { epochSeconds } from '../epoch-seconds.ts';
import { accepted, refused } from '../outcome.ts';
import type { Outcome } from '../outcome.ts';
import { createAsk } from '../policy/ask.ts';
import { isRecovery, mayAdd } from '../policy/factors.ts';
import type { FactorId } from '../policy/factors.ts';
import type { ProofQuestion } from '../policy/required-proof.ts';
import type { Roles } from '../roles/roles.ts';
import type { Enrolments } from '../second-factors/enrolments.ts';
import type { FactorRef, ManageFactors } from '../second-factors/manage-factors.ts';
import type { OwnedFactors } from '../second-factors/owned-factors.ts';
import type { Enrolment } from '../second-factors/second-factor.ts';
import type { TrustedDevice, TrustedDevices } from '../second-factors/trusted-devices.ts';
import { blocked } from '../security/attempt-limiter.ts';
import type { Blocked } from '../security/attempt-limiter.ts';
import type { Tally } from '../security/tally.ts';
import type { SessionOverview, Sessions } from '../sessions/sessions.ts';
import type { Tenant } from '../tenants/tenants.ts';
import type { User } from '../users/users.ts';
import { isNeeded } from './needed-factors.ts';

/** Somebody who is signed in. */
export interface AccountHolder {
  tenant: Tenant;
  user: User;
  owned: readonly Enrolment[];
  /** Of the session that they are here by. */
  sessionUid: string;
}

export interface AccountOverview {
  /** Recovery codes as well. */
  factors: readonly (Enrolment & { mayRename: boolean; mayRemove: boolean })[];
  /** What they may set up besides, or anew. */
  addable: readonly FactorId[];
  /** Undefined where the tenant lets nobody trust a browser. */
  devices: readonly TrustedDevice[] | undefined;
  sessions: readonly SessionOverview[];
  signIns: readonly SignInAttempt[];
  /** What clients call themselves, by their ids. */
  apps: ReadonlyMap<string, string>;
}

/** An id that is not this person's is one that does not exist. */
export interface Account {
  overview(holder: AccountHolder): Promise<AccountOverview>;
  /** Undefined for recovery codes, and for what the directory vouches for: neither is changed here. */
  factor(holder: AccountHolder, enrolmentId: string): Enrolment | undefined;
  /** `blocked`: too often in an hour, since each change is told to every address. */
  renameFactor(holder: AccountHolder, enrolmentId: string, name: string): Promise<Outcome<void, 'unknown'> | Blocked>;
  mayRemoveFactor(holder: AccountHolder, enrolmentId: string): Promise<boolean>;
  removeFactor(holder: AccountHolder, enrolmentId: string): Promise<Outcome<void, 'unknown' | 'last-required-factor'>>;
  removeDevice(holder: AccountHolder, deviceId: string): Promise<boolean>;
  removeDevices(holder: AccountHolder): Promise<void>;
  endSession(holder: AccountHolder, sessionUid: string): Promise<boolean>;
  endOtherSessions(holder: AccountHolder): Promise<void>;
}

export interface AccountDeps {
  manageFactors: ManageFactors;
  countRename: Tally;
  ownedFactors: OwnedFactors;
  enrolments: Pick<Enrolments, 'lock'>;
  trustedDevices: Pick<TrustedDevices, 'list' | 'remove' | 'removeAll'>;
  sessions: Pick<Sessions, 'list' | 'endOf' | 'endOthers' | 'endTrusted'>;
  clients: Pick<Clients, 'list'>;
  roles: Pick<Roles, 'rolesOfUser'>;
  audit: Audit;
  auditTrail: AuditTrail;
  db: Pick<Database, 'unitOfWork'>;
}

const RECENT = 20;
/** More than anybody needs, and few enough for every page that lists them. */
const MOST_FACTORS = 20;

export function createAccount(deps: AccountDeps): Account {
  const { manageFactors, ownedFactors, enrolments, trustedDevices, sessions, clients, audit, auditTrail, db } = deps;
  const ask = createAsk(deps);

  return {
    async overview(holder) {
      const { tenant, user, owned } = holder;
      const question = await questionOf(holder);
      const apps = await clients.list(tenant.id);
      return {
        factors: owned.map((one) => {
          const isOwn = isKeptHere(one);
          return { ...one, mayRename: isOwn, mayRemove: isOwn && !isNeeded(one, owned, question) };
        }),
        addable: addableFactors(holder),
        devices: tenant.settings.policy.trustedDevices && (await trustedDevices.list(tenant.id, user.id)),
        sessions: await sessions.list(tenant.id, user.id),
        signIns: await auditTrail.signIns(tenant.id, { userId: user.id, entry: entryOf(holder) }, RECENT),
        apps: new Map(apps.map(({ clientId, metadata }) => [clientId, metadata.client_name ?? clientId])),
      };
    },

    factor: factorOf,

    async renameFactor(holder, enrolmentId, name) {
      if (!factorOf(holder, enrolmentId)) return refused('unknown');
      const { beyond, retryAfter } = await deps.countRename(holder.user.id);
      if (beyond > 0) return blocked(retryAfter);
      return (await manageFactors.rename(refOf(holder, enrolmentId), name)) ? accepted(undefined) : refused('unknown');
    },

    async mayRemoveFactor(holder, enrolmentId) {
      const factor = factorOf(holder, enrolmentId);
      return factor !== undefined && !isNeeded(factor, holder.owned, await questionOf(holder));
    },

    removeFactor: (holder, enrolmentId) =>
      db.unitOfWork(async () => {
        const { tenant, user } = holder;
        // Of two that are removed at once, the second one has to find that it is the last.
        await enrolments.lock(tenant.id, user.id);
        const now = { ...holder, owned: await ownedFactors(tenant, user) };
        const factor = factorOf(now, enrolmentId);
        if (!factor) return refused('unknown');
        if (isNeeded(factor, now.owned, await questionOf(now))) return refused('last-required-factor');
        return (await manageFactors.remove(refOf(holder, enrolmentId))) ? accepted(undefined) : refused('unknown');
      }),

    removeDevice: (holder, deviceId) =>
      db.unitOfWork(async () => {
        const { tenant, user } = holder;
        // In the order of every change of factors, which forgets devices too.
        await enrolments.lock(tenant.id, user.id);
        const removed = await trustedDevices.remove(tenant.id, user.id, deviceId);
        if (!removed) return false;
        await audit.record({ ...eventOf(holder, 'device.forgotten'), detail: { devices: 1 } });
        await endTrustedSessions(holder, deviceId);
        return true;
      }),

    removeDevices: (holder) =>
      db.unitOfWork(async () => {
        // First, so that no login that is about to end trusts another one.
        await endTrustedSessions(holder, undefined);
        const devices = await trustedDevices.removeAll(holder.tenant.id, holder.user.id);
        if (devices > 0) await audit.record({ ...eventOf(holder, 'device.forgotten'), detail: { devices } });
      }),

    endSession: (holder, uid) =>
      db.unitOfWork(async () => {
        const ended = await sessions.endOf(holder.tenant.id, holder.user.id, uid);
        if (ended) await auditEnded(holder, [uid]);
        return ended;
      }),

    endOtherSessions: (holder) =>
      db.unitOfWork(async () => {
        const ended = await sessions.endOthers(holder.tenant.id, holder.user.id, holder.sessionUid);
        await auditEnded(holder, ended);
      }),
  };

  /** Of the device, or of all of them. The present session goes on where it does not rest on that. */
  async function endTrustedSessions(holder: AccountHolder, device: string | undefined): Promise<void> {
    const { tenant, user, sessionUid: presentUid } = holder;
    await auditEnded(holder, await sessions.endTrusted(tenant.id, user.id, { device, presentUid }));
  }

  async function auditEnded(holder: AccountHolder, uids: readonly string[]): Promise<void> {
    if (uids.length > 0) await audit.record({ ...eventOf(holder, 'session.ended'), detail: { sessions: uids } });
  }

  /** What the tenant asks of this person, whichever app it is. */
  function questionOf({ tenant, user }: AccountHolder): Promise<ProofQuestion> {
    const { policy } = tenant.settings;
    return ask({ policy, client: undefined, request: undefined, user, now: epochSeconds(Date.now()) });
  }
}

/** The second factors that somebody may set up now. Recovery codes take the place of those that there are. */
export function addableFactors({ tenant, owned }: Pick<AccountHolder, 'tenant' | 'owned'>): FactorId[] {
  const hasRoom = owned.filter(isKeptHere).length < MOST_FACTORS;
  return tenant.settings.policy.secondFactors.allowed.filter(
    (factor) => mayAdd(owned, factor) && (hasRoom || isRecovery(factor)),
  );
}

/** As the audit trail names it. */
function entryOf({ tenant, user: { directory: entry } }: AccountHolder): SignInPerson['entry'] {
  const directory = tenant.directories.find(({ id }) => id === entry?.id);
  return directory && entry && { directory: directory.name, stableId: entry.stableId };
}

function factorOf({ owned }: AccountHolder, enrolmentId: string): Enrolment | undefined {
  return owned.find((one) => one.id === enrolmentId && isKeptHere(one));
}

function isKeptHere({ factor, vouchedFor }: Enrolment): boolean {
  return !isRecovery(factor) && vouchedFor === undefined;
}

function refOf({ tenant, user, sessionUid }: AccountHolder, enrolmentId: string): FactorRef {
  return { tenantId: tenant.id, userId: user.id, enrolmentId, keptSession: sessionUid };
}

function eventOf({ tenant, user }: AccountHolder, type: AuditEvent['type']): AuditEvent {
  return { type, ...byUser(tenant.id, user.id) };
}
