import { expect } from 'chai';

import type { HealthOptions } from '../../src/directory/ldap/server-health.ts';
import { createServerHealth } from '../../src/directory/ldap/server-health.ts';
import { eventually } from '../support/eventually.ts';

describe('the health of a directory server', () => {
  /** What the checks bring, one after the other; the last of them from then on. */
  function watched(outcomes: (Error | undefined)[], options: Partial<HealthOptions> = {}) {
    const changes: [boolean, string | undefined][] = [];
    const delays: [number, unknown][] = [];
    let checks = 0;
    const health = createServerHealth({
      async check() {
        const outcome = outcomes[Math.min(checks, outcomes.length - 1)];
        checks += 1;
        if (outcome) throw outcome;
      },
      changed: (up, reason) => changes.push([up, reason]),
      delayMs(failed, error) {
        delays.push([failed, error]);
        return 1;
      },
      ...options,
    });
    return { health, changes, delays, checks: () => checks };
  }

  const refused = new Error('connection refused');

  it('is checked as soon as it is in doubt, again and again until it is well, and tells each change once', async () => {
    const { health, changes, delays, checks } = watched([refused, refused, new Error('not yet'), undefined]);
    health.proven();
    health.proven();
    expect(health.isUp).to.equal(true);
    health.doubt(new Error('no answer in time'));
    expect([health.isUp, health.trouble, checks()]).to.deep.equal([false, 'no answer in time', 1]);
    expect(await health.verdict()).to.equal(false);
    expect(health.trouble).to.equal('connection refused');
    // Somebody else had trouble as well, and a connection that was long under way came about: it is the check that tells.
    health.doubt(new Error('another'));
    health.proven();
    expect(health.isUp).to.equal(false);
    await eventually('it is up', () => health.isUp);
    expect(changes).to.deep.equal([
      [true, undefined],
      [false, 'connection refused'],
      [true, undefined],
    ]);
    expect(delays.map(([failed]) => failed)).to.deep.equal([1, 2, 3]);
    expect(checks()).to.equal(4);
  });

  it('does not call a server down that was slow once', async () => {
    const { health, changes } = watched([undefined]);
    health.doubt(new Error('no answer in time'));
    expect(await health.verdict()).to.equal(true);
    expect(changes).to.deep.equal([[true, undefined]]);
  });

  it('is not checked at once where a failure leaves no doubt, but after the delay', async () => {
    const { health, changes, delays, checks } = watched([undefined]);
    health.proven();
    health.fail(refused);
    health.fail(new Error('another'));
    expect([await health.verdict(), health.trouble, checks()]).to.deep.equal([false, 'connection refused', 0]);
    expect(delays).to.deep.equal([[1, refused]]);
    await eventually('it is up', () => health.isUp);
    expect(changes.map(([up]) => up)).to.deep.equal([true, false, true]);
  });

  it('checks and tells nothing more when it is closed', async () => {
    const closing = Promise.withResolvers<undefined>();
    const { health, changes, delays } = watched([], { check: () => closing.promise });
    health.doubt(refused);
    health.close();
    closing.reject(refused);
    expect(await health.verdict()).to.equal(false);
    health.doubt(refused);
    health.fail(refused);
    expect([changes, delays]).to.deep.equal([[], []]);
  });
});
