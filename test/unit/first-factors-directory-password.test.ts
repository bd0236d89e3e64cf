import { expect } from 'chai';

import { RIGHT, ann, bob, world } from '../support/password-sign-in.ts';
import type { Person, Source } from '../support/password-sign-in.ts';

describe('a login name in several directories', () => {
  const corp = { people: { ann }, settings: { realm: 'corp.example.com' } };
  const labs = { people: { ann, bob }, settings: { realm: 'LABS' } };

  for (const [typed, result, bound] of [
    ['bob', 'signed in', ['labs/bob']],
    ['ann', 'bad-credentials', []],
    ['ann@labs', 'signed in', ['labs/ann']],
    ['Ann@CORP.example.com', 'signed in', ['corp/ann']],
    ['ann@example.com', 'bad-credentials', []],
    ['ann@elsewhere', 'bad-credentials', []],
    ['bob@corp.example.com', 'bad-credentials', []],
    ['@labs', 'bad-credentials', []],
    ['ann@labs@labs', 'bad-credentials', []],
    ['LABS\\ann', 'signed in', ['labs/ann']],
    ['CORP\\ann', 'signed in', ['corp/ann']],
    ['corp.example.com\\ann', 'signed in', ['corp/ann']],
    ['corp\\bob', 'bad-credentials', []],
    ['example\\ann', 'bad-credentials', []],
    ['corp\\', 'bad-credentials', []],
    ['\\bob', 'bad-credentials', []],
    ['corp\\labs\\ann', 'bad-credentials', []],
  ] as const) {
    it(`${typed}: ${result}`, async () => {
      const { tryAs, binds } = world({ directories: { corp, labs } });
      const outcome = await tryAs(typed);
      expect(outcome.ok ? 'signed in' : outcome.reason).to.equal(result);
      expect(binds).to.deep.equal(bound);
    });
  }

  it('is tried in none when it is in two, and the audit trail says so', async () => {
    const { tryAs, events } = world({ directories: { corp, labs } });
    await tryAs('ann');
    expect(events).to.deep.equal([{ type: 'login.failed', tenantId: 'acme', reason: 'ambiguous' }]);
  });

  it('with a realm may be a name without it or with it, as userPrincipalName', async () => {
    const upn: Person = { names: ['cora', 'c.ray@labs'] };
    const directories = { corp, labs: { ...labs, people: { cora: upn } } };
    const { tryAs } = world({ directories });
    expect((await tryAs('cora@labs')).ok).to.equal(true);
    expect((await tryAs('c.ray@labs')).ok).to.equal(true);
    const clash = world({
      directories: { labs: { ...labs, people: { a: { names: ['x'] }, b: { names: ['x@labs'] } } } },
    });
    expect((await clash.tryAs('x@labs')).ok).to.equal(false);
    expect(clash.events[0]?.reason).to.equal('ambiguous');
  });

  it('goes on in the others when one is down', async () => {
    const { tryAs } = world({ directories: { corp: { ...corp, down: 'find' }, labs } });
    expect((await tryAs('bob')).ok).to.equal(true);
    expect((await tryAs('ann@labs')).ok).to.equal(true);
  });

  it('is no wrong name when it may be in the one that is down', async () => {
    const { tryAs, events, attempts } = world({ directories: { corp: { ...corp, down: 'find' }, labs } });
    for (const typed of ['cora', 'ann@corp.example.com']) {
      const fault = await tryAs(typed).catch((error: unknown) => error);
      expect(fault).to.include({ code: 'directory_unavailable', status: 503 });
    }
    expect(attempts).to.deep.equal([]);
    expect(events.map((event) => event.type)).to.deep.equal(['login.unavailable', 'login.unavailable']);
  });
});

