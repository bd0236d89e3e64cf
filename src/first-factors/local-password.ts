// Passwords of accounts that live here, such as the first administrator's.

import { accepted, refused } from '../outcome.ts';
import { ALLOWANCE } from '../security/attempt-limiter.ts';
import type { PasswordHash } from '../security/password-hash.ts';
import { LOCAL_SUFFIX } from '../users/users.ts';
import type { Candidate, FirstFactor } from './first-factor.ts';
import type { UserStatus } from '../users/users.ts';

export interface LocalAccount {
  user: { id: string; status: UserStatus; proofGeneration: number };
  /** Undefined before a first password is set. */
  passwordHash: string | undefined;
}

/** What is asked of users/. */
export interface LocalAccounts {
  /** By the name without its suffix. */
  findByLocalName(tenantId: string, localName: string): Promise<LocalAccount | undefined>;
  /** Only over exactly `expected`: the password may have been changed in between. */
  replacePasswordHash(tenantId: string, userId: string, expected: string, next: string): Promise<void>;
}

export function isLocalName(loginName: string): boolean {
  return loginName.endsWith(LOCAL_SUFFIX);
}

/** A tenant without directories needs no suffix. */
export function meansLocal(loginName: string, directories: readonly object[]): boolean {
  return directories.length === 0 || isLocalName(loginName);
}

/** The name without its suffix, if it has one. */
export function localNameOf(loginName: string): string {
  return isLocalName(loginName) ? loginName.slice(0, -LOCAL_SUFFIX.length) : loginName;
}

export function localPassword(tenantId: string, accounts: LocalAccounts, passwordHash: PasswordHash): FirstFactor {
  const nobody: Candidate = {
    subjects: [],
    who: {},
    async prove(password) {
      await passwordHash.verify(undefined, password);
      return refused('unknown');
    },
  };

  return {
    async find(loginName) {
      const account = await accounts.findByLocalName(tenantId, localNameOf(loginName));
      const allowances = { anywhere: ALLOWANCE, trusted: ALLOWANCE };
      return { candidate: account ? candidate(account) : nobody, allowances };
    },
  };

  function candidate({ user, passwordHash: stored }: LocalAccount): Candidate {
    return {
      subjects: [`user:${user.id}`],
      account: { kind: 'local', userId: user.id },
      who: { subject: { kind: 'user', id: user.id } },
      async prove(password) {
        const { ok, rehash } = await passwordHash.verify(stored, password);
        if (!ok || stored === undefined) return refused('bad-credentials');
        if (user.status !== 'active') return refused('disabled');
        if (rehash) await accounts.replacePasswordHash(tenantId, user.id, stored, await passwordHash.hash(password));
        return accepted({ kind: 'local', userId: user.id, proofGeneration: user.proofGeneration });
      },
    };
  }
}
