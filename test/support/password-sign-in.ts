// Signing in with a password, among directories, accounts and a limiter that are made up.

import { setTimeout } from 'node:timers/promises';

import type { AuditEvent } from '../../src/audit/audit.ts';
import type { BindRefusal, Directory, DirectoryUser, LockoutPolicy } from '../../src/directory/directory.ts';
import { createMemoryStore } from '../../src/ephemeral/ephemeral-memory.ts';
import { directoryUnavailable } from '../../src/errors.ts';
import type { NamedDirectory } from '../../src/first-factors/first-factor.ts';
import type { LocalAccount } from '../../src/first-factors/local-password.ts';
import { createLockoutLimits } from '../../src/first-factors/lockout-allowance.ts';
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
  down?: 'find' | 'bind' | 'policy';
  /** Whether people can change theirs. */
  changesPasswords?: boolean;
  /** What it tells of its lockout; nothing if left out. */
  policy?: LockoutPolicy;
  /** Failed binds that it counts for a person, and tells; it locks none of them. */
  failures?: Record<string, number>;
  /** Whose entries it was asked for by their ids. */
  reads?: string[];
  /** Milliseconds that it takes to find out that a password is wrong; everything else takes none. */
  hashTime?: number;
  settings?: Pick<NamedDirectory, 'realm' | 'lockoutBudget' | 'lockoutWindow'>;
}

export function entryOf(id: string, { names }: Person): DirectoryUser {
  return { stableId: id, dn: `uid=${id}`, username: names[0] ?? id, profile: {}, state: 'enabled' as const };
}

export function fakeDirectory(name: string, source: Source, binds: string[]): Directory {
  const { people = {}, ambiguous = [], hashTime = 0, failures } = source;
  const unused = () => Promise.reject(new Error('not asked in these tests'));
  const answersUnless = (...down: Source['down'][]) => {
    if (source.down && down.includes(source.down)) throw directoryUnavailable(new Error('connection refused'));
  };
  const entryNow = (id: string, person: Person): DirectoryUser => {
    const bindsLeft = failures && (source.policy?.threshold ?? 0) - (failures[id] ?? 0);
    return { ...entryOf(id, person), ...(bindsLeft !== undefined && { bindsLeft }) };
  };
  const fail = (id: string) => {
    if (failures) failures[id] = (failures[id] ?? 0) + 1;
  };
  return {
    name,
    changesPasswords: source.changesPasswords ?? false,
    async find(login) {
      answersUnless('find');
      if (ambiguous.includes(login)) return refused('ambiguous');
      const [found] = Object.entries(people).filter(([, person]) => person.names.includes(login));
      return found ? accepted(entryNow(...found)) : refused('unknown');
    },
    async bind(user, password, last = false) {
      answersUnless('bind');
      if (!last && user.bindsLeft !== undefined && user.bindsLeft <= 1) return refused('nearly-locked');
      binds.push(`${name}/${user.stableId}`);
      const { right, wrong = 'bad-credentials' } = people[user.stableId] ?? { names: [] };
      if (password !== RIGHT && wrong === 'bad-credentials') await setTimeout(hashTime);
      if (password !== RIGHT) fail(user.stableId);
      if (password !== RIGHT) return refused(wrong);
      return right ? refused(right) : accepted({ passwordExpiresIn: 60 });
    },
    async bindNobody() {
      answersUnless('bind');
    },
    async findByStableId(id) {
      answersUnless('find');
      source.reads?.push(id);
      const person = people[id];
      return person && entryNow(id, person);
    },
    showsPeople: unused,
    groupsOf: unused,
    listGroups: unused,
    findGroup: unused,
    groupMembers: unused,
    changePassword: unused,
    async lockoutPolicy() {
      answersUnless('find', 'policy');
      return source.policy;
    },
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
    lockoutLimits: createLockoutLimits(),
    store: createMemoryStore(),
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
