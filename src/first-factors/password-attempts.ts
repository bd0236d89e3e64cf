// Trying a password, to sign in or to change it: what such an attempt is counted on.

import type { Audit, AuditEvent } from '../audit/audit.ts';
import { AppError } from '../errors.ts';
import { accepted } from '../outcome.ts';
import type { Accepted, Outcome } from '../outcome.ts';
import type { AttemptLimiter, Blocked, Reservation } from '../security/attempt-limiter.ts';
import { sha256 } from '../security/sha256.ts';
import type { Account, Allowances } from './first-factor.ts';

export interface PasswordAttempt {
  tenantId: string;
  subjects: readonly string[];
  /** The client's. */
  address: string;
  allowances: Allowances;
  /** Whose it is, where they may trust browsers. */
  account?: Account | undefined;
  /** Who owns the account, if this is a browser that they trust; to be left out where nobody can trust one. */
  trustedBy?: ((account: Account) => Promise<string | undefined>) | undefined;
}

/** Whether a password may be tried that locks the account at the directory if it is wrong. Reserves what that counts on. */
export type MayTryLast = () => Promise<boolean>;

export interface PasswordReservation extends Reservation {
  mayTryLast: MayTryLast;
}

export type ReservePassword = (attempt: PasswordAttempt) => Promise<Accepted<PasswordReservation> | Blocked>;

/**
 * A door that others have closed with their guesses, here or anywhere else, still opens to a browser that its owner trusts. What that
 * may try is little and counted by itself, so that a stolen browser is no way to guess on.
 */
export function createReservePassword(limiter: AttemptLimiter): ReservePassword {
  return async (attempt) => {
    const { tenantId, subjects, address, allowances } = attempt;
    const usual = await limiter.reserve({
      tenantId,
      kind: 'password',
      subjects,
      address,
      allowance: allowances.anywhere,
    });
    if (usual.ok) return accepted(alsoAsOwner(usual.value, () => reserveAsOwner(limiter, attempt)));
    const own = await reserveAsOwner(limiter, attempt);
    if (own?.ok) return accepted({ ...own.value, mayTryLast: () => Promise.resolve(true) });
    return own && own.retryAfter < usual.retryAfter ? own : usual;
  };
}

type AsOwner = Accepted<Reservation> | Blocked | undefined;

/** Undefined for everybody but the owner. */
async function reserveAsOwner(
  limiter: AttemptLimiter,
  { tenantId, address, allowances: { trusted }, account, trustedBy }: PasswordAttempt,
): Promise<AsOwner> {
  const owner = trusted && account && (await trustedBy?.(account));
  if (owner === undefined) return undefined;
  return limiter.reserve({
    tenantId,
    kind: 'trusted-device',
    subjects: [`user:${owner}`],
    address,
    ...(trusted && { allowance: trusted }),
  });
}

function alsoAsOwner(usual: Reservation, reserveOwn: () => Promise<AsOwner>): PasswordReservation {
  const held = [usual];
  return {
    async mayTryLast() {
      const own = await reserveOwn();
      if (own?.ok) held.push(own.value);
      return own?.ok === true;
    },
    async succeeded() {
      for (const each of held) await each.succeeded();
    },
    async release() {
      for (const each of held) await each.release();
    },
  };
}

/** Tries once more where one more failure would lock the account, and this is somebody who may. */
export async function orTheLast<T, R extends string>(
  mayTryLast: MayTryLast,
  attempt: (last: boolean) => Promise<Outcome<T, R | 'nearly-locked'>>,
): Promise<Outcome<T, R | 'nearly-locked'>> {
  const outcome = await attempt(false);
  const isNearlyLocked = !outcome.ok && outcome.reason === 'nearly-locked';
  return isNearlyLocked && (await mayTryLast()) ? attempt(true) : outcome;
}

/** While the directory is down nobody's password is judged; who tried is on record all the same. */
export async function auditingOutages<T>(audit: Audit, event: AuditEvent, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (fault) {
    if (fault instanceof AppError && fault.code === 'directory_unavailable') {
      await audit.record({ ...event, reason: 'directory-unavailable' });
    }
    throw fault;
  }
}

/** The one counter of an entry, whichever of its names was typed. */
export function entrySubject(directoryId: string, stableId: string): string {
  return `directory:${directoryId}:${stableId}`;
}

/** Hashed, and kept out of the audit trail where it names nobody: people type passwords into the wrong field. */
export function typedSubject(loginName: string): string {
  return `typed:${sha256(loginName)}`;
}
