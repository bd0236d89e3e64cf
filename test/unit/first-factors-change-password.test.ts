import { expect } from 'chai';

import type { AuditEvent } from '../../src/audit/audit.ts';
import type { Directory, DirectoryUser, PasswordRefusal } from '../../src/directory/directory.ts';
import { createMemoryStore } from '../../src/ephemeral/ephemeral-memory.ts';
import { AppError, directoryUnavailable } from '../../src/errors.ts';
import { createChangePassword } from '../../src/first-factors/change-password.ts';
import type { PasswordChangeRequest } from '../../src/first-factors/change-password.ts';
import { createLockoutLimits } from '../../src/first-factors/lockout-allowance.ts';
import { accepted, refused } from '../../src/outcome.ts';
import { blocked } from '../../src/security/attempt-limiter.ts';
import type { Attempt } from '../../src/security/attempt-limiter.ts';
import type { AccountChange } from '../../src/users/account-changed.ts';
import type { User } from '../../src/users/users.ts';
import { ann, entryOf, fakeDirectory } from '../support/password-sign-in.ts';
import { loadedTenant } from '../support/tenants.ts';

const tenant = loadedTenant();
const CURRENT = 'the one of today';
const NEXT = 'violet tractor umbrella';

const user: User = {
  id: 'u1',
  tenantId: 't1',
  username: 'ann',
  status: 'active',
  profile: { name: 'Annalise Archer', email: 'ann@example.com' },
  directory: { id: 'd1', stableId: 'ann', dn: 'uid=ann', groups: [], state: 'enabled', checkedAt: new Date() },
  local: undefined,
  lastLoginAt: undefined,
  groups: [],
  proofGeneration: 1,
};

interface World {
  /** What the directory answers; taken if left out. */
  answer?: PasswordRefusal | 'unavailable';
  entry?: Partial<DirectoryUser> | 'gone';
  changesPasswords?: boolean;
  blockedFor?: number;
}

/** A directory that takes any password, and everything that the use case does. */
function world({ answer, entry = {}, changesPasswords = true, blockedFor }: World = {}) {
  const asked: string[][] = [];
  const events: AuditEvent[] = [];
  const attempts: Attempt[] = [];
  const ends: string[] = [];
  const changes: AccountChange[] = [];
  const directory: Directory = {
    ...fakeDirectory('corp', { people: { ann } }, []),
    changesPasswords,
    findByStableId: async (id) => (entry === 'gone' ? undefined : { ...entryOf(id, ann), ...entry }),
    async changePassword({ stableId }, current, next) {
      asked.push([stableId, current, next]);
      if (answer === 'unavailable') throw directoryUnavailable(new Error('connection refused'));
      return answer ? refused(answer) : accepted(undefined);
    },
  };
  const changePassword = createChangePassword({
    lockoutLimits: createLockoutLimits(),
    limiter: {
      async reserve(attempt) {
        attempts.push(attempt);
        if (attempt.kind === 'password' && blockedFor !== undefined) return blocked(blockedFor);
        return accepted({
          succeeded: async () => void ends.push('succeeded'),
          release: async () => void ends.push('released'),
        });
      },
    },
    accountChanged: async (change) => void changes.push(change),
    audit: { record: async (event) => void events.push(event) },
    store: createMemoryStore(),
    db: { unitOfWork: (work) => work() },
  });
  const change = (parts: Partial<PasswordChangeRequest> = {}) =>
    changePassword({
      tenant,
      user,
      directories: [{ id: 'd1', directory }],
      current: CURRENT,
      next: NEXT,
      withSecondFactor: false,
      address: '192.0.2.1',
      isTrusted: undefined,
      keptSession: 's1',
      ...parts,
    });
  return { change, asked, events, attempts, ends, changes };
}

