import { expect } from 'chai';

import { writeEntry, writeResult } from '../../src/demo/directory/responses.ts';
import { berCursor, MalformedMessage, messageLength, messageSplitter, tag } from '../../src/directory/ldap/ber.ts';
import { readResponse } from '../../src/directory/ldap/responses.ts';
import { seededRandom } from '../support/seeded-random.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('reading BER', () => {
  it('takes a structure apart', () => {
    const outer = berCursor(hex('30 0e 0201 ff 0101 00 3006 0402 6869 0400'));
    const inner = outer.enter();
    expect(inner.peek()).to.equal(tag.integer);
    expect(inner.integer()).to.equal(-1);
    expect(inner.boolean()).to.equal(false);
    const texts = inner.enter();
    expect([texts.text(), texts.text(), texts.more, inner.more, outer.more]).to.deep.equal([
      'hi',
      '',
      false,
      false,
      false,
    ]);
  });

  it('refuses what is not there, not whole or not what was asked for', () => {
    for (const bytes of [
      '',
      '04',
      '0405 6869',
      '0484 ffffffff 00',
      '0484 80000000',
      '0480',
      '0485 0000000001 00',
      '0201 01',
    ]) {
      expect(() => berCursor(hex(bytes)).text(), bytes).to.throw(MalformedMessage);
    }
    for (const bytes of ['0200', '0205 0102030405', '0201']) {
      expect(() => berCursor(hex(bytes)).integer(), bytes).to.throw(MalformedMessage);
    }
  });
});

describe('cutting a stream into messages', () => {
  const messages = [
    hex('30050201016100'),
    hex(`3081c8${'00'.repeat(200)}`),
    hex(`30820100${'11'.repeat(256)}`),
    hex('3000'),
  ];
  const stream = Buffer.concat(messages);

  it('finds each message, whatever the pieces', () => {
    for (const size of [1, 2, 3, 7, 100, stream.length]) {
      const found: Buffer[] = [];
      const feed = messageSplitter(1000, (message) => found.push(message));
      for (let at = 0; at < stream.length; at += size) feed(stream.subarray(at, at + size));
      expect(
        found.map((message) => message.toString('hex')),
        `${size}`,
      ).to.deep.equal(messages.map((m) => m.toString('hex')));
    }
  });

  it('refuses a message over the limit before it comes', () => {
    const feed = messageSplitter(100, () => undefined);
    expect(() => feed(hex('3062'))).not.to.throw();
    expect(() => messageSplitter(100, () => undefined)(hex('3063'))).to.throw(MalformedMessage, 'claims 101 bytes');
    expect(messageLength(hex('3084 0000'), 100)).to.equal(undefined);
  });

  it('takes time in proportion to the bytes', () => {
    const started = performance.now();
    let count = 0;
    const feed = messageSplitter(10_000_000, () => (count += 1));
    feed(Buffer.concat(Array.from({ length: 200_000 }, () => hex('30050201016100'))));
    const large = Buffer.concat([hex('3083 895440'), Buffer.alloc(9_000_000)]);
    for (let at = 0; at < large.length; at += 1000) feed(large.subarray(at, at + 1000));
    expect(count).to.equal(200_001);
    expect(performance.now() - started).to.be.lessThan(2000);
  });
});

describe('reading responses', () => {
  it('ends in an answer or in MalformedMessage, and soon, for 5000 messages with bytes changed', () => {
    const attributes = [
      { name: 'cn', values: ['Ann', 'Anna'] },
      { name: 'mail', values: ['ann@fixture.test'] },
      { name: 'description', values: ['x'.repeat(200)] },
    ];
    const sound = [
      writeEntry(7, { dn: 'uid=ann,dc=fake,dc=test', attributes }),
      writeResult(7, 'bind', { code: 'success', controls: [{ oid: '1.2.3', value: hex('3003810102') }] }),
      writeResult(7, 'search', { code: 'noSuchObject', diagnosticMessage: 'gone' }),
    ];
    const random = seededRandom(20_240_229);
    const started = performance.now();
    let refused = 0;
    for (let round = 0; round < 5000; round += 1) {
      const message = Buffer.from(sound[round % sound.length] ?? '');
      for (let change = random(4); change >= 0; change -= 1) message[random(message.length)] = random(256);
      try {
        readResponse(message);
      } catch (error) {
        expect(error, message.toString('hex')).to.be.instanceOf(MalformedMessage);
        refused += 1;
      }
    }
    expect(refused).to.be.greaterThan(500);
    expect(performance.now() - started).to.be.lessThan(5000);
  });
});
