// What every directory does about new passwords and failed binds. Each server says what it tells, and how its rules are set.

import { expect } from 'chai';

import type { DirectoryUser, LockoutPolicy, PasswordRefusal } from '../../src/directory/directory.ts';
import type { Exchange } from '../../src/directory/ldap/exchange.ts';
import type { LdifAttributes } from '../support/ldif.ts';
import { openDirectory } from '../support/open-directory.ts';
import type { DirectoryServer, DirectoryUnderTest } from './directory.ts';
import { directoryUnderTest } from './directory.ts';
import type { Dialect } from './directory-dialects.ts';

/** A server that asks for eight characters, none of the last three passwords, and locks after five failures. */
export interface PasswordServer extends DirectoryServer {
  /** For people whose passwords these rules hold for. */
  ruled?: LdifAttributes;
  /** For people whose passwords end. */
  ageing?: LdifAttributes;
  /** What is said of a new password that is too short, was used before, or comes too soon after the last one. */
  tells: Record<'tooShort' | 'inHistory' | 'tooSoon', PasswordRefusal>;
  /** Whether somebody whose password has expired may change it through this service account. */
  changesExpired: boolean;
  lockoutPolicy: LockoutPolicy;
  /** Lets the service account read that, where it may not. */
  showLockoutPolicy?(): Promise<void>;
  /** Runs what is to happen while passwords may not be changed twice a day; answers whose it holds for. */
  withMinimumAge(work: (attributes: LdifAttributes) => Promise<void>): Promise<void>;
}

const [FIRST, SECOND, SHORT] = ['Correct-1-Horse', 'Battery-2-Staple', 'Sh0r-t'] as const;
const CHANGED = { ok: true, value: undefined };
const ACCEPTED = { ok: true, value: {} };
const refused = (reason: string) => ({ ok: false, reason });

export function describePasswords(name: string, dialect: Dialect, start: () => Promise<PasswordServer>): void {
  describe(`passwords in ${name}`, () => {
    let server: PasswordServer;
    const subject = directoryUnderTest(dialect, async () => (server = await start()));
    const add: AddPerson = (login, attributes) => addPerson(subject, login, attributes);
    const ruled: AddPerson = (login) => add(login, server.ruled);

    describe('changePassword', () => describeChange(subject, ruled));
    describe('rules', () => describeRules(subject, () => server, add, ruled));
    describe('lockout', () => describeLockout(subject, () => server, ruled));
  });
}

/** For a server without rules of its own. */
export function describePasswordChange(name: string, dialect: Dialect, start: () => Promise<DirectoryServer>): void {
  describe(`passwords in ${name}`, () => {
    const subject = directoryUnderTest(dialect, start);
    describe('changePassword', () => describeChange(subject, (login) => addPerson(subject, login)));
  });
}

type AddPerson = (login: string, attributes?: LdifAttributes) => Promise<DirectoryUser>;

/** Somebody new, whose password is `<login>-password`. */
async function addPerson(
  { server, dialect, dnOf, found }: DirectoryUnderTest,
  login: string,
  attributes: LdifAttributes = {},
): Promise<DirectoryUser> {
  await server.modify(dialect.person(dnOf(login), login, attributes));
  return found(login);
}

function describeChange(subject: DirectoryUnderTest, ruled: AddPerson): void {
  it('sets the new one, and the old one is good no more', async () => {
    const { directory } = subject;
    expect(directory.changesPasswords).to.equal(true);
    const user = await ruled('pia');
    expect(await directory.changePassword(user, 'pia-password', FIRST)).to.deep.equal(CHANGED);
    expect(await directory.bind(user, FIRST)).to.deep.equal(ACCEPTED);
    expect(await directory.bind(user, 'pia-password')).to.deep.equal(refused('bad-credentials'));
    expect(await directory.changePassword(user, FIRST, `${SECOND}-ü-☃`)).to.deep.equal(CHANGED);
    expect(await directory.bind(user, `${SECOND}-ü-☃`)).to.deep.equal(ACCEPTED);
  });

  it('asks for the current one', async () => {
    const { directory } = subject;
    const user = await ruled('pit');
    for (const wrong of ['wrong', '', '\0', 'pit-password\0']) {
      expect(await directory.changePassword(user, wrong, FIRST), wrong).to.deep.equal(refused('bad-credentials'));
    }
    expect(await directory.bind(user, 'pit-password')).to.deep.equal(ACCEPTED);
  });

  it('lets somebody in again who must change theirs', async () => {
    const { directory } = subject;
    const user = await ruled('pol');
    await subject.server.requirePasswordChange?.(user.dn);
    expect(await directory.bind(user, 'pol-password')).to.deep.equal(refused('must-change'));
    expect(await directory.changePassword(user, 'wrong', FIRST)).to.deep.equal(refused('bad-credentials'));
    expect(await directory.changePassword(user, 'pol-password', FIRST)).to.deep.equal(CHANGED);
    expect(await directory.bind(user, FIRST)).to.deep.equal(ACCEPTED);
  });

  it('does nothing where an entry, or the settings, rule it out', async () => {
    const { directory, open } = subject;
    const user = await ruled('pip');
    const ask = (state: 'disabled' | 'expired') => directory.changePassword({ ...user, state }, 'pip-password', FIRST);
    expect(await ask('disabled')).to.deep.equal(refused('not-allowed'));
    expect(await ask('expired')).to.deep.equal(refused('not-allowed'));
    const fixed = open({ passwords: { change: 'no' } });
    expect(fixed.changesPasswords).to.equal(false);
    expect(await fixed.changePassword(user, 'pip-password', FIRST)).to.deep.equal(refused('not-allowed'));
    expect(await directory.bind(user, 'pip-password')).to.deep.equal(ACCEPTED);
  });

  it('says of an entry that is gone no more than of a wrong password', async () => {
    const ghost = { ...(await subject.found('ann')), dn: subject.dnOf('ghost') };
    const told = await subject.directory.changePassword(ghost, 'ann-password', FIRST);
    expect(told).to.have.property('reason').that.is.oneOf(['bad-credentials', 'not-allowed']);
  });

  it('tells nobody who watches a password', async () => {
    const { base, dialect } = subject;
    const { service, connection } = subject.server;
    const told: string[] = [];
    const observe = (exchange: Exchange): number => told.push(JSON.stringify([exchange, exchange.describe()]));
    const watched = openDirectory(service, { preset: dialect.preset, ...connection, baseDn: base }, { observe });
    const user = await ruled('pru');
    await watched.changePassword(user, 'pru-password', SHORT);
    await watched.changePassword(user, 'pru-password', FIRST);
    await watched.close();
    expect(told.join()).to.match(/"operation":"(?:modify|extended)"/);
    for (const secret of ['pru-password', SHORT, FIRST, service.password]) expect(told.join()).not.to.contain(secret);
  });
}