describe('the attempts that a directory’s own lockout leaves', () => {
  const allowanceFor = async (...sources: Source[]) => {
    const directories = Object.fromEntries(sources.map((source, i) => [`d${i}`, source]));
    const { tryAs, attempts } = world({ directories });
    await tryAs('nobody');
    return attempts[0]?.allowance;
  };
  const usual = { failures: 5, firstBlock: 30, longestBlock: 900 };
  const strict = (failures: number, block: number) => ({ failures, firstBlock: block, longestBlock: block });
  const configured = (lockoutBudget: number, lockoutWindow?: number): Source => ({
    settings: { lockoutBudget, lockoutWindow },
  });
  const told = (threshold: number, window?: number, settings: Source['settings'] = {}): Source => ({
    policy: { threshold, window },
    settings,
  });

  for (const [title, sources, allowance] of [
    ['nothing known', [{}], strict(2, 915)],
    ['four by the configuration', [configured(4)], strict(4, 915)],
    ['a window by the configuration', [configured(4, 1800)], strict(4, 1815)],
    ['a budget that backing off would outrun', [configured(8)], strict(5, 915)],
    ['a budget that backing off keeps to', [configured(9)], usual],
    ['the strictest of several', [configured(1000), configured(3)], strict(3, 915)],
    ['a directory that never locks', [told(0, 1800)], usual],
    ['one that never locks, and four by the configuration', [told(0), configured(4)], strict(4, 915)],
    ['one below what it tells', [told(3, 600)], strict(2, 615)],
    ['never below one', [told(1, 600)], strict(1, 615)],
    ['a smaller budget than it tells', [told(10, 900, { lockoutBudget: 2 })], strict(2, 915)],
    ['a larger budget than it tells', [told(3, 600, { lockoutBudget: 9 })], strict(2, 615)],
    ['a shorter window than it tells', [told(3, 600, { lockoutWindow: 60 })], strict(2, 615)],
    ['a longer window than it tells', [told(3, 600, { lockoutWindow: 900 })], strict(2, 915)],
    ['a directory that never forgets', [told(5)], strict(4, 82_815)],
    ['a high threshold that backing off keeps to', [told(10, 900)], usual],
    ['one that never forgets, however high', [told(100)], strict(5, 82_815)],
    ['two that tell', [told(6, 1800), told(3, 600)], strict(2, 1815)],
    ['one that tells beside one that never locks', [told(0, 1800), told(4, 600)], strict(3, 615)],
  ] as const) {
    it(`${title}: ${allowance.failures}, then ${allowance.firstBlock} s`, async () => {
      expect(await allowanceFor(...sources)).to.deep.equal(allowance);
    });
  }

  it('are those of the usual allowance where accounts live here alone', async () => {
    const { tryAs, attempts } = world({});
    await tryAs('nobody');
    expect(attempts[0]?.allowance).to.deep.equal(usual);
  });

  describe('while a directory does not answer', () => {
    const policy = { threshold: 3, window: 600 };

    it('are what it told last', async () => {
      const corp: Source = { people: { ann }, policy };
      const { tryAs, attempts } = world({ directories: { corp } });
      await tryAs('ann');
      Object.assign(corp, { down: 'policy' });
      await tryAs('ann');
      expect(attempts.map(({ allowance }) => allowance)).to.deep.equal([strict(2, 615), strict(2, 615)]);
    });

    it('are none where it never told, and no failure either', async () => {
      const { tryAs, binds, attempts } = world({ directories: { corp: { people: { ann }, policy, down: 'policy' } } });
      expect(await tryAs('ann').catch((error: unknown) => error)).to.include({ code: 'directory_unavailable' });
      expect([binds, attempts]).to.deep.equal([[], []]);
    });

    it('are those of the others for the others’ people', async () => {
      const labs: Source = { people: { bob }, policy: { threshold: 5, window: 600 } };
      const { tryAs, attempts } = world({ directories: { corp: { people: { ann }, policy, down: 'policy' }, labs } });
      expect((await tryAs('bob')).ok).to.equal(true);
      expect(attempts[0]?.allowance).to.deep.equal(strict(4, 615));
    });
  });

  it('are fewer after failures elsewhere, however many guesses come at once', async () => {
    const failures = { ann: 2 };
    const corp: Source = { people: { ann }, policy: { threshold: 5, window: 900 }, failures, hashTime: 5 };
    const { tryAs, binds, events } = world({ directories: { corp } });
    const outcomes = await Promise.all(Array.from({ length: 6 }, (_, i) => tryAs('ann', `guess ${i}`)));
    for (const outcome of outcomes) expect(outcome).to.deep.equal({ ok: false, reason: 'bad-credentials' });
    expect(failures.ann).to.equal(4);
    expect(binds).to.have.lengthOf(2);
    const reasons = events.map(({ reason }) => reason).sort();
    expect(reasons).to.deep.equal([
      ...Array<string>(2).fill('bad-credentials'),
      ...Array<string>(4).fill('nearly-locked'),
    ]);
  });

  it('cost no second look at the entry where nobody has just failed', async () => {
    const reads: string[] = [];
    const counted: Source = { people: { ann }, policy: { threshold: 5, window: 900 }, failures: {}, reads };
    const { tryAs } = world({ directories: { corp: counted } });
    for (const password of [RIGHT, RIGHT, 'wrong']) await tryAs('ann', password);
    expect(reads).to.deep.equal([]);
    await tryAs('ann');
    expect(reads).to.deep.equal(['ann']);
  });

  it('are one more in a browser that the owner trusts, where failures elsewhere left one', async () => {
    const corp: Source = { people: { ann }, policy: { threshold: 5, window: 900 }, failures: { ann: 4 } };
    const { tryAs, attempts, ends } = world({ directories: { corp } });
    expect(await tryAs('ann', RIGHT, async () => undefined)).to.include({ reason: 'bad-credentials' });
    expect((await tryAs('ann', RIGHT, async () => 'the id of ann')).ok).to.equal(true);
    expect(attempts.map(({ kind }) => kind)).to.deep.equal(['password', 'password', 'trusted-device']);
    expect(ends, 'both that were reserved').to.deep.equal(['succeeded', 'succeeded']);
  });
});

