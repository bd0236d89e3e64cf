// What every ephemeral store must do. Each adapter calls this in a few lines.

import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import type { EphemeralStore } from '../../src/ephemeral/ephemeral-store.ts';
import { eventually } from '../support/eventually.ts';

/** `open` answers stores that share their entries, as two processes would: one, or several. */
export function describeEphemeralStore(name: string, open: () => Promise<EphemeralStore[]>): void {
  describe(`ephemeral store: ${name}`, () => {
    let stores: EphemeralStore[];
    let key: string;

    before(async () => {
      stores = await open();
    });
    after(async () => {
      await Promise.all(stores.map((store) => store.close()));
    });
    beforeEach(() => {
      key = randomUUID();
    });

    /** The next one in turn, so that what one store wrote another one reads. */
    let turn = 0;
    const store = (): EphemeralStore => stores[turn++ % stores.length] ?? expect.fail('no store was opened');

    /** The answers of twenty calls at once, over all stores. */
    const twenty = <T>(call: (store: EphemeralStore, index: number) => Promise<T>): Promise<T[]> =>
      Promise.all(Array.from({ length: 20 }, (_, index) => call(store(), index)));

    it('gives back what was put, whatever characters it has', async () => {
      const value = 'ü\n\u0000{"a": "𝒳"}';
      await store().put(key, value, 60);
      expect(await store().get(key)).to.equal(value);
      await store().put(key, '', 60);
      expect(await store().get(key)).to.equal('');
    });

    it('knows nothing of a key that was never put, or was removed', async () => {
      expect(await store().get(key)).to.equal(undefined);
      await store().put(key, 'v', 60);
      await store().remove(key);
      expect(await store().get(key)).to.equal(undefined);
      await store().remove(key);
    });

    it('removes exactly what is expected', async () => {
      await store().put(key, 'theirs', 60);
      await store().removeExactly(key, 'mine');
      expect(await store().get(key)).to.equal('theirs');
      await store().removeExactly(key, 'theirs');
      expect(await store().get(key)).to.equal(undefined);
      await store().removeExactly(key, 'theirs');
    });

    it('answers many keys in their order', async () => {
      await store().put(`${key}:a`, '1', 60);
      await store().put(`${key}:b`, '2', 60);
      expect(await store().getMany([`${key}:b`, `${key}:none`, `${key}:a`])).to.deep.equal(['2', undefined, '1']);
      expect(await store().getMany([])).to.deep.equal([]);
    });

    it('forgets an entry after its time, and lets the key be added anew', async () => {
      await store().put(key, 'v', 1);
      expect(await store().get(key)).to.equal('v');
      await eventually('the entry expires', async () => (await store().get(key)) === undefined);
      expect(await store().add(key, 'w', 60)).to.equal(true);
    });

    it('gives a replaced entry its new time', async () => {
      await store().put(key, 'old', 1);
      await store().put(`${key}:other`, 'old', 1);
      expect(await store().replace(key, 'old', 'new', 60)).to.equal(true);
      await eventually('the other entry expires', async () => (await store().get(`${key}:other`)) === undefined);
      expect(await store().get(key)).to.equal('new');
    });

    it('adds only where nothing is', async () => {
      expect(await store().add(key, 'first', 60)).to.equal(true);
      expect(await store().add(key, 'second', 60)).to.equal(false);
      expect(await store().get(key)).to.equal('first');
    });

    it('replaces only what was expected', async () => {
      expect(await store().replace(key, '', 'new', 60)).to.equal(false);
      await store().put(key, 'old', 60);
      expect(await store().replace(key, 'other', 'new', 60)).to.equal(false);
      expect(await store().replace(key, 'old', 'new', 60)).to.equal(true);
      expect(await store().get(key)).to.equal('new');
    });

    it('takes an entry away with its value', async () => {
      await store().put(key, 'v', 60);
      expect(await store().take(key)).to.equal('v');
      expect(await store().take(key)).to.equal(undefined);
    });

    it('counts from the first increment on, until the counter has lived its time', async () => {
      expect(await store().increment(key, 1)).to.deep.equal({ count: 1, secondsLeft: 1 });
      // The later call's longer time changes nothing.
      expect(await store().increment(key, 600)).to.deep.equal({ count: 2, secondsLeft: 1 });
      const restarted = await eventually('the counter expires', async () => {
        const counted = await store().increment(key, 600);
        return counted.count === 1 && counted;
      });
      expect(restarted.secondsLeft).to.be.within(599, 600);
    });

    it('refuses a time to live below a second', async () => {
      for (const ttl of [0, -1, NaN]) {
        const refused = await store()
          .put(key, 'v', ttl)
          .catch((error: unknown) => error);
        expect(refused).to.be.instanceOf(RangeError);
      }
    });

    it('answers a ping', async () => {
      await store().ping(1_000);
    });

    describe('twenty at once', () => {
      it('add: one wins, and its value stays', async () => {
        const won = await twenty((store, index) => store.add(key, `${index}`, 60));
        expect(won.filter(Boolean)).to.have.lengthOf(1);
        expect(await store().get(key)).to.equal(`${won.indexOf(true)}`);
      });

      it('replace: one wins, and its value stays', async () => {
        await store().put(key, 'old', 60);
        const won = await twenty((store, index) => store.replace(key, 'old', `${index}`, 60));
        expect(won.filter(Boolean)).to.have.lengthOf(1);
        expect(await store().get(key)).to.equal(`${won.indexOf(true)}`);
      });

      it('take: one gets the value', async () => {
        await store().put(key, 'v', 60);
        const taken = await twenty((store) => store.take(key));
        expect(taken.filter((value) => value === 'v')).to.have.lengthOf(1);
        expect(taken.filter((value) => value === undefined)).to.have.lengthOf(19);
      });

      it('increment: each gets a count of its own', async () => {
        const counted = await twenty((store) => store.increment(key, 60));
        const counts = counted.map(({ count }) => count).sort((a, b) => a - b);
        expect(counts).to.deep.equal(Array.from({ length: 20 }, (_, index) => index + 1));
      });
    });
  });
}
