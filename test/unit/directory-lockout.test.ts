import { expect } from 'chai';

import type { ConfiguredLockout } from '../../src/directory/assumed-lockout.ts';
import type { SearchQuery } from '../../src/directory/ldap/connection.ts';
import { LdapEntry } from '../../src/directory/ldap/responses.ts';
import { LdapResultError } from '../../src/directory/ldap/result-error.ts';
import { rememberedRootDse } from '../../src/directory/ldap/root-dse.ts';
import { createLockout } from '../../src/directory/lockout.ts';
import type { LockoutKind } from '../../src/directory/lockout-rules.ts';

type Values = Readonly<Record<string, string | readonly string[]>>;

const CONTEXT = 'dc=corp,dc=test';
const ROOT = { '': { namingContexts: ['dc=test', 'DC=Corp,DC=Test', 'cn=config'] } };
const NOW = new Date('2026-01-01T12:00:00Z');
const SECOND = 10_000_000;

function entry(dn: string, values: Values): LdapEntry {
  const list = Object.entries(values).map(
    ([name, value]) => [name.toLowerCase(), [value].flat().map((text) => Buffer.from(text))] as const,
  );
  return new LdapEntry(dn, new Map(list));
}

/** A server with these entries, of which it shows those at and below each base, and a clock that can be put forward. */
function lockoutAt(
  kind: LockoutKind | null,
  entries: Readonly<Record<string, Values>>,
  configured: ConfiguredLockout = {},
) {
  const searches: SearchQuery[] = [];
  const state = { now: NOW, entries, fault: undefined as Error | undefined };
  const search = async (query: SearchQuery): Promise<LdapEntry[]> => {
    searches.push(query);
    if (state.fault) throw state.fault;
    const base = query.base.toLowerCase();
    const isFound = (dn: string): boolean =>
      dn.toLowerCase() === base || (query.scope === 'sub' && dn.toLowerCase().endsWith(`,${base}`));
    const found = Object.entries(state.entries).filter(([dn]) => isFound(dn));
    if (found.length === 0) throw failed(32);
    return found.map(([dn, values]) => entry(dn, values));
  };
  const options = { search, rootDse: rememberedRootDse(search), kind, baseDn: `ou=people,${CONTEXT}` };
  const hidden: string[] = [];
  const rulesHidden = (dn: string) => void hidden.push(dn);
  const lockout = createLockout({ ...options, configured, rulesHidden, now: () => state.now });
  return { lockout, searches, state, hidden };
}

function failed(code: number): LdapResultError {
  return new LdapResultError('search', { code, diagnosticMessage: '', controls: new Map() });
}

const generalized = (time: Date): string => time.toISOString().replaceAll(/[-:T]|\.\d+/g, '');
const fileTime = (time: Date): string => `${(BigInt(time.getTime()) + 11_644_473_600_000n) * 10_000n}`;
const ago = (seconds: number): Date => new Date(NOW.getTime() - seconds * 1000);

/** How many binds somebody has left, whose entry has these values. */
const left = (
  kind: LockoutKind,
  entries: Readonly<Record<string, Values>>,
  person: Values,
  configured?: ConfiguredLockout,
) => lockoutAt(kind, { ...ROOT, ...entries }, configured).lockout.bindsLeft(entry(`uid=ann,${CONTEXT}`, person));
const policy = (kind: LockoutKind, entries: Readonly<Record<string, Values>>) =>
  lockoutAt(kind, { ...ROOT, ...entries }).lockout.policy();