describe('changing a password', () => {
  const byAnn = { tenantId: 't1', actor: { kind: 'user', id: 'u1' }, subject: { kind: 'user', id: 'u1' } };

  it('asks the directory, and tells of it what follows from every change of an account', async () => {
    const { change, asked, events, ends, changes } = world();
    expect(await change()).to.deep.equal(accepted(undefined));
    expect(asked).to.deep.equal([['ann', CURRENT, NEXT]]);
    expect(ends).to.deep.equal(['succeeded']);
    expect(changes).to.deep.equal([
      {
        tenantId: 't1',
        userId: 'u1',
        event: { type: 'password.changed', detail: { directory: 'corp' } },
        notice: { kind: 'password-changed' },
        keptSession: 's1',
      },
    ]);
    expect(events).to.deep.equal([]);
  });

  it('counts on whom a sign-in counts on', async () => {
    const { change, attempts } = world();
    await change();
    const [attempt] = attempts;
    expect(attempt).to.deep.include({ tenantId: 't1', kind: 'password', address: '192.0.2.1' });
    expect(attempt?.subjects).to.have.lengthOf(2).and.include('directory:d1:ann');
  });

  for (const [reason, told, end] of [
    ['bad-credentials', 'bad-credentials', []],
    ['locked', 'bad-credentials', []],
    ['too-short', 'too-short', ['released']],
    ['too-weak', 'too-weak', ['released']],
    ['in-history', 'in-history', ['released']],
    ['too-soon', 'too-soon', ['released']],
    ['rejected', 'rejected', ['released']],
    ['not-allowed', 'not-allowed', ['released']],
  ] as const) {
    it(`tells ${told} where the directory refuses with ${reason}`, async () => {
      const { change, events, ends, changes } = world({ answer: reason });
      expect(await change()).to.deep.equal(refused(told));
      expect(ends, 'what was no guess counts neither for nor against').to.deep.equal(end);
      expect(events).to.deep.equal([{ type: 'password.refused', ...byAnn, reason: told }]);
      expect(changes).to.deep.equal([]);
    });
  }

  for (const [why, parts, told] of [
    ['the current one again', { next: CURRENT }, 'same'],
    ['one that is too short to stand alone', { next: 'violet tracto' }, 'too-short'],
    ['one that is too short beside a second factor', { next: 'violet', withSecondFactor: true }, 'too-short'],
    ['one that is too long', { next: 'violet '.repeat(40) }, 'too-long'],
    ['a common one', { next: 'passwordpassword' }, 'common'],
    ['the tenant’s name', { next: 'Acme Widgets 2026' }, 'personal'],
    ['the person’s own name', { next: 'AnnaliseArcher1' }, 'personal'],
    ['one that a server would cut off', { next: `${NEXT}\0more` }, 'rejected'],
    ['no current one', { current: '' }, 'bad-credentials'],
  ] as const) {
    it(`refuses ${why} without asking the directory`, async () => {
      const { change, asked, attempts, events } = world();
      expect(await change(parts)).to.deep.equal(refused(told));
      expect([asked, attempts]).to.deep.equal([[], []]);
      expect(events).to.deep.equal([{ type: 'password.refused', ...byAnn, reason: told }]);
    });
  }

  it('takes a shorter one beside a second factor', async () => {
    expect(await world().change({ next: 'violet tracto', withSecondFactor: true })).to.deep.equal(accepted(undefined));
  });

  it('asks nobody while the account is blocked', async () => {
    const { change, asked, events } = world({ blockedFor: 90 });
    expect(await change()).to.deep.equal({ ok: false, reason: 'blocked', retryAfter: 90 });
    expect(asked).to.deep.equal([]);
    expect(events.map(({ reason }) => reason)).to.deep.equal(['blocked']);
  });

  it('lets the person try a few times in a browser that they trust while others keep the account blocked', async () => {
    const { change, asked, attempts } = world({ blockedFor: 90 });
    expect(await change({ isTrusted: false })).to.include({ reason: 'blocked' });
    expect(await change({ isTrusted: true })).to.deep.equal(accepted(undefined));
    expect(attempts.at(-1)).to.deep.include({ kind: 'trusted-device', subjects: ['user:u1'] });
    expect(asked).to.have.lengthOf(1);
  });

  it('counts an outage as no failure, and says that nobody knows', async () => {
    const { change, ends, events, changes } = world({ answer: 'unavailable' });
    const fault = await change().catch((thrown: unknown) => thrown);
    expect(fault).to.be.an.instanceOf(AppError).with.property('code', 'directory_unavailable');
    expect(ends).to.deep.equal(['released']);
    expect(events).to.deep.equal([{ type: 'password.refused', ...byAnn, reason: 'directory-unavailable' }]);
    expect(changes).to.deep.equal([]);
  });

  for (const [why, parts, told] of [
    ['the entry is gone', { entry: 'gone' }, 'account-disabled'],
    ['the account is disabled', { entry: { state: 'disabled' } }, 'account-disabled'],
    ['the account has expired', { entry: { state: 'expired' } }, 'account-disabled'],
    ['the directory is read-only', { changesPasswords: false }, 'not-allowed'],
  ] as const) {
    it(`asks nothing of a directory where ${why}`, async () => {
      const { change, asked, attempts } = world(parts);
      expect(await change()).to.deep.equal(refused(told));
      expect([asked, attempts]).to.deep.equal([[], []]);
    });
  }

  it('changes none of somebody who is disabled here', async () => {
    const { change, asked } = world();
    expect(await change({ user: { ...user, status: 'disabled' } })).to.deep.equal(refused('account-disabled'));
    expect(asked).to.deep.equal([]);
  });

  it('changes no password that is kept here', async () => {
    const local = { ...user, directory: undefined, local: { name: 'ann' } };
    expect(await world().change({ user: local })).to.deep.equal(refused('not-allowed'));
  });
});
