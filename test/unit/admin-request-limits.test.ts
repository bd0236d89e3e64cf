import { expect } from 'chai';

import type { Caller } from '../../src/admin/caller.ts';
import { Problem } from '../../src/admin/problem.ts';
import { createRequestLimits } from '../../src/admin/http/request-limits.ts';
import { createMemoryStore } from '../../src/ephemeral/ephemeral-memory.ts';

const caller = (id: string): Caller => ({
  kind: 'api-key',
  id,
  tenant: { id: 't1', slug: 'acme' },
  permissions: new Set(),
  managedGroups: new Set(),
});

async function refusal(asked: Promise<void>): Promise<number> {
  const thrown = await asked.then(
    () => expect.fail('it was let through'),
    (error: unknown) => error,
  );
  if (!(thrown instanceof Problem)) throw thrown;
  expect(thrown.code).to.equal('too-many-requests');
  return thrown.retryAfter ?? expect.fail('it does not say for how long');
}

describe('the limits of the admin API', () => {
  const store = createMemoryStore();
  const limits = createRequestLimits(store);
  after(() => store.close());

  const times = async (count: number, ask: () => Promise<void>) => {
    for (let done = 0; done < count; done++) await ask();
  };

  it('let one caller ask twelve hundred times a minute, and others go on', async () => {
    await times(1200, () => limits.assertWithinRate(caller('busy')));
    const seconds = await refusal(limits.assertWithinRate(caller('busy')));
    expect(seconds).to.be.within(1, 60);
    await limits.assertWithinRate(caller('idle'));
    await limits.assertWithinRate({ ...caller('busy'), kind: 'client' });
    await limits.assertWithinRate({ ...caller('busy'), tenant: { id: 't2', slug: 'globex' } });
  });

  it('keep out a network from which a hundred tokens were wrong, before the next one is looked at', async () => {
    await times(100, () => limits.failed('2001:db8::1'));
    await limits.assertMayTry('2001:db8::1');
    await limits.failed('2001:db8::2');
    const seconds = await refusal(limits.assertMayTry('2001:db8::3'));
    expect(seconds).to.be.within(1, 300);
    await limits.assertMayTry('2001:db8:0:1::1');
    await limits.assertMayTry('192.0.2.1');
  });
});