describe('how many binds may fail, by slapo-ppolicy(5)', () => {
  const STAFF = `cn=staff,ou=policies,${CONTEXT}`;
  const rules = (pwdMaxFailure: string, more: Values = {}): Values => ({ pwdLockout: 'TRUE', pwdMaxFailure, ...more });

  it('is what the strictest policy says, of those in the naming context', async () => {
    const entries = {
      [STAFF]: rules('5', { pwdFailureCountInterval: '60' }),
      [`cn=other,${CONTEXT}`]: rules('5', { pwdFailureCountInterval: '90' }),
      [`cn=lax,${CONTEXT}`]: rules('10'),
      [`cn=open,${CONTEXT}`]: { pwdLockout: 'FALSE', pwdMaxFailure: '1' },
      [`cn=endless,${CONTEXT}`]: rules('0'),
      ['cn=elsewhere,dc=test']: rules('2'),
    };
    expect(await policy('ppolicy', entries)).to.deep.equal({ threshold: 5, window: 90 });
  });

  it('is no number where no policy locks, and untold where none is shown', async () => {
    const open = { [STAFF]: { pwdLockout: 'FALSE', pwdMaxFailure: '5' } };
    expect(await policy('ppolicy', open)).to.deep.equal({ threshold: 0, window: undefined });
    expect(await left('ppolicy', open, { pwdFailureTime: generalized(ago(1)) })).to.equal(undefined);
    expect(await policy('ppolicy', {})).to.equal(undefined);
  });

  it('never grows again without an interval, whether or not a lock ends', async () => {
    const old = { pwdFailureTime: generalized(ago(86_400)) };
    const ways: readonly Values[] = [{}, { pwdFailureCountInterval: '0' }, { pwdLockoutDuration: '300' }];
    for (const more of ways) {
      const entries = { [STAFF]: rules('5', more) };
      expect(await policy('ppolicy', entries)).to.deep.equal({ threshold: 5, window: undefined });
      expect(await left('ppolicy', entries, old)).to.equal(4);
    }
  });

  it('is less the failures of the time that counts', async () => {
    const times = [10, 50, 59, 61, 3600].map((seconds) => generalized(ago(seconds)));
    const withIn = { [STAFF]: rules('5', { pwdFailureCountInterval: '60' }) };
    expect(await left('ppolicy', withIn, { pwdFailureTime: times })).to.equal(2);
    expect(await left('ppolicy', { [STAFF]: rules('5') }, { pwdFailureTime: times })).to.equal(0);
    expect(await left('ppolicy', withIn, {})).to.equal(5);
    expect(await left('ppolicy', { [STAFF]: rules('2') }, { pwdFailureTime: times })).to.equal(0);
  });

  it("goes by the person's own policy", async () => {
    const entries = { [STAFF]: rules('3'), [`cn=lax,${CONTEXT}`]: rules('10') };
    const person = (named: string): Values => ({ pwdPolicySubentry: named, pwdFailureTime: generalized(ago(1)) });
    expect(await left('ppolicy', entries, person('CN=Lax, DC=Corp,DC=Test'))).to.equal(9);
    expect(await left('ppolicy', entries, person(STAFF))).to.equal(2);
    expect(await left('ppolicy', entries, person('cn=hidden,dc=test'))).to.equal(1);
  });

  it('leaves alone who is locked at the first failure: nobody could be asked anything', async () => {
    expect(await left('ppolicy', { [STAFF]: rules('1') }, {})).to.equal(undefined);
    expect(await policy('ppolicy', { [STAFF]: rules('1') })).to.deep.include({ threshold: 1 });
  });
});

describe('how many binds may fail, in Active Directory', () => {
  const domain = (threshold: string, seconds = 1800): Record<string, Values> => ({
    [CONTEXT]: { lockoutThreshold: threshold, lockOutObservationWindow: `-${seconds * SECOND}` },
  });
  const failures = (badPwdCount: string, secondsAgo: number): Values => ({
    badPwdCount,
    badPasswordTime: fileTime(ago(secondsAgo)),
  });

  it('is what the domain says', async () => {
    expect(await policy('activedirectory', domain('7'))).to.deep.equal({ threshold: 7, window: 1800 });
    expect(await policy('activedirectory', domain('0'))).to.deep.include({ threshold: 0 });
    expect(await policy('activedirectory', { [CONTEXT]: {} })).to.equal(undefined);
    const forever = { [CONTEXT]: { lockoutThreshold: '7', lockOutObservationWindow: '-9223372036854775808' } };
    expect(await policy('activedirectory', forever)).to.deep.equal({ threshold: 7, window: undefined });
  });

  it('is less the failures, as long as the last of them counts', async () => {
    expect(await left('activedirectory', domain('7'), failures('3', 1799))).to.equal(4);
    expect(await left('activedirectory', domain('7'), failures('3', 1800))).to.equal(7);
    expect(await left('activedirectory', domain('7'), { badPwdCount: '0', badPasswordTime: '0' })).to.equal(7);
    expect(await left('activedirectory', domain('7'), {})).to.equal(7);
    expect(await left('activedirectory', domain('7'), failures('9', 1))).to.equal(0);
  });

  it('goes by a fine-grained policy, where it is shown', async () => {
    const dn = `CN=Admins,CN=Password Settings Container,CN=System,${CONTEXT}`;
    const settings = { 'msDS-LockoutThreshold': '3', 'msDS-LockoutObservationWindow': `-${60 * SECOND}` };
    const admin = (secondsAgo: number) => ({ ...failures('1', secondsAgo), 'msDS-ResultantPSO': dn });
    expect(await left('activedirectory', { ...domain('7'), [dn]: settings }, admin(59))).to.equal(2);
    expect(await left('activedirectory', { ...domain('7'), [dn]: settings }, admin(60))).to.equal(3);
  });

  it('is at most what leaves one failure to stop before, where a fine-grained policy is hidden', async () => {
    const dn = `CN=Hidden,CN=Password Settings Container,CN=System,${CONTEXT}`;
    const person = (secondsAgo: number) => ({ ...failures('1', secondsAgo), 'msDS-ResultantPSO': dn });
    for (const threshold of ['7', '0']) {
      expect(await left('activedirectory', domain(threshold), person(59)), threshold).to.equal(1);
      expect(await left('activedirectory', domain(threshold), person(1801)), threshold).to.equal(2);
    }
    expect(await left('activedirectory', { [CONTEXT]: {} }, person(59))).to.equal(1);
    expect(await left('activedirectory', domain('7'), person(59), { lockoutBudget: 3 })).to.equal(3);
    expect(await left('activedirectory', domain('2'), person(59), { lockoutBudget: 3 })).to.equal(1);
  });

  it('tells once of each fine-grained policy that is hidden', async () => {
    const { lockout, hidden } = lockoutAt('activedirectory', { ...ROOT, ...domain('7') });
    for (const name of ['A', 'B', 'A'])
      await lockout.bindsLeft(entry('uid=ann', { 'msDS-ResultantPSO': `CN=${name}` }));
    expect(hidden).to.deep.equal(['CN=A', 'CN=B']);
  });
});

