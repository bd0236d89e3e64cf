// Signing in with a password, among directories, accounts and a limiter that are made up.

import { setTimeout } from 'node:timers/promises';

import type { AuditEvent } from '../../src/audit/audit.ts';
import type { BindRefusal, Directory, DirectoryUser } from '../../src/directory/directory.ts';
import { directoryUnavailable } from '../../src/errors.ts';
import type { NamedDirectory } from '../../src/first-factors/directory-password.ts';
import type { LocalAccount } from '../../src/first-factors/local-password.ts';
import { createPasswordSignIn } from '../../src/first-factors/password-sign-in.ts';
import type { SignInRequest } from '../../src/first-factors/password-sign-in.ts';
import { accepted, refused } from '../../src/outcome.ts';
import { blocked } from '../../src/security/attempt-limiter.ts';
import type { Attempt } from '../../src/security/attempt-limiter.ts';
import { createPasswordHash } from '../../src/security/password-hash.ts';

export const passwordHash = createPasswordHash();
export const RIGHT = 'the right password';

/** A person of a directory in these tests: the names that find them, and how a bind with the right or a wrong password ends. */
export interface Person {
  names: string[];
  right?: BindRefusal;
  wrong?: BindRefusal;
}

export interface Source {
  people?: Record<string, Person>;
  ambiguous?: string[];
  down?: 'find' | 'bind';
  /** Milliseconds that it takes to find out that a password is wrong; everything else takes none. */
  hashTime?: number;
  settings?: Pick<NamedDirectory, 'realm' | 'lockoutBudget' | 'lockoutWindow'>;
}

export function entryOf(id: string, { names }: Person): DirectoryUser {
  return { stableId: id, dn: `uid=${id}`, username: names[0] ?? id, profile: {}, state: 'enabled' as const };
}

function fakeDirectory(
  name: string,
  { people = {}, ambiguous = [], down, hashTime = 0 }: Source,
  binds: string[],
): Directory {
  const unused = () => Promise.reject(new Error('not asked in these tests'));
  return {
    name,
    changesPasswords: false,
    async find(login) {
      if (down === 'find') throw directoryUnavailable(new Error('connection refused'));
      if (ambiguous.includes(login)) return refused('ambiguous');
      const [found] = Object.entries(people).filter(([, person]) => person.names.includes(login));
      return found ? accepted(entryOf(...found)) : refused('unknown');
    },
    async bind(user, password) {
      if (down === 'bind') throw directoryUnavailable(new Error('connection reset'));
      binds.push(`${name}/${user.stableId}`);
      const { right, wrong = 'bad-credentials' } = people[user.stableId] ?? { names: [] };
      if (password !== RIGHT && wrong === 'bad-credentials') await setTimeout(hashTime);
      if (password !== RIGHT) return refused(wrong);
      return right ? refused(right) : accepted({ passwordExpiresIn: 60 });
    },
    bindNobody: async () => {
      if (down === 'bind') throw directoryUnavailable(new Error('connection reset'));
    },
    findByStableId: unused,
    groupsOf: unused,
    changePassword: unused,
    lockoutPolicy: unused,
    probe: unused,
    close: unused,
  };
}

interface World {
  directories?: Record<string, Source>;
  accounts?: Record<string, LocalAccount>;
  blockedFor?: number;
}

export function world({ directories = {}, accounts = {}, blockedFor }: World) {
  const binds: string[] = [];
  const events: AuditEvent[] = [];
  const attempts: Attempt[] = [];
  const ends: string[] = [];
  const rehashed: string[] = [];
  const sources = Object.entries(directories).map(([name, source]): NamedDirectory => {
    return { id: `id-of-${name}`, directory: fakeDirectory(name, source, binds), ...source.settings };
  });
  const signIn = createPasswordSignIn({
    localAccounts: {
      findByLocalName: (_tenant, localName) => Promise.resolve(accounts[localName]),
      replacePasswordHash: async (_tenant, userId, expected, next) => {
        if (accounts[userId]?.passwordHash === expected) rehashed.push(next);
      },
    },
    passwordHash,
    audit: { record: async (event) => void events.push(event) },
    limiter: {
      async reserve(attempt) {
        attempts.push(attempt);
        if (blockedFor !== undefined) return blocked(blockedFor);
        return accepted({
          succeeded: async () => void ends.push('succeeded'),
          release: async () => void ends.push('released'),
        });
      },
    },
  });
  const tryAs = (username: string, password = RIGHT, trustedBy?: SignInRequest['trustedBy']) =>
    signIn({ tenantId: 'acme', directories: sources, username, password, address: '192.0.2.1', trustedBy });
  return { tryAs, binds, events, attempts, ends, rehashed };
}

export const ann: Person = { names: ['ann', 'ann@example.com'] };
export const bob: Person = { names: ['bob'] };
