import { expect } from 'chai';

import { within } from '../../src/deadline.ts';

describe('work that is waited for within a limit', () => {
  it('comes to what it comes to, and is not disturbed', async () => {
    let signal: AbortSignal | undefined;
    const work = async (given: AbortSignal): Promise<string> => {
      signal = given;
      return 'done';
    };
    expect(await within(1000, work)).to.equal('done');
    expect(signal?.aborted).to.equal(false);
    const failure = new Error('it failed');
    expect(await within(1000, () => Promise.reject(failure)).catch((error: unknown) => error)).to.equal(failure);
  });

  it('is told that nobody waits any more, and why', async () => {
    const late = new Error('too late');
    let signal: AbortSignal | undefined;
    const work = (given: AbortSignal): Promise<never> => {
      signal = given;
      // What it comes to after that is nobody's any more.
      return new Promise((_, reject) => given.addEventListener('abort', () => reject(new Error('stopped'))));
    };
    const fault = await within(5, work, () => late).catch((error: unknown) => error);
    expect(fault).to.equal(late);
    expect(signal?.reason).to.equal(late);
  });

  it('says how long it took where it is not told what to say', async () => {
    const fault = await within(5, () => new Promise(() => undefined)).catch(String);
    expect(fault).to.equal('Error: no answer within 5 ms');
  });
});
