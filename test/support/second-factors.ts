// Proving and enrolling second factors on a database and a store, with everything that leaves them caught.

import { generateSync } from 'otplib';

import type { AuditEvent } from '../../src/audit/audit.ts';
import type { Database } from '../../src/db/database.ts';
import type { AccountNotice } from '../../src/delivery/notifications.ts';
import { createMemoryStore } from '../../src/ephemeral/ephemeral-memory.ts';
import type { EphemeralStore } from '../../src/ephemeral/ephemeral-store.ts';
import { accepted } from '../../src/outcome.ts';
import { createAnswers } from '../../src/second-factors/answers.ts';
import { createAskedChallenges } from '../../src/second-factors/asked-challenges.ts';
import { createChallenges } from '../../src/second-factors/challenges.ts';
import { createEnrolSecondFactor } from '../../src/second-factors/enrol.ts';
import { createPostgresEnrolments } from '../../src/second-factors/enrolments-postgres.ts';
import { createManageFactors } from '../../src/second-factors/manage-factors.ts';
import { createProveSecondFactor } from '../../src/second-factors/prove.ts';
import type { ProofRequest } from '../../src/second-factors/prove.ts';
import type { CodeMessage, SecondFactor } from '../../src/second-factors/second-factor.ts';
import type { SendCode } from '../../src/second-factors/send-code.ts';
import { createTotp } from '../../src/second-factors/totp.ts';
import { createPostgresUserRecords } from '../../src/users/user-records-postgres.ts';
import { createPostgresTrustedDevices } from '../../src/second-factors/trusted-devices-postgres.ts';
import { createPostgresAttemptCounters } from '../../src/security/attempt-limiter-postgres.ts';
import { createAttemptLimiter } from '../../src/security/attempt-limiter.ts';
import { createEncryption } from '../../src/security/encryption.ts';
import { FAILURES, createTally } from '../../src/security/tally.ts';
import { createPostgresSessions } from '../../src/sessions/sessions-postgres.ts';
import type { Tenant } from '../../src/tenants/tenants.ts';
import { createAccountChanged } from '../../src/users/account-changed.ts';
import { createPostgresUsers } from '../../src/users/users-postgres.ts';
import { aTenant } from './rows.ts';
import { settings } from './tenants.ts';

export const encryption = createEncryption([{ id: 'k1', secret: 'a secret of more than 32 characters' }]);
export const totp = createTotp({ issuer: 'Acme', algorithm: 'SHA1', digits: 6, period: 30 });

/** Secrets that are the same in every run, so that none of their codes is by chance another's. */
export const SECRET = 'SHA1:6:30:GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
export const OTHER_SECRET = 'SHA1:6:30:JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';

/** A moment at the beginning of a time step. */
export const NOON = new Date('2030-06-01T12:00:00Z');

/** The id of a new local user. */
export async function aUser(db: Database, tenantId: string, localName = 'ann'): Promise<string> {
  const made = await createPostgresUsers(db).createLocal({ tenantId, localName, passwordHash: undefined, profile: {} });
  if (!made.ok) throw new Error(made.reason);
  return made.value.id;
}

/** The code that an app with this secret shows `steps` time steps after noon. */
export function codeAt(secret: string, steps = 0): string {
  return generateSync({ secret: secret.split(':').at(-1) ?? '', epoch: NOON.getTime() / 1000 + steps * 30 });
}

/** Somebody of some tenant. */
export interface Subject {
  tenant: Tenant;
  userId: string;
}

const ALL_ALLOWED = {
  secondFactors: { allowed: ['totp', 'passkey', 'sms', 'email', 'recovery-code'] },
  sms: { country: 'CH' },
};

/** A new user, of this tenant or of a new one that allows every factor. */
export async function aSubject(db: Database, ofTenant?: Tenant): Promise<Subject> {
  const tenant = ofTenant ?? tenantOf(await aTenant(db));
  return { tenant, userId: await aUser(db, tenant.id, `user-${crypto.randomUUID()}`) };
}

export function tenantOf(id: string, policy: object = ALL_ALLOWED): Tenant {
  const common = {
    slug: 'acme',
    name: 'Acme',
    status: 'active',
    secret: 'secret',
    directories: [],
    version: 0,
  } as const;
  return { ...common, id, settings: settings({ policy }) };
}

export interface Surroundings {
  store?: EphemeralStore;
  /** Shared by several processes. */
  clock?: { now: Date };
  sendCode?: SendCode;
  notify?: () => Promise<void>;
  audit?: (event: AuditEvent) => Promise<void>;
}

/** What one process has, with a record of what was audited, told and sent. */
export function secondFactors(
  db: Database,
  { store = createMemoryStore(), clock = { now: NOON }, notify, audit, sendCode }: Surroundings = {},
) {
  const events: AuditEvent[] = [];
  const told: { tenantId: string; userId: string; notice: AccountNotice }[] = [];
  const sent: CodeMessage[] = [];
  const now = () => clock.now;
  const enrolments = createPostgresEnrolments(db, encryption);
  const trustedDevices = createPostgresTrustedDevices(db);
  const base = {
    db,
    now,
    enrolments,
    trustedDevices,
    sessions: createPostgresSessions(db),
    limiter: createAttemptLimiter({ counters: createPostgresAttemptCounters(db), store }),
    countFailure: createTally({ ...FAILURES, store, bound: 10 }),
    audit: {
      async record(event: AuditEvent) {
        await audit?.(event);
        events.push(event);
      },
    },
    async notify(change: (typeof told)[number]) {
      await notify?.();
      told.push(change);
    },
    challenges: createChallenges(store, encryption, () => clock.now.getTime()),
    deliveryStatus: async () => 'sent' as const,
    sendCode:
      sendCode ??
      (async ({ message }) => {
        sent.push(message);
        return accepted({ deliveryId: `delivery-${sent.length}` });
      }),
  };
  const parts = {
    ...base,
    askedChallenges: createAskedChallenges(base),
    answers: createAnswers(base),
    changed: createAccountChanged(base),
    userRecords: createPostgresUserRecords(db),
  };
  return {
    prove: createProveSecondFactor(parts),
    enrol: createEnrolSecondFactor(parts),
    manage: createManageFactors(parts),
    enrolments,
    trustedDevices,
    challenges: base.challenges,
    events,
    told,
    sent,
    /** Lets so many seconds pass. */
    pass: (seconds: number) => void (clock.now = new Date(clock.now.getTime() + seconds * 1000)),
    /** What a page asks with; `owned` are all of this factor. */
    async request(
      factor: SecondFactor,
      { tenant, userId }: Subject,
      context = 'login:one',
    ): Promise<Omit<ProofRequest, 'answer'>> {
      const person = { tenantId: tenant.id, userId, accountName: 'ann', displayName: 'Ann' };
      const everyOwned = await enrolments.list(tenant.id, userId);
      const owned = everyOwned.filter((one) => one.factor === factor.id);
      return { tenant, person, language: 'en', context, factor, owned, everyOwned, address: '192.0.2.1' };
    },
  };
}

export type FactorProcess = ReturnType<typeof secondFactors>;
