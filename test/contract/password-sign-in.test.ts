import { expect } from 'chai';

import type { AuditEvent } from '../../src/audit/audit.ts';
import { openPostgres } from '../../src/db/database-postgres.ts';
import type { Database } from '../../src/db/database.ts';
import type { Directory } from '../../src/directory/directory.ts';
import { createMemoryStore } from '../../src/ephemeral/ephemeral-memory.ts';
import { createLockoutLimits } from '../../src/first-factors/lockout-allowance.ts';
import { createPasswordSignIn } from '../../src/first-factors/password-sign-in.ts';
import type { SignInRequest } from '../../src/first-factors/password-sign-in.ts';
import { createPostgresAttemptCounters } from '../../src/security/attempt-limiter-postgres.ts';
import { createAttemptLimiter } from '../../src/security/attempt-limiter.ts';
import { createPasswordHash } from '../../src/security/password-hash.ts';
import { createPostgresUsers } from '../../src/users/users-postgres.ts';
import { eventually } from '../support/eventually.ts';
import { bindsAt } from '../support/ldap-bind.ts';
import { openDirectory } from '../support/open-directory.ts';
import { testDatabaseUrl } from '../support/postgres.ts';
import { aTenant } from '../support/rows.ts';
import { startSlapd } from '../support/slapd.ts';
import type { TestSlapd } from '../support/slapd.ts';
import { openldap } from './directory-dialects.ts';
import { directoryFixture } from './directory-fixture.ts';

