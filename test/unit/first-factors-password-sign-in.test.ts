import { expect } from 'chai';

import { RIGHT, ann, entryOf, world } from '../support/password-sign-in.ts';
import type { Person } from '../support/password-sign-in.ts';

describe('signing in with a directory’s password', () => {
  it('answers whose it was, with what the directory says about the password', async () => {
    const { tryAs, events, ends } = world({ directories: { corp: { people: { ann } } } });
    expect(await tryAs('ann')).to.deep.equal({
      ok: true,
      value: {
        kind: 'directory',
        directoryId: 'id-of-corp',
        entry: entryOf('ann', ann),
        notice: { passwordExpiresIn: 60 },
      },
    });
    expect(ends).to.deep.equal(['succeeded']);
    expect(events, 'the finished login is what is audited').to.deep.equal([]);
  });

  for (const reason of ['must-change', 'expired'] as const) {
    it(`answers whose it was where it can be changed, and has to be: ${reason}`, async () => {
      const people = { ann: { ...ann, right: reason } };
      const { tryAs, events, ends } = world({ directories: { corp: { people, changesPasswords: true } } });
      expect(await tryAs('ann')).to.deep.equal({
        ok: true,
        value: {
          kind: 'directory',
          directoryId: 'id-of-corp',
          entry: entryOf('ann', ann),
          notice: {},
          mustChange: reason,
        },
      });
      expect(await tryAs('ann', 'wrong')).to.deep.equal({ ok: false, reason: 'bad-credentials' });
      expect(ends).to.deep.equal(['succeeded']);
      const detail = { directory: 'corp', username: 'ann', stableId: 'ann' };
      expect(events).to.deep.equal([
        { type: 'password.change_required', tenantId: 'acme', reason, detail },
        { type: 'login.failed', tenantId: 'acme', reason: 'bad-credentials', detail },
      ]);
    });
  }

  it('counts on the person and on what was typed, however it was typed', async () => {
    const { tryAs, attempts } = world({ directories: { corp: { people: { ann } } } });
    for (const typed of ['ann', ' ANN ', 'ａｎｎ', 'ann@example.com']) await tryAs(typed);
    const [first, second, third, alias] = attempts.map((attempt) => attempt.subjects);
    expect(first).to.have.lengthOf(2).and.include('directory:id-of-corp:ann');
    expect(second).to.deep.equal(first);
    expect(third).to.deep.equal(first);
    expect(alias).to.include('directory:id-of-corp:ann').and.not.deep.equal(first);
    expect(attempts[0]).to.deep.include({ tenantId: 'acme', kind: 'password', address: '192.0.2.1' });
  });

  it('keeps what was typed out of counters and audit where it names nobody', async () => {
    const { tryAs, attempts, events } = world({ directories: { corp: { people: { ann } } } });
    await tryAs('hunter2 in the wrong field');
    expect(attempts[0]?.subjects).to.have.lengthOf(1);
    expect(JSON.stringify([attempts, events])).not.to.contain('hunter2');
    expect(events).to.deep.equal([{ type: 'login.failed', tenantId: 'acme', reason: 'unknown' }]);
  });

  const detail = { directory: 'corp', username: 'ann', stableId: 'ann' };
  for (const [title, person, password, told, type, reason] of [
    ['a wrong password', {}, 'wrong', 'bad-credentials', 'login.failed', 'bad-credentials'],
    ['a locked account', { right: 'locked' }, RIGHT, 'bad-credentials', 'login.failed', 'locked'],
    [
      'a locked account after a wrong password',
      { wrong: 'locked' },
      'wrong',
      'bad-credentials',
      'login.failed',
      'locked',
    ],
    [
      'an account with one bind left',
      { right: 'nearly-locked' },
      RIGHT,
      'bad-credentials',
      'login.failed',
      'nearly-locked',
    ],
    ['an inactive account', { wrong: 'inactive' }, 'wrong', 'bad-credentials', 'login.failed', 'inactive'],
    ['a disabled account', { right: 'disabled' }, RIGHT, 'account-disabled', 'login.refused', 'disabled'],
    ['an expired account', { right: 'account-expired' }, RIGHT, 'account-expired', 'login.refused', 'account-expired'],
    ['an expired password', { right: 'expired' }, RIGHT, 'expired', 'login.refused', 'expired'],
    ['a password to be changed', { right: 'must-change' }, RIGHT, 'must-change', 'login.refused', 'must-change'],
    ['the wrong hour', { right: 'not-now' }, RIGHT, 'not-now', 'login.refused', 'not-now'],
  ] as const) {
    it(`tells of ${title} no more than ${told}, and the audit trail all`, async () => {
      const { tryAs, events, ends } = world({ directories: { corp: { people: { ann: { ...ann, ...person } } } } });
      expect(await tryAs('ann', password)).to.deep.equal({ ok: false, reason: told });
      expect(events).to.deep.equal([{ type, tenantId: 'acme', reason, detail }]);
      expect(ends).to.deep.equal(told === 'bad-credentials' ? [] : ['succeeded']);
    });
  }

  it('reads the same for unknown, malformed, ambiguous, locked and wrong', async () => {
    const locked: Person = { names: ['lock'], wrong: 'locked' };
    const { tryAs } = world({ directories: { corp: { people: { ann, locked }, ambiguous: ['twins'] } } });
    const wrong = await tryAs('ann', 'wrong');
    for (const name of ['nobody', 'a\0nn', '', 'twins', 'lock'])
      expect(await tryAs(name, 'wrong'), name).to.deep.equal(wrong);
  });

  for (const password of ['', '\0', '\0\0', 'right\0', 'x'.repeat(100_000)]) {
    it(`sends no directory ${JSON.stringify(password.slice(0, 8))} as a password, and is as quick for everybody`, async () => {
      const { tryAs, binds, events, attempts } = world({ directories: { corp: { people: { ann } } } });
      for (const name of ['ann', 'nobody'])
        expect(await tryAs(name, password)).to.deep.equal({ ok: false, reason: 'bad-credentials' });
      expect(binds).to.deep.equal([]);
      expect(attempts.map((attempt) => attempt.subjects)).to.deep.equal([[], []]);
      expect(events.map((event) => event.reason)).to.deep.equal(['malformed', 'malformed']);
    });
  }

  it('is as unavailable for nobody as for somebody', async () => {
    const { tryAs, ends } = world({ directories: { corp: { people: { ann }, down: 'bind' } } });
    expect(await tryAs('nobody').catch((error: unknown) => error)).to.include({ code: 'directory_unavailable' });
    expect(ends).to.deep.equal(['released']);
  });

  it('binds nowhere when blocked, and says for how long', async () => {
    const { tryAs, binds, events } = world({ directories: { corp: { people: { ann } } }, blockedFor: 29.5 });
    expect(await tryAs('ann')).to.deep.equal({ ok: false, reason: 'blocked', retryAfter: 30 });
    expect(binds).to.deep.equal([]);
    expect(events).to.deep.equal([{ type: 'login.blocked', tenantId: 'acme', reason: 'blocked', detail }]);
  });

  it('takes an outage for an outage: not counted, audited, a 503', async () => {
    const { tryAs, events, ends } = world({ directories: { corp: { people: { ann }, down: 'bind' } } });
    const fault = await tryAs('ann').catch((error: unknown) => error);
    expect(fault).to.include({ code: 'directory_unavailable', status: 503 });
    expect(ends).to.deep.equal(['released']);
    expect(events).to.deep.equal([
      { type: 'login.unavailable', tenantId: 'acme', reason: 'directory-unavailable', detail },
    ]);
  });
});

describe('the time that a refusal takes', () => {
  it('is that of a wrong password for unknown, ambiguous, locked and inactive ones', async () => {
    const locked: Person = { names: ['lock'], wrong: 'locked' };
    const nearly: Person = { names: ['near'], wrong: 'nearly-locked' };
    const left: Person = { names: ['left'], wrong: 'inactive' };
    const people = { ann, locked, nearly, left };
    const { tryAs } = world({ directories: { corp: { people, ambiguous: ['twins'], hashTime: 40 } } });
    const timeOf = async (name: string) => {
      const start = performance.now();
      await tryAs(name, 'wrong');
      return performance.now() - start;
    };
    for (const name of ['ann', 'nobody', 'twins', 'lock', 'near', 'left']) {
      expect(await timeOf(name), name).to.be.within(39, 400);
    }
  });
});