describe('how many binds may fail, in 389-ds', () => {
  const LOCAL = `cn=policy,cn=nsPwPolicyContainer,${CONTEXT}`;
  const config = (values: Values) => ({ 'cn=config': values });
  const rules = (passwordMaxFailure: string, passwordLockout = 'on'): Values => ({
    passwordLockout,
    passwordMaxFailure,
    passwordResetFailureCount: '600',
  });
  const failures = (passwordRetryCount: string, resetIn: number): Values => ({
    passwordRetryCount,
    retryCountResetTime: generalized(ago(-resetIn)),
  });

  it('is what the configuration says, where it may be read', async () => {
    expect(await policy('389ds', config(rules('3')))).to.deep.equal({ threshold: 3, window: 600 });
    expect(await policy('389ds', config(rules('3', 'off')))).to.deep.equal({ threshold: 0, window: undefined });
    expect(await policy('389ds', config({}))).to.equal(undefined);
    expect(await policy('389ds', {})).to.equal(undefined);
  });

  it('is less the failures, until they are forgotten', async () => {
    expect(await left('389ds', config(rules('5')), failures('2', 1))).to.equal(3);
    expect(await left('389ds', config(rules('5')), failures('2', 0))).to.equal(5);
    expect(await left('389ds', config(rules('5')), {})).to.equal(5);
  });

  it('is less the failures of what is assumed, where nobody may read the configuration', async () => {
    expect(await left('389ds', {}, failures('0', 1))).to.equal(3);
    expect(await left('389ds', {}, failures('2', 1))).to.equal(1);
    expect(await left('389ds', {}, failures('2', 0))).to.equal(3);
    expect(await left('389ds', {}, failures('2', 1), { lockoutBudget: 9 })).to.equal(8);
  });

  it('goes by a local policy', async () => {
    const person = { ...failures('1', 1), pwdpolicysubentry: LOCAL };
    expect(await left('389ds', { ...config(rules('9')), [LOCAL]: rules('3') }, person)).to.equal(2);
    expect(await left('389ds', { [LOCAL]: rules('3') }, person)).to.equal(2);
  });
});

describe('what is remembered of a directory’s lockout policy', () => {
  const entries = { ...ROOT, [CONTEXT]: { lockoutThreshold: '7', lockOutObservationWindow: '-600000000' } };
  const later = (seconds: number): Date => new Date(NOW.getTime() + seconds * 1000);

  it('is asked for once, however many ask at once, and again after ten minutes', async () => {
    const { lockout, searches, state } = lockoutAt('activedirectory', entries);
    await Promise.all([lockout.policy(), lockout.policy(), lockout.bindsLeft(entry('uid=ann', {}))]);
    const asked = searches.length;
    state.now = later(599);
    await lockout.policy();
    expect(searches).to.have.length(asked);
    state.now = later(601);
    state.entries = { ...entries, [CONTEXT]: { lockoutThreshold: '4' } };
    expect(await lockout.policy()).to.deep.include({ threshold: 4 });
    // The root entry is read once.
    expect(searches).to.have.length(2 * asked - 1);
  });

  it('is asked for again after a minute where it was not told', async () => {
    const { lockout, state } = lockoutAt('activedirectory', ROOT);
    expect(await lockout.policy()).to.equal(undefined);
    state.entries = entries;
    state.now = later(59);
    expect(await lockout.policy()).to.equal(undefined);
    state.now = later(61);
    expect(await lockout.policy()).to.deep.include({ threshold: 7 });
  });

  for (const fault of [new Error('the server closed the connection'), failed(52)]) {
    it(`is no longer than the fault: ${fault.message}`, async () => {
      const { lockout, state } = lockoutAt('activedirectory', entries);
      state.fault = fault;
      for (const ask of [() => lockout.policy(), () => lockout.bindsLeft(entry('uid=ann', {}))]) {
        expect(await ask().catch((error: unknown) => error)).to.equal(fault);
      }
      state.fault = undefined;
      expect(await lockout.policy()).to.deep.include({ threshold: 7 });
    });
  }

  it('is looked for at the root of the domain where the server hides what it holds', async () => {
    const { lockout } = lockoutAt('activedirectory', { [CONTEXT]: { lockoutThreshold: '7' } });
    expect(await lockout.policy()).to.deep.include({ threshold: 7 });
  });

  it('is nothing, and nobody is asked, where the kind of server has none', async () => {
    const { lockout, searches } = lockoutAt(null, entries);
    expect(lockout.attributes).to.deep.equal([]);
    expect(await lockout.policy()).to.equal(undefined);
    expect(await lockout.bindsLeft(entry('uid=ann', {}))).to.equal(undefined);
    expect(searches).to.deep.equal([]);
  });
});
