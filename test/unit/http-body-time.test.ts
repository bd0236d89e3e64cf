import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';

import { expect } from 'chai';

import { withoutLulls } from '../../src/http/body-time.ts';

describe('a body that is read as it comes', () => {
  it('is what was sent, however long it takes as a whole', async () => {
    async function* slow() {
      for (const part of ['a', 'b', 'c', 'd']) {
        await delay(30);
        yield Buffer.from(part);
      }
    }
    expect(await text(withoutLulls(Readable.from(slow()), 100))).to.equal('abcd');
  });

  it('breaks off where nothing comes, and leaves the connection alone', async () => {
    const body = new PassThrough();
    body.write('a');
    const fault = await text(withoutLulls(body, 50)).catch((error: unknown) => error);
    expect(fault).to.be.instanceOf(Error).with.property('message', 'nothing came for 0.05 seconds');
    expect(body.destroyed).to.equal(false);
  });

  it('has all the time of whoever reads it', async () => {
    const body = new PassThrough();
    body.end('x'.repeat(1024 * 1024));
    const read = withoutLulls(body, 50);
    let length = 0;
    for await (const part of read) {
      length += String(part).length;
      if (length < 200_000) await delay(80);
    }
    expect(length).to.equal(1024 * 1024);
  });

  it('ends as it breaks off itself, and nobody need listen', async () => {
    const body = new PassThrough();
    const read = withoutLulls(body, 1000);
    read.resume();
    await delay(10);
    body.destroy(new Error('the sender has gone'));
    await delay(10);
    expect(read.destroyed).to.equal(true);
  });
});
