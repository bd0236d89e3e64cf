// What one row of an import comes to beside the account that is there, if one is: what is written, what is reported and audited. Pure.

import { isDeepStrictEqual } from 'node:util';

import { v7 as uuidv7 } from 'uuid';

import type { AuditEvent } from '../audit/audit.ts';
import { differencesOf } from '../audit/differences.ts';
import type { NewEnrolment } from '../second-factors/second-factor.ts';
import type { Candidate } from './import-candidates.ts';
import type { RowReport } from './import-users.ts';
import type { KnownAccount, WrittenAccount } from './user-imports.ts';
import type { UserProfile } from './users.ts';

/** What a row comes to. */
export interface Plan {
  candidate: Candidate;
  known: KnownAccount | undefined;
  written: WrittenAccount;
  /** Beyond those that the user has. */
  roles: readonly string[];
  groups: readonly { id: string; name: string }[];
  factors: readonly NewEnrolment[];
}

export function planFor(candidate: Candidate, known: KnownAccount | undefined, groups: Plan['groups']): Plan {
  const { name, userName, status, profile, passwordHash, roles, factors } = candidate;
  const written = {
    id: known?.id ?? uuidv7(),
    name,
    userName,
    status: status ?? known?.status ?? 'active',
    profile: known ? mergedProfile(known.profile, profile) : profile,
    passwordHash: passwordHash ?? known?.passwordHash ?? null,
  };
  return {
    candidate,
    known,
    written,
    roles: roles.filter((role) => !known?.roles.includes(role)),
    groups: groups.filter(({ id }) => !known?.groups.includes(id)),
    factors: factors.filter(({ factor }) => !known?.factors.includes(factor)),
  };
}

/** Another address, or number, is not the one that was verified. */
function mergedProfile(before: UserProfile, given: UserProfile): UserProfile {
  const merged = { ...before, ...given };
  if (merged.email !== before.email && given.emailVerified === undefined) delete merged.emailVerified;
  if (merged.phoneNumber !== before.phoneNumber && given.phoneNumberVerified === undefined) {
    delete merged.phoneNumberVerified;
  }
  return merged;
}

export function outcomeOf({ known, written, candidate, ...added }: Plan): 'created' | 'updated' | 'unchanged' {
  if (!known) return 'created';
  const { id, name, userName, status, profile, passwordHash } = known;
  const isSame =
    isDeepStrictEqual({ id, name, userName, status, profile, passwordHash }, written) &&
    candidate.password === undefined;
  const addsNothing = added.roles.length + added.groups.length + added.factors.length === 0;
  return isSame && addsNothing ? 'unchanged' : 'updated';
}

/** What somebody may have signed in with, or been, before. */
export function endsSessions({ known, written }: Plan): boolean {
  return written.passwordHash !== known?.passwordHash || (known?.status === 'active' && written.status !== 'active');
}

export function eventOf(tenantId: string, actor: AuditEvent['actor'], { known, written, ...added }: Plan): AuditEvent {
  const shown = (account: typeof written) => {
    const { userName, status, profile } = account;
    return { userName, status, profile };
  };
  const before = known && { ...shown(known), roles: [], groups: [], factors: [] };
  const after = {
    ...shown(written),
    roles: added.roles,
    groups: added.groups.map(({ name }) => name),
    factors: added.factors.map(({ factor }) => factor),
  };
  return {
    type: known ? 'user.changed' : 'user.created',
    tenantId,
    actor,
    subject: { kind: 'user', id: written.id },
    reason: 'import',
    detail: { password: written.passwordHash !== (known?.passwordHash ?? null) },
    changes: differencesOf(before, after),
  };
}

/** A dry run makes nobody, and so has no id to tell. */
export function reportOf(plan: Plan, dryRun: boolean): RowReport {
  const { candidate, written, known } = plan;
  const { row, userName } = candidate;
  const outcome = outcomeOf(plan);
  return { row, outcome, ...((known !== undefined || !dryRun) && { id: written.id }), userName };
}

export function failed({ row, userName }: Candidate, pointer: string, detail: string): RowReport {
  return { row, outcome: 'failed', userName, errors: [{ pointer, detail }] };
}
