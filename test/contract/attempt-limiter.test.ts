import { expect } from 'chai';

import { evaluate } from '../../src/security/attempt-limiter.ts';
import { describeAttemptLimiter } from '../support/attempt-limiter.ts';

describeAttemptLimiter('counting by account', ({ attempts, failTimes, reservation, age, counters, anotherTenant }) => {
  const blockPasses = () => age('blocked_until', '1 hour');

  it('lets five of fifty at once be evaluated', async () => {
    const reserve = attempts();
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => reserve({ subjects: ['id-of-ann', 'ann'] })));
    expect(outcomes.filter((outcome) => outcome.ok)).to.have.lengthOf(5);
    for (const outcome of outcomes) if (!outcome.ok) expect(outcome.retryAfter).to.be.within(25, 30);
  });

  it('lets one of fifty at once be evaluated once the block is over', async () => {
    const reserve = attempts();
    await failTimes(5, reserve);
    await blockPasses();
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => reserve()));
    expect(outcomes.filter((outcome) => outcome.ok)).to.have.lengthOf(1);
  });

  it('holds aliases of one person to one budget, in whatever order their counters are taken', async () => {
    const reserve = attempts();
    const alias = (i: number) =>
      [
        ['id-of-ann', `alias-${i % 3}`],
        ['zoe', 'id-of-ann'],
      ][i % 2] ?? [];
    const outcomes = await Promise.all(Array.from({ length: 60 }, (_, i) => reserve({ subjects: alias(i) })));
    expect(outcomes.filter((outcome) => outcome.ok)).to.have.lengthOf(5);
    const total = (await counters()).filter(({ subject }) => subject !== 'id-of-ann').map(({ failures }) => failures);
    expect(
      total.reduce((sum, failures) => sum + failures, 0),
      'refused attempts count on nobody',
    ).to.equal(5);
  });

  it('blocks twice as long after each further failure, up to fifteen minutes', async () => {
    const reserve = attempts();
    await failTimes(4, reserve);
    for (const seconds of [30, 60, 120, 240, 480, 900, 900, 900]) {
      await failTimes(1, reserve);
      const refusal = await reserve();
      if (refusal.ok) throw new Error('not blocked');
      expect(refusal.retryAfter).to.be.within(seconds - 3, seconds);
      await blockPasses();
    }
  });

  it('does not count what it refuses', async () => {
    const reserve = attempts();
    await failTimes(5, reserve);
    for (let i = 0; i < 3; i++)
      expect(await reserve({ subjects: ['ann', 'id-of-ann'] })).to.include({ reason: 'blocked' });
    expect(await counters()).to.deep.equal([{ subject: 'ann', failures: 5, blocked: true }]);
  });

  it('keeps to an allowance of the caller’s', async () => {
    const reserve = attempts();
    const allowance = { failures: 1, firstBlock: 600, longestBlock: 600 };
    await failTimes(1, reserve, { allowance });
    expect(await reserve({ allowance }))
      .to.include({ ok: false })
      .and.have.property('retryAfter')
      .within(597, 600);
  });

  it('survives a restart', async () => {
    await failTimes(5);
    expect(await attempts()()).to.include({ ok: false, reason: 'blocked' });
  });

  it('counts people, kinds and tenants apart', async () => {
    const reserve = attempts();
    await failTimes(5, reserve);
    const otherTenant = await anotherTenant();
    for (const other of [{ subjects: ['bob'] }, { kind: 'second-factor' }, { tenantId: otherTenant }] as const) {
      expect((await reserve(other)).ok, JSON.stringify(other)).to.equal(true);
    }
  });

  it('starts anew after success', async () => {
    const reserve = attempts();
    await failTimes(4, reserve);
    const success = await reservation(reserve, { subjects: ['id-of-ann', 'ann'] });
    await success.succeeded();
    expect(await counters()).to.deep.equal([]);
    await failTimes(5, reserve);
  });

  it('starts anew after a day without an attempt', async () => {
    const reserve = attempts();
    await failTimes(4, reserve);
    await age('last_attempt_at', '1 day 1 minute');
    await failTimes(5, reserve);
    expect((await reserve()).ok).to.equal(false);
  });

  it('gives back an attempt that was not evaluated, and the block it brought', async () => {
    const reserve = attempts();
    await failTimes(4, reserve);
    await (await reservation(reserve)).release();
    expect(await counters()).to.deep.equal([{ subject: 'ann', failures: 4, blocked: false }]);
    await failTimes(1, reserve);
    await blockPasses();
    await (await reservation(reserve)).release();
    expect(await counters(), 'later blocks as well').to.deep.equal([{ subject: 'ann', failures: 5, blocked: false }]);
  });

  it('gives back attempts in any order, and leaves blocks that others have earned', async () => {
    const reserve = attempts();
    const reserved = await Promise.all(Array.from({ length: 5 }, () => reservation(reserve)));
    await Promise.all(reserved.map((each) => each.release()));
    expect(await counters()).to.deep.equal([{ subject: 'ann', failures: 0, blocked: false }]);

    await failTimes(4, reserve);
    const slow = await reservation(reserve);
    await blockPasses();
    await failTimes(1, reserve);
    await slow.release();
    expect(await counters()).to.deep.equal([{ subject: 'ann', failures: 5, blocked: true }]);
  });

  it('gives the attempt back when evaluating it fails, and passes the fault on', async () => {
    const held = await reservation();
    const fault = new Error('the directory is down');
    expect(await evaluate(held, () => Promise.reject(fault)).catch((error: unknown) => error)).to.equal(fault);
    expect(await counters()).to.deep.equal([{ subject: 'ann', failures: 0, blocked: false }]);
  });
});
