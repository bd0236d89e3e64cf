// Nobody at our doors locks an account at the directory: here slapd, which locks after five failures.

import { expect } from 'chai';

import type { AuditEvent } from '../../src/audit/audit.ts';
import { openPostgres } from '../../src/db/database-postgres.ts';
import type { Database } from '../../src/db/database.ts';
import type { Directory, DirectoryUser } from '../../src/directory/directory.ts';
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
import { generalizedTime, ldifEntry, replacing } from '../support/ldif.ts';
import { openDirectory } from '../support/open-directory.ts';
import { testDatabaseUrl } from '../support/postgres.ts';
import { startRelay } from '../support/relay.ts';
import type { Relay } from '../support/relay.ts';
import { aTenant } from '../support/rows.ts';
import { startSlapd } from '../support/slapd.ts';
import type { TestSlapd } from '../support/slapd.ts';

const RIGHT = 'the right password';
const THRESHOLD = 5;
/** Lets an administrator write what the server itself keeps. */
const RELAX = '1.3.6.1.4.1.4203.666.5.12';

describe('the lock of an account at the directory', () => {
  let slapd: TestSlapd;
  let relay: Relay;
  let db: Database;
  const opened: Directory[] = [];
  let direct: Directory;
  let login: string;
  let dn: string;
  let people = 0;
  /** What all processes share, beside the database. */
  const store = createMemoryStore();

  const open = (url: string): Directory => {
    const patience = { connectTimeoutMs: 1000, operationTimeoutMs: 1000 };
    const baseDn = slapd.suffix;
    const directory = openDirectory(slapd.service, { urls: [url], tls: { mode: 'none' }, baseDn, ...patience });
    opened.push(directory);
    return directory;
  };

  before(async () => {
    slapd = await startSlapd();
    relay = await startRelay(Number(new URL(slapd.url).port));
    db = openPostgres({ url: await testDatabaseUrl() });
    direct = open(slapd.url);
  });
  after(async () => {
    await Promise.all(opened.map((directory) => directory.close()));
    await db.close();
  });
  beforeEach(async () => {
    login = `victim${(people += 1)}`;
    dn = `uid=${login},${slapd.suffix}`;
    const person = { objectClass: 'inetOrgPerson', uid: login, cn: login, sn: login, userPassword: RIGHT };
    await slapd.modify(ldifEntry(dn, person));
  });

  const entry = async (): Promise<DirectoryUser> => {
    const found = await direct.find(login);
    if (!found.ok) throw new Error(found.reason);
    return found.value;
  };
  const fail = async (times: number) => {
    for (let time = 0; time < times; time++) await bindsAt(slapd, dn, 'an old password');
  };
  const limiter = () =>
    createAttemptLimiter({ counters: createPostgresAttemptCounters(db), store: createMemoryStore() });

  /** A tenant's, with a directory entry of its own for the same server. */
  async function door(id: string, directory = open(slapd.url)) {
    const tenantId = await aTenant(db);
    const events: AuditEvent[] = [];
    const signIn = createPasswordSignIn({
      localAccounts: createPostgresUsers(db),
      passwordHash: createPasswordHash(),
      limiter: limiter(),
      lockoutLimits: createLockoutLimits(),
      store,
      audit: { record: async (event) => void events.push(event) },
    });
    const directories = [{ id, directory }];
    const tryWith = async (password: string, trustedBy?: SignInRequest['trustedBy']) => {
      const outcome = await signIn({
        tenantId,
        directories,
        username: login,
        password,
        address: '192.0.2.1',
        trustedBy,
      });
      return outcome.ok ? 'signed in' : outcome.reason;
    };
    return { tryWith, events };
  }
  const guesses = (times: number) => Array.from({ length: times }, (_, i) => `guess ${i}`);
  const stranger = async () => undefined;
  const owner = async () => 'the owner';

  it('is not brought about by guesses at several tenants at once', async () => {
    const doors = await Promise.all(['a', 'b', 'c'].map((id) => door(id)));
    const outcomes = await Promise.all(doors.flatMap(({ tryWith }) => guesses(6).map((guess) => tryWith(guess))));
    expect(new Set(outcomes)).to.deep.equal(new Set(['bad-credentials', 'blocked']));
    const asked = doors.flatMap(({ events }) => events).filter(({ reason }) => reason === 'bad-credentials');
    expect(asked).to.have.lengthOf(THRESHOLD - 1);
    expect(await bindsAt(slapd, dn, RIGHT)).to.equal(true);
  });

  it('is not brought about by failures that the directory never forgets', async () => {
    const policy = `cn=forgets nothing,${slapd.suffix}`;
    const rules = { pwdAttribute: 'userPassword', pwdLockout: 'TRUE', pwdMaxFailure: '5', pwdLockoutDuration: '60' };
    await slapd.modify(ldifEntry(policy, { objectClass: ['device', 'pwdPolicy'], cn: 'forgets nothing', ...rules }));
    await slapd.modify(replacing(dn, 'pwdPolicySubentry', policy));
    const { tryWith, events } = await door('a');
    await failLongAgo(THRESHOLD - 1);
    expect(await tryWith('a guess', stranger)).to.equal('bad-credentials');
    expect(events.map(({ reason }) => reason)).to.deep.equal(['nearly-locked']);
    expect((await entry()).bindsLeft).to.equal(1);
    expect(await tryWith(RIGHT, owner), 'in a browser that the owner trusts').to.equal('signed in');
    expect((await entry()).bindsLeft).to.equal(THRESHOLD);
  });

  /** Each a day before the next one. */
  async function failLongAgo(times: number): Promise<void> {
    const day = (before: number) => generalizedTime(new Date(Date.now() - before * 86_400_000));
    const values = Array.from({ length: times }, (_, i) => `pwdFailureTime: ${day(i + 1)}`);
    await slapd.modify(
      `dn: ${dn}\ncontrol: ${RELAX} true\nchangetype: modify\nadd: pwdFailureTime\n${values.join('\n')}\n`,
    );
  }

  it('keeps nobody out of a browser that they trust who knows the password', async () => {
    const { tryWith, events } = await door('a');
    await fail(THRESHOLD - 1);
    expect(await tryWith(RIGHT, stranger)).to.equal('bad-credentials');
    expect(await tryWith(RIGHT, owner)).to.equal('signed in');
    expect(events.map(({ reason }) => reason)).to.deep.equal(['nearly-locked']);
    expect(await tryWith(RIGHT, stranger), 'nobody else’s failures are left').to.equal('signed in');
  });

  it('leaves such a browser one wrong password, and no more', async () => {
    const { tryWith, events } = await door('a');
    await fail(THRESHOLD - 2);
    await tryWith('a guess', owner);
    for (const guess of guesses(3)) await tryWith(guess, owner);
    const sent = events.filter(({ reason }) => reason === 'bad-credentials');
    expect(sent).to.have.lengthOf(2);
  });

  it('is not brought about by passwords that were sent and not answered', async () => {
    const { tryWith } = await door('a', open(`ldap://127.0.0.1:${relay.port}`));
    relay.loseAnswersTo('guess');
    const outcomes = new Set<unknown>();
    await eventually('the door to be blocked', async () => {
      const outcome = await tryWith('a guess').catch((fault: unknown) => fault);
      outcomes.add(outcome instanceof Error && 'code' in outcome ? outcome.code : outcome);
      return outcome === 'blocked';
    });
    expect(outcomes).to.deep.equal(new Set(['directory_unavailable', 'blocked']));
    expect((await entry()).bindsLeft).to.equal(1);
    expect(await bindsAt(slapd, dn, RIGHT)).to.equal(true);
  });

  it('hears of an unanswered password once', async () => {
    const { tryWith } = await door('a', open(`ldap://127.0.0.1:${relay.port}`));
    relay.loseAnswersTo('guess');
    expect(await tryWith(RIGHT), 'on a connection that stays').to.equal('signed in');
    const fault = await tryWith('a guess').catch((thrown: unknown) => thrown);
    expect(fault).to.include({ code: 'directory_unavailable' });
    expect((await entry()).bindsLeft).to.equal(THRESHOLD - 1);
  });
});