describe('what of them is kept for browsers that the owner trusts', () => {
  const attemptsWith = async (...sources: Source[]) => {
    const directories = Object.fromEntries(sources.map((source, i) => [`d${i}`, source]));
    const { tryAs, attempts } = world({ directories, blockedFor: 60 });
    await tryAs('nobody', 'a guess', async () => 'user');
    return attempts.map(({ kind, allowance }) => `${kind}: ${allowance?.failures}, ${allowance?.firstBlock} s`);
  };
  const configured = (lockoutBudget: number, lockoutWindow?: number): Source => ({
    settings: { lockoutBudget, lockoutWindow },
  });

  for (const [title, sources, expected] of [
    ['no lockout', [{ policy: { threshold: 0, window: 60 } }], ['password: 5, 30 s', 'trusted-device: 5, 915 s']],
    ['a lockout after two failures', [{ policy: { threshold: 2, window: 600 } }], ['password: 1, 615 s']],
    ['a budget of one', [configured(1)], ['password: 1, 915 s']],
    ['of two', [configured(2)], ['password: 1, 915 s', 'trusted-device: 1, 915 s']],
    ['of four', [configured(4)], ['password: 3, 915 s', 'trusted-device: 1, 915 s']],
    ['one that backing off would outrun', [configured(10)], ['password: 5, 915 s', 'trusted-device: 2, 915 s']],
    ['one that it keeps to', [configured(12)], ['password: 5, 30 s', 'trusted-device: 3, 915 s']],
    [
      'a window of its own',
      [configured(8, 1800), { policy: { threshold: 0, window: undefined } }],
      ['password: 5, 1815 s', 'trusted-device: 2, 1815 s'],
    ],
  ] as const) {
    it(`${title}: ${expected.join(', ')}`, async () => {
      expect(await attemptsWith(...sources)).to.deep.equal(expected);
    });
  }
});
