import { expect } from 'chai';

import { oneFirst } from '../../src/directory/ldap/one-first.ts';

describe('opening one first', () => {
  /** Each call of `open` is pending until it is told how it ends. */
  function watched() {
    const pending: PromiseWithResolvers<string>[] = [];
    let time = 0;
    const open = oneFirst(
      () => {
        const one = Promise.withResolvers<string>();
        pending.push(one);
        return one.promise;
      },
      () => time,
    );
    const openMany = (count: number): Promise<PromiseSettledResult<string>[]> =>
      Promise.allSettled(Array.from({ length: count }, open));
    const pass = (milliseconds: number): void => void (time += milliseconds);
    return { open, openMany, pending, pass };
  }

  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const refused = new Error('refused');

  it('lets the others wait for the first, and open after it', async () => {
    const { openMany, pending } = watched();
    const opened = openMany(5);
    await settled();
    expect(pending).to.have.length(1);
    pending[0]?.resolve('one');
    await settled();
    expect(pending).to.have.length(5);
    for (const each of pending) each.resolve('another');
    const values = (await opened).map((each) => each.status === 'fulfilled' && each.value);
    expect(values).to.deep.equal(['one', 'another', 'another', 'another', 'another']);
  });

  it('lets the others fail with the first, and whoever comes later try again', async () => {
    const { open, openMany, pending } = watched();
    const opened = openMany(5);
    await settled();
    pending[0]?.reject(refused);
    expect((await opened).map((each) => each.status === 'rejected' && each.reason)).to.deep.equal(
      Array.from({ length: 5 }, () => refused),
    );
    const later = open();
    expect(pending).to.have.length(2);
    pending[1]?.resolve('well');
    expect(await later).to.equal('well');
  });

  it('takes one that came about as a proof for a second, unless another fails meanwhile', async () => {
    const { open, openMany, pending, pass } = watched();
    const first = open();
    pending.at(-1)?.resolve('one');
    await first;
    pass(999);
    const more = openMany(2);
    expect(pending).to.have.length(3);
    pending[1]?.resolve('another');
    pending[2]?.reject(refused);
    await more;
    const afterFailure = openMany(2);
    await settled();
    expect(pending).to.have.length(4);
    pending[3]?.resolve('one again');
    await settled();
    pending[4]?.resolve('another');
    await afterFailure;
    pass(1000);
    void openMany(2);
    await settled();
    expect(pending).to.have.length(6);
  });
});
