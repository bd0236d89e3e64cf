import { expect } from 'chai';

import { ann, bob, world } from '../support/password-sign-in.ts';
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
  const allowanceFor = async (...settings: Source['settings'][]) => {
    const directories = Object.fromEntries(settings.map((setting, i) => [`d${i}`, { settings: setting }]));
    const { tryAs, attempts } = world({ directories });
    await tryAs('nobody');
    return attempts[0]?.allowance;
  };
  const usual = { failures: 5, firstBlock: 30, longestBlock: 900 };

  for (const [title, settings, allowance] of [
    ['no lockout', [{}], usual],
    ['a lockout after four', [{ lockoutBudget: 4 }], { failures: 4, firstBlock: 900, longestBlock: 900 }],
    [
      'a window of its own',
      [{ lockoutBudget: 4, lockoutWindow: 1800 }],
      { failures: 4, firstBlock: 1800, longestBlock: 1800 },
    ],
    [
      'a budget that backing off would outrun',
      [{ lockoutBudget: 8 }],
      { failures: 5, firstBlock: 900, longestBlock: 900 },
    ],
    ['a budget that backing off keeps to', [{ lockoutBudget: 9 }], usual],
    [
      'the strictest of several',
      [{ lockoutBudget: 1000 }, { lockoutBudget: 3 }],
      { failures: 3, firstBlock: 900, longestBlock: 900 },
    ],
  ] as const) {
    it(`${title}: ${allowance.failures}, then ${allowance.firstBlock} s`, async () => {
      expect(await allowanceFor(...settings)).to.deep.equal(allowance);
    });
  }
});

describe('what of them is kept for browsers that the owner trusts', () => {
  const attemptsWith = async (...settings: Source['settings'][]) => {
    const directories = Object.fromEntries(settings.map((setting, i) => [`d${i}`, { settings: setting }]));
    const { tryAs, attempts } = world({ directories, blockedFor: 60 });
    await tryAs('nobody', 'a guess', async () => 'user');
    return attempts.map(({ kind, allowance }) => `${kind}: ${allowance?.failures}, ${allowance?.firstBlock} s`);
  };

  for (const [title, settings, expected] of [
    ['no lockout', [{}], ['password: 5, 30 s', 'trusted-device: 5, 900 s']],
    ['a lockout after one', [{ lockoutBudget: 1 }], ['password: 1, 900 s']],
    ['a lockout after two', [{ lockoutBudget: 2 }], ['password: 1, 900 s', 'trusted-device: 1, 900 s']],
    ['a lockout after four', [{ lockoutBudget: 4 }], ['password: 3, 900 s', 'trusted-device: 1, 900 s']],
    ['one that backing off would outrun', [{ lockoutBudget: 10 }], ['password: 5, 900 s', 'trusted-device: 2, 900 s']],
    ['one that it keeps to', [{ lockoutBudget: 12 }], ['password: 5, 30 s', 'trusted-device: 3, 900 s']],
    [
      'a window of its own',
      [{ lockoutBudget: 8, lockoutWindow: 1800 }, {}],
      ['password: 5, 1800 s', 'trusted-device: 2, 1800 s'],
    ],
  ] as const) {
    it(`${title}: ${expected.join(', ')}`, async () => {
      expect(await attemptsWith(...settings)).to.deep.equal(expected);
    });
  }
});
