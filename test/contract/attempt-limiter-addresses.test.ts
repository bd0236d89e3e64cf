import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';

import { createMemoryStore } from '../../src/ephemeral/ephemeral-memory.ts';
import { storageUnavailable } from '../../src/errors.ts';
import { createAttemptLimiter } from '../../src/security/attempt-limiter.ts';
import { describeAttemptLimiter } from '../support/attempt-limiter.ts';

describeAttemptLimiter('counting by address and tenant', (door) => {
  const { attempts, failTimes, reservation, counters, anotherTenant } = door;

  it('counts an address over all accounts', async () => {
    const address = uuidv7();
    const reserve = attempts({ perAddress: 20 });
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => reserve({ address, subjects: [uuidv7()] })));
    expect(outcomes.filter((outcome) => outcome.ok)).to.have.lengthOf(20);
    expect(await counters(), 'no account is counted for the rest').to.have.lengthOf(20);
    for (const outcome of outcomes) if (!outcome.ok) expect(outcome.retryAfter).to.be.within(1, 300);
    expect((await reserve({ subjects: ['bob'] })).ok, 'from elsewhere').to.equal(true);
  });

  it('counts a tenant over all addresses', async () => {
    const reserve = attempts({ perTenant: 10 });
    const outcomes = await Promise.all(Array.from({ length: 30 }, () => reserve({ subjects: [uuidv7()] })));
    expect(outcomes.filter((outcome) => outcome.ok)).to.have.lengthOf(10);
    expect((await reserve({ tenantId: await anotherTenant() })).ok).to.equal(true);
  });

  it('does not hold an office’s sign-ins against its address', async () => {
    const address = uuidv7();
    const reserve = attempts({ perAddress: 5, perTenant: 5 });
    for (let i = 0; i < 12; i++) {
      const held = await reservation(reserve, { address, subjects: [`person-${i}`] });
      await (i % 2 ? held.succeeded() : held.release());
    }
    await failTimes(5, reserve, { address, subjects: [] });
    expect((await reserve({ address, subjects: [] })).ok).to.equal(false);
  });

  it('takes all addresses of an IPv6 network for one, however they are written', async () => {
    const group = () => Math.floor(Math.random() * 0xefff + 0x1000).toString(16);
    const network = [group(), group()];
    const [high, low] = network;
    const reserve = attempts({ perAddress: 2 });
    const from = (address: string) => reserve({ address, subjects: [] });
    expect((await from(`2001:db8:${high}:${low}::1`)).ok).to.equal(true);
    expect((await from(`2001:0DB8:${high}:${low}:ffff:1:2:3`)).ok).to.equal(true);
    expect((await from(`2001:db8:${high}:${low}:0:0:192.0.2.1`)).ok).to.equal(false);
    expect((await from(`2001:db8:${low}:${high}::1`)).ok).to.equal(true);
    const ip = `198.51.${parseInt(group(), 16) % 256}.${parseInt(group(), 16) % 256}`;
    for (const [address, ok] of [
      [ip, true],
      [`::ffff:${ip}`, true],
      [`::FFFF:${ip}`, false],
    ] as const) {
      expect((await from(address)).ok, address).to.equal(ok);
    }
  });

  it('starts a new count for addresses when the window is over', async () => {
    const address = uuidv7();
    let now = Date.now();
    const reserve = attempts({ perAddress: 1, window: 300, clock: () => now });
    await failTimes(1, reserve, { address });
    const refusal = await reserve({ address });
    if (refusal.ok) throw new Error('not blocked');
    now += refusal.retryAfter * 1000;
    expect((await reserve({ address })).ok).to.equal(true);
  });
});

describe('the attempt limiter without its store', () => {
  it('lets nobody through', async () => {
    const down = { ...createMemoryStore(), increment: () => Promise.reject(storageUnavailable(new Error('refused'))) };
    const counters = { count: () => Promise.reject(new Error('never asked')), clear: () => Promise.resolve() };
    const attempt = { tenantId: 't', kind: 'password', subjects: ['ann'], address: '192.0.2.1' } as const;
    const fault = await createAttemptLimiter({ counters, store: down })
      .reserve(attempt)
      .catch((error: unknown) => error);
    expect(fault).to.include({ code: 'storage_unavailable', status: 503 });
  });
});
