// People with second factors, on a real database, at a time that the test sets.

import { generateSync } from 'otplib';

import type { AuditEvent } from '../../src/audit/audit.ts';
import type { Database } from '../../src/db/database.ts';
import { createMemoryStore } from '../../src/ephemeral/ephemeral-memory.ts';
import { createEnrolSecondFactor } from '../../src/second-factors/enrol.ts';
import { createPostgresEnrolments } from '../../src/second-factors/enrolments-postgres.ts';
import { createProveSecondFactor } from '../../src/second-factors/prove.ts';
import { createTotp } from '../../src/second-factors/totp.ts';
import { createPostgresAttemptCounters } from '../../src/security/attempt-limiter-postgres.ts';
import { createAttemptLimiter } from '../../src/security/attempt-limiter.ts';
import { createPostgresSessions } from '../../src/sessions/sessions-postgres.ts';
import { createEncryption } from '../../src/security/encryption.ts';
import { createPostgresUsers } from '../../src/users/users-postgres.ts';

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

/** What one process has: prove and enrol on a database, with a record of what was audited and told. */
export function secondFactors(db: Database, { notify = async () => undefined }: { notify?: () => Promise<void> } = {}) {
  const events: AuditEvent[] = [];
  const clock = { now: NOON };
  const audit = { record: async (event: AuditEvent) => void events.push(event) };
  const enrolments = createPostgresEnrolments(db, encryption);
  const limiter = createAttemptLimiter({ counters: createPostgresAttemptCounters(db), store: createMemoryStore() });
  const now = () => clock.now;
  return {
    prove: createProveSecondFactor({ limiter, enrolments, audit, db, now }),
    enrol: createEnrolSecondFactor({ enrolments, audit, db, sessions: createPostgresSessions(db), notify, now }),
    enrolments,
    events,
    /** Lets so many time steps pass since noon. */
    pass: (steps: number) => void (clock.now = new Date(NOON.getTime() + steps * 30_000)),
  };
}
