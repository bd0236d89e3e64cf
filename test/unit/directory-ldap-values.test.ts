import { expect } from 'chai';

import { guidBytes, guidText, hasBit, neighbouringSid, readTime } from '../../src/directory/ldap/values.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('a time, as directories write it', () => {
  for (const [written, time] of [
    ['20261120225749Z', '2026-11-20T22:57:49.000Z'],
    ['20261120225749.123456Z', '2026-11-20T22:57:49.000Z'],
    ['20261120225749,5Z', '2026-11-20T22:57:49.000Z'],
    ['202611202257Z', '2026-11-20T22:57:00.000Z'],
    ['2026112022Z', '2026-11-20T22:00:00.000Z'],
    ['20261120225749+0100', '2026-11-20T21:57:49.000Z'],
    ['20261120225749-03', '2026-11-21T01:57:49.000Z'],
    ['20240229000000Z', '2024-02-29T00:00:00.000Z'],
    ['19700101000000Z', '1970-01-01T00:00:00.000Z'],
    // FILETIME: 100 ns since 1601.
    ['116444736000000000', '1970-01-01T00:00:00.000Z'],
    ['134396959422320850', '2026-11-21T00:52:22.232Z'],
    ['132000000000000000', '2019-04-17T18:40:00.000Z'],
    // Days since 1970.
    ['1', '1970-01-02T00:00:00.000Z'],
    ['20778', '2026-11-21T00:00:00.000Z'],
  ] as const) {
    it(`is read: ${written}`, () => {
      expect(readTime(written)?.toISOString()).to.equal(time);
    });
  }

  for (const written of [
    ...['', '0', '-1', '000000', 'never', '9223372036854775807', '9223372036854775808', '1e5', '0x10', '1.5', ' 20778'],
    ...['20261320225749Z', '20261120225749', '20261120256749Z', '202611202257491', '20261120225749+1', '2026112Z'],
  ]) {
    it(`is not made up: ${JSON.stringify(written)}`, () => {
      expect(readTime(written)).to.equal(undefined);
    });
  }
});

describe('a GUID', () => {
  const bytes = hex('40daf6cd f8b5 d445 9c41 a98b9e5b09b1');
  const text = 'cdf6da40-b5f8-45d4-9c41-a98b9e5b09b1';

  it('is shown with its first three numbers turned round, and asked for as it came', () => {
    expect(guidText(bytes)).to.equal(text);
    expect(guidBytes(text)).to.deep.equal(bytes);
    expect(guidBytes(text.toUpperCase())).to.deep.equal(bytes);
    expect(bytes.toString('hex')).to.equal('40daf6cdf8b5d4459c41a98b9e5b09b1');
  });

  it('is nothing else', () => {
    for (const other of [
      '',
      'alice',
      text.slice(1),
      `${text}0`,
      `{${text}}`,
      text.replaceAll('-', ''),
      '*',
      `${text}\n`,
    ]) {
      expect(guidBytes(other), other).to.equal(undefined);
    }
    for (const length of [0, 15, 17]) expect(() => guidText(Buffer.alloc(length))).to.throw(RangeError);
  });
});

describe('a security identifier', () => {
  const alice = hex('01 05 000000000005 15000000 b84b8314 fed337c7 bd292ff6 4e040000');

  it('has those of its domain beside it', () => {
    const users = hex('01 05 000000000005 15000000 b84b8314 fed337c7 bd292ff6 01020000');
    expect(neighbouringSid(alice, '513')).to.deep.equal(users);
    expect(neighbouringSid(alice, '4294967295')?.subarray(-4)).to.deep.equal(hex('ffffffff'));
    expect(alice.readUInt32LE(alice.length - 4)).to.equal(1102);
  });

  it('has none where it, or the number, is not one', () => {
    for (const rid of ['', '-1', '5.1', '4294967296', '99999999999', '0x201', 'users']) {
      expect(neighbouringSid(alice, rid), rid).to.equal(undefined);
    }
    for (const sid of [Buffer.alloc(0), alice.subarray(1), alice.subarray(0, -4), Buffer.concat([alice, alice])]) {
      expect(neighbouringSid(sid, '513')).to.equal(undefined);
    }
  });
});

describe('a bit of a number', () => {
  it('is told from the others', () => {
    expect(hasBit('514', 2)).to.equal(true);
    expect(hasBit('512', 2)).to.equal(false);
    expect(hasBit('-2147483646', 2)).to.equal(true);
    expect(hasBit('4294967298', 4_294_967_296)).to.equal(true);
    expect(hasBit('4294967298', 1)).to.equal(false);
  });

  it('is in nothing else', () => {
    for (const text of ['', 'TRUE', '0x2', '2.0', ' 2', '99999999999999999999'])
      expect(hasBit(text, 2), text).to.equal(false);
  });
});
