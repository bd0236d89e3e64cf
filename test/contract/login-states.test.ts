import { expect } from 'chai';

import { createMemoryStore } from '../../src/ephemeral/ephemeral-memory.ts';
import { createLoginStates } from '../../src/login/login-state.ts';
import type { LoadedLogin, LoginState } from '../../src/login/login-state.ts';
import { freshId, twenty } from '../support/at-once.ts';
import { describeOnEveryStore } from '../support/every-store.ts';

const PASSWORD = { factor: 'password', amr: ['pwd'], at: 1_000 } as const;

describeOnEveryStore('login states', (store) => {
  let uid: string;
  beforeEach(() => {
    uid = freshId();
  });
  const states = (number = 0) => createLoginStates(store(number), 60);
  const begin = async (): Promise<LoginState> => ({ proofs: [] });
  const neverBegin = () => Promise.reject(new Error('it had begun already'));

  it('begin as they are told to, once', async () => {
    const state = { userId: 'ann', authTime: 1_000, proofs: [PASSWORD], inherited: true } as const;
    const first = await states().load('acme', uid, async () => state);
    expect(first.state).to.deep.equal(state);
    expect((await states(1).load('acme', uid, neverBegin)).state).to.deep.equal(state);
  });

  it('begin as one of twenty says, for all of them', async () => {
    const loaded = await twenty((n) => states(n).load('acme', uid, async () => ({ userId: `user-${n}`, proofs: [] })));
    expect(new Set(loaded.map(({ state }) => state.userId)).size).to.equal(1);
    const saved = await Promise.all(loaded.map((one) => one.save({ proofs: [PASSWORD] })));
    expect(saved.filter(Boolean)).to.have.length(1);
  });

  it('are saved by one of twenty that read the same', async () => {
    await states().load('acme', uid, begin);
    const loaded = await twenty((n) => states(n).load('acme', uid, neverBegin));
    const saved = await Promise.all(loaded.map((one, n) => one.save({ userId: `user-${n}`, proofs: [PASSWORD] })));
    const winner = saved.indexOf(true);
    expect(saved.filter(Boolean)).to.have.length(1);
    const { state } = await states().load('acme', uid, neverBegin);
    expect(state).to.deep.equal({ userId: `user-${winner}`, proofs: [PASSWORD] });
  });

  it('are not saved by who has saved before, until they are read again', async () => {
    const loaded = await states().load('acme', uid, begin);
    expect(await loaded.save({ proofs: [PASSWORD] })).to.equal(true);
    expect(await loaded.save({ proofs: [] })).to.equal(false);
    const again = await states(1).load('acme', uid, neverBegin);
    expect(again.state.proofs).to.deep.equal([PASSWORD]);
    expect(await again.save({ proofs: [] })).to.equal(true);
  });

  it('go on from what was saved, for one of twenty', async () => {
    await states().load('acme', uid, begin);
    const loaded = await twenty((n) => states(n).load('acme', uid, neverBegin));
    const advanced = await Promise.all(
      loaded.map((one, n) => one.advance({ userId: `user-${n}`, proofs: [PASSWORD] })),
    );
    const [first, ...others] = advanced.filter((one) => one !== undefined);
    expect(others).to.deep.equal([]);
    expect(await first?.save({ ...first.state, finishing: true })).to.equal(true);
    expect((await states().load('acme', uid, neverBegin)).state).to.deep.equal({ ...first?.state, finishing: true });
  });

  it('are each tenant’s own', async () => {
    const ours = await states().load('acme', uid, begin);
    await states().load('globex', uid, async () => ({ userId: 'somebody else', proofs: [] }));
    expect(await ours.save({ userId: 'ann', proofs: [] })).to.equal(true);
    expect((await states().load('globex', uid, neverBegin)).state.userId).to.equal('somebody else');
  });

  describe('take forms', () => {
    it('one after the other, each finding what the one before did', async () => {
      await states().load('acme', uid, begin);
      let running = 0;
      const saved = await twenty((n) =>
        states(n).inTurn('acme', uid, async () => {
          expect(running++).to.equal(0);
          const { state, save } = await states(n).load('acme', uid, neverBegin);
          const next = await save({ proofs: [...state.proofs, PASSWORD] });
          running--;
          return next;
        }),
      );
      expect(saved).to.deep.equal(Array.from({ length: 20 }, () => true));
      expect((await states().load('acme', uid, neverBegin)).state.proofs).to.have.length(20);
    });

    it('of another login at the same time', async () => {
      const answer = await states().inTurn('acme', uid, () =>
        states(1).inTurn('globex', uid, () => states(1).inTurn('acme', freshId(), async () => 'answered')),
      );
      expect(answer).to.equal('answered');
    });

    it('after one that failed', async () => {
      const failed = states().inTurn('acme', uid, () => Promise.reject(new Error('directory down')));
      expect(await failed.catch((error: unknown) => error)).to.be.instanceOf(Error);
      const started = Date.now();
      expect(await states(1).inTurn('acme', uid, async () => 'answered')).to.equal('answered');
      expect(Date.now() - started).to.be.lessThan(1_000);
    });
  });
});

describe('login states that nobody finishes', () => {
  it('begin anew when their time is over, and take no more from who had read them', async () => {
    let now = Date.now();
    const store = createMemoryStore({ now: () => now });
    const states = createLoginStates(store, 60);
    const load = (): Promise<LoadedLogin> => states.load('acme', 'uid', async () => ({ proofs: [] }));
    const stale = await load();
    expect(await stale.save({ userId: 'ann', proofs: [PASSWORD] })).to.equal(true);
    const read = await load();
    now += 61_000;
    expect(await read.save({ userId: 'ann', proofs: [PASSWORD, PASSWORD] })).to.equal(false);
    expect((await load()).state).to.deep.equal({ proofs: [] });
    await store.close();
  });
});