function describeRules(
  subject: DirectoryUnderTest,
  server: () => PasswordServer,
  add: AddPerson,
  ruled: AddPerson,
): void {
  it('tells of the rules what the server tells, and changes nothing', async () => {
    const { directory } = subject;
    const { tells } = server();
    const user = await ruled('pom');
    expect(await directory.changePassword(user, 'pom-password', FIRST)).to.deep.equal(CHANGED);
    expect(await directory.changePassword(user, FIRST, SECOND)).to.deep.equal(CHANGED);
    expect(await directory.changePassword(user, SECOND, SHORT)).to.deep.equal(refused(tells.tooShort));
    expect(await directory.changePassword(user, SECOND, FIRST)).to.deep.equal(refused(tells.inHistory));
    for (const unfit of ['', '\0', `${FIRST}\0`, `${FIRST}\ud800`, 'x'.repeat(1025)]) {
      expect(await directory.changePassword(user, SECOND, unfit), unfit).to.deep.equal(refused('rejected'));
    }
    expect(await directory.bind(user, SECOND)).to.deep.equal(ACCEPTED);
  });

  it('tells that the last change is not long enough ago', async () => {
    const { directory } = subject;
    const { tells, withMinimumAge } = server();
    await withMinimumAge(async (attributes) => {
      const user = await add('pum', attributes);
      expect(await directory.changePassword(user, 'pum-password', FIRST)).to.deep.equal(refused(tells.tooSoon));
      expect(await directory.bind(user, 'pum-password')).to.deep.equal(ACCEPTED);
    });
  });

  it('lets somebody in again whose password has expired, where the service account may', async () => {
    const { directory } = subject;
    const { ageing, changesExpired, expirePassword } = server();
    const user = await add('pax', ageing);
    await expirePassword?.(user.dn);
    expect(await directory.bind(user, 'pax-password')).to.deep.equal(refused('expired'));
    const told = await directory.changePassword(user, 'pax-password', FIRST);
    expect(told).to.deep.equal(changesExpired ? CHANGED : refused('not-allowed'));
    expect(await directory.bind(user, changesExpired ? FIRST : 'pax-password')).to.deep.equal(
      changesExpired ? ACCEPTED : refused('expired'),
    );
  });
}

function describeLockout(subject: DirectoryUnderTest, server: () => PasswordServer, ruled: AddPerson): void {
  before(async () => {
    const { showLockoutPolicy } = server();
    if (!showLockoutPolicy) return;
    expect(await subject.directory.lockoutPolicy()).to.equal(undefined);
    expect(await subject.found('ann'), 'by what is assumed').to.have.property('bindsLeft', 3);
    await showLockoutPolicy();
  });

  it('is told by the directory', async () => {
    expect(await subject.open().lockoutPolicy()).to.deep.equal(server().lockoutPolicy);
  });

  it('is stopped one failure before, so that nobody here locks the account', async () => {
    const directory = subject.open();
    const left = async () => (await subject.found('lou', directory)).bindsLeft;
    const stale = await ruled('lou');
    expect(await left()).to.equal(5);
    for (const expected of [4, 3, 2, 1]) {
      expect(await directory.bind(stale, 'wrong')).to.deep.equal(refused('bad-credentials'));
      expect(await left()).to.equal(expected);
    }
    const lou = await subject.found('lou', directory);
    for (const password of ['wrong', 'lou-password']) {
      expect(await directory.bind(lou, password)).to.deep.equal(refused('nearly-locked'));
      expect(await directory.changePassword(lou, password, FIRST)).to.deep.equal(refused('nearly-locked'));
    }
    expect(await directory.bind(lou, 'lou-password', true)).to.deep.equal(ACCEPTED);
    expect(await left()).to.equal(5);
  });

  it('holds for a change of password too, and is told to who asks for one', async () => {
    const directory = subject.open();
    const user = await ruled('len');
    expect(await directory.changePassword(user, 'wrong', FIRST)).to.deep.equal(refused('bad-credentials'));
    expect((await subject.found('len', directory)).bindsLeft).to.equal(4);
    for (let failure = 1; failure < 5; failure += 1) await directory.bind(user, 'wrong');
    expect(await directory.changePassword(user, 'len-password', FIRST)).to.deep.equal(refused('locked'));
    expect((await subject.found('len', directory)).bindsLeft).to.equal(0);
  });
}