describe('signing in with a password, on slapd and Postgres', () => {
  let slapd: TestSlapd;
  let directory: Directory;
  let db: Database;
  let tenantId: string;
  let events: AuditEvent[];
  /** What the processes share, beside the database. */
  const turns = createMemoryStore();

  before(async () => {
    slapd = await startSlapd();
    const baseDn = `ou=sign-in,${slapd.suffix}`;
    await slapd.modify(directoryFixture(openldap, baseDn));
    const patience = { connectTimeoutMs: 500, operationTimeoutMs: 1000 };
    directory = openDirectory(slapd.service, { urls: [slapd.url], tls: { mode: 'none' }, baseDn, ...patience });
    db = openPostgres({ url: await testDatabaseUrl() });
  });
  beforeEach(async () => {
    tenantId = await aTenant(db);
    events = [];
  });
  after(async () => {
    await directory.close();
    await db.close();
  });

  /** Another process each time, with the same limits. Five failures at slapd lock an account; we stop after four. */
  function process() {
    const limiter = createAttemptLimiter({ counters: createPostgresAttemptCounters(db), store: createMemoryStore() });
    const signIn = createPasswordSignIn({
      localAccounts: createPostgresUsers(db),
      passwordHash: createPasswordHash(),
      limiter,
      lockoutLimits: createLockoutLimits(),
      store: turns,
      audit: { record: async (event) => void events.push(event) },
    });
    const directories = [{ id: 'corp', directory }];
    return (username: string, password: string, trustedBy?: SignInRequest['trustedBy']) =>
      signIn({ tenantId, directories, username, password, address: '192.0.2.1', trustedBy });
  }
  const reasonsOf = (outcomes: Awaited<ReturnType<ReturnType<typeof process>>>[]) =>
    outcomes.map((outcome) => (outcome.ok ? 'signed in' : outcome.reason)).sort();

  it('never lets a guesser lock the account at the directory', async () => {
    const processes = [process(), process()];
    const names = ['unlucky', 'UNLUCKY', ' unlucky ', 'ｕｎｌｕｃｋｙ'];
    const guesses = Array.from({ length: 50 }, (_, i) => processes[i % 2]?.(names[i % 4] ?? '', `guess ${i}`));
    const outcomes = (await Promise.all(guesses)).filter((outcome) => outcome !== undefined);
    expect(reasonsOf(outcomes)).to.deep.equal([
      ...Array<string>(4).fill('bad-credentials'),
      ...Array<string>(46).fill('blocked'),
    ]);

    const found = await directory.find('unlucky');
    if (!found.ok) throw new Error(found.reason);
    expect(await bindsAt(slapd, found.value.dn, 'unlucky-password'), 'elsewhere the person still gets in').to.equal(
      true,
    );
    const refusal = await process()('unlucky', 'unlucky-password');
    expect(refusal).to.include({ ok: false, reason: 'blocked' }).and.have.property('retryAfter').within(880, 915);
  });

  it('leaves one more to fail elsewhere, whatever has failed there before', async () => {
    const found = await directory.find('dee');
    if (!found.ok) throw new Error(found.reason);
    for (let failure = 0; failure < 2; failure++) await bindsAt(slapd, found.value.dn, 'an old password');
    const processes = [process(), process()];
    const guesses = Array.from({ length: 20 }, (_, i) => processes[i % 2]?.('dee', `guess ${i}`));
    const outcomes = (await Promise.all(guesses)).filter((outcome) => outcome !== undefined);
    expect(reasonsOf(outcomes)).to.deep.equal([
      ...Array<string>(4).fill('bad-credentials'),
      ...Array<string>(16).fill('blocked'),
    ]);
    const reasons = events.filter(({ type }) => type === 'login.failed').map(({ reason }) => reason);
    expect(reasons.sort()).to.deep.equal(['bad-credentials', 'bad-credentials', 'nearly-locked', 'nearly-locked']);
    expect(await bindsAt(slapd, found.value.dn, 'dee-password')).to.equal(true);
  });

  describe('where people may trust browsers', () => {
    const unknownBrowser = async () => undefined;
    /** A browser that bob trusts, and nobody else. */
    const bobs: SignInRequest['trustedBy'] = async (account) => {
      const found = await directory.find('bob');
      const isBob = account.kind === 'directory' && found.ok && account.entry.stableId === found.value.stableId;
      return isBob ? 'the id of bob' : undefined;
    };
    const many = (times: number, attempt: (i: number) => ReturnType<ReturnType<typeof process>>) =>
      Promise.all(Array.from({ length: times }, (_, i) => attempt(i)));

    it('lets the owner in at one while others guess elsewhere', async () => {
      const guessed = await many(20, (i) => process()('bob', `guess ${i}`, unknownBrowser));
      expect(reasonsOf(guessed).filter((reason) => reason !== 'blocked')).to.have.lengthOf(3);
      expect(await process()('bob', 'bob-password', unknownBrowser)).to.include({ reason: 'blocked' });
      expect((await process()('bob', 'bob-password', bobs)).ok).to.equal(true);
      expect(await process()('bob', 'bob-password', unknownBrowser), 'for others').to.include({ reason: 'blocked' });
      expect((await process()('bob', 'bob-password', bobs)).ok, 'again').to.equal(true);
    });

    it('lets a stolen one try no more than what is kept for it, and never so often that the directory locks', async () => {
      await many(20, (i) => process()('bob', `guess ${i}`, unknownBrowser));
      const stolen = await many(20, (i) => process()('bob', `other guess ${i}`, bobs));
      expect(reasonsOf(stolen)).to.deep.equal(['bad-credentials', ...Array<string>(19).fill('blocked')]);
      expect(await process()('bob', 'bob-password', bobs)).to.include({ reason: 'blocked' });
      const found = await directory.find('bob');
      if (!found.ok) throw new Error(found.reason);
      expect(await bindsAt(slapd, found.value.dn, 'bob-password'), 'at the directory').to.equal(true);
    });

    it('opens to nobody but whom the name means', async () => {
      await many(4, (i) => process()('cay', `guess ${i}`, bobs));
      expect(await process()('cay', 'cay-password', bobs)).to.include({ reason: 'blocked' });
      await many(4, (i) => process()('not-a-person', `guess ${i}`, bobs));
      expect(await process()('not-a-person', 'x', bobs)).to.include({ reason: 'blocked' });
    });

    it('asks whose browser it is only once the door is blocked, and for nobody’s name as well', async () => {
      const asked: unknown[] = [];
      const asking: SignInRequest['trustedBy'] = async ({ kind }) => void asked.push(kind);
      for (const name of ['bob', 'not-a-person']) {
        for (let time = 0; time < 3; time++) await process()(name, 'wrong', asking);
        expect(asked.splice(0), name).to.deep.equal([]);
        await process()(name, 'wrong', asking);
        expect(asked.splice(0), name).to.deep.equal(['directory']);
      }
    });
  });

  it('blocks a name that is nobody’s after as many tries', async () => {
    const attempts = Array.from({ length: 10 }, (_, i) => process()('not-a-person', `guess ${i}`));
    expect(reasonsOf(await Promise.all(attempts))).to.deep.equal([
      ...Array<string>(4).fill('bad-credentials'),
      ...Array<string>(6).fill('blocked'),
    ]);
  });

  it('counts failures of one person under each of the names', async () => {
    for (const name of ['ann', 'ann@fixture.test', 'ann.anderson@fixture.test', 'ANN']) await process()(name, 'wrong');
    expect(await process()('ann', 'ann-password')).to.include({ ok: false, reason: 'blocked' });
    expect((await process()('bob', 'bob-password')).ok).to.equal(true);
  });

  it('tells a locked account from a wrong password only in the audit trail', async () => {
    const signIn = process();
    const outcomes = [await signIn('locked', 'locked-password'), await signIn('locked', 'x'), await signIn('eve', 'x')];
    for (const outcome of outcomes) expect(outcome).to.deep.equal({ ok: false, reason: 'bad-credentials' });
    expect(events.map(({ type, reason }) => `${type} ${reason}`)).to.deep.equal([
      'login.failed locked',
      'login.failed locked',
      'login.failed bad-credentials',
    ]);
  });

  it('lets nobody in by what looks like a filter, a DN or nothing', async () => {
    const signIn = process();
    for (const name of ['*', 'a*)(uid=*', '\\2a', 'uid=ann', 'ann,ou=people', '#', 'ann\0', '']) {
      expect(await signIn(name, 'ann-password'), name).to.deep.equal({ ok: false, reason: 'bad-credentials' });
    }
    for (const password of ['', '\0', 'ann-password\0']) {
      expect(await signIn('ann', password), password).to.deep.equal({ ok: false, reason: 'bad-credentials' });
    }
  });

  it('takes an outage neither for a wrong password nor for an attempt', async () => {
    const signIn = process();
    await slapd.stop();
    for (let i = 0; i < 6; i++) {
      const fault = await signIn('cay', 'cay-password').catch((error: unknown) => error);
      expect(fault).to.include({ code: 'directory_unavailable', status: 503 });
    }
    expect(new Set(events.map((event) => event.type))).to.deep.equal(new Set(['login.unavailable']));
    await slapd.start();
    const signsIn = async () => (await signIn('cay', 'cay-password').catch(() => ({ ok: false }))).ok;
    await eventually('the directory is asked again', signsIn);
  });
});
