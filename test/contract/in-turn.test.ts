import { expect } from 'chai';

import { inTurn } from '../../src/ephemeral/in-turn.ts';
import type { Turn } from '../../src/ephemeral/in-turn.ts';
import { freshId, twenty } from '../support/at-once.ts';
import { describeOnEveryStore } from '../support/every-store.ts';

const LONGEST = 10;

describeOnEveryStore('a turn', (store) => {
  let key: string;
  beforeEach(() => {
    key = freshId();
  });
  const traced = (number: number) => inTurn(store(number), key, LONGEST, async (turn) => turn.traced);
  const leaving = (number: number) => inTurn(store(number), key, LONGEST, async (turn: Turn) => turn.leaveTrace());

  it('tells nothing of those before who left no trace', async () => {
    expect(new Set(await twenty(traced))).to.deep.equal(new Set([false]));
  });

  it('tells of a trace, to one after the other', async () => {
    let running = 0;
    const told = await twenty((n) =>
      inTurn(store(n), key, LONGEST, async (turn) => {
        expect(running++).to.equal(0);
        turn.leaveTrace();
        await store(n).ping(1000);
        running--;
        return turn.traced;
      }),
    );
    expect(
      told.filter((one) => !one),
      'the first',
    ).to.have.lengthOf(1);
  });

  it('takes a trace with it that nobody leaves anew', async () => {
    await leaving(0);
    expect([await traced(1), await traced(0)]).to.deep.equal([true, false]);
  });

  it('leaves a trace where the work fails after it was to be left', async () => {
    const failed = inTurn(store(), key, LONGEST, async (turn) => {
      turn.leaveTrace();
      throw new Error('the directory does not answer');
    });
    expect(await failed.catch((fault: unknown) => fault)).to.be.instanceOf(Error);
    expect(await traced(1)).to.equal(true);
  });

  it('is taken at last from who does not give it back, and tells of that', async () => {
    await store().add(key, 'of a process that died', LONGEST);
    expect(await inTurn(store(1), key, 1, async (turn) => turn.traced)).to.equal(true);
  });
});
