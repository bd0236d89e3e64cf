// Trying a password, to sign in or to change it: what such an attempt is counted on, and what can be one at all.

import type { Audit, AuditEvent } from '../audit/audit.ts';
import { AppError } from '../errors.ts';
import type { Accepted } from '../outcome.ts';
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

export type ReservePassword = (attempt: PasswordAttempt) => Promise<Accepted<Reservation> | Blocked>;

/**
 * A door that others have closed with their guesses still opens to a browser that its owner trusts. What that may try is little
 * and counted by itself, so that a stolen browser is no way to guess on.
 */
export function createReservePassword(limiter: AttemptLimiter): ReservePassword {
  return async ({ tenantId, subjects, address, allowances: { anywhere, trusted }, account, trustedBy }) => {
    const usual = await limiter.reserve({ tenantId, kind: 'password', subjects, address, allowance: anywhere });
    if (usual.ok || !trusted || !account) return usual;
    const owner = await trustedBy?.(account);
    if (owner === undefined) return usual;
    const own = { tenantId, kind: 'trusted-device', subjects: [`user:${owner}`], address, allowance: trusted } as const;
    const another = await limiter.reserve(own);
    return another.ok || another.retryAfter < usual.retryAfter ? another : usual;
  };
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

/** In bytes of UTF-8: more than any password kept here can have. */
const LONGEST_PASSWORD = 1024;

/**
 * Whoever's name comes with it, the answer is the same and at once. A bind with an empty password would be an anonymous one that
 * succeeds (RFC 4513 5.1.2); the directory's adapter refuses it as well.
 */
export function isPassword(password: string): boolean {
  return password !== '' && !password.includes('\0') && Buffer.byteLength(password) <= LONGEST_PASSWORD;
}
