import { randomBytes } from 'node:crypto';

import { expect } from 'chai';

import { createCookieSignatures } from '../../src/security/cookie-signatures.ts';

describe('signatures of cookies', () => {
  const signatures = createCookieSignatures(randomBytes(32));
  const signature = signatures.sign('session=abc');

  it('are good for what was signed', () => {
    expect(signatures.verify('session=abc', signature)).to.equal(true);
    expect(signatures.index('session=abc', signature)).to.equal(0);
  });

  it('can stand in a cookie', () => {
    expect(signature).to.match(/^[\w-]{43}$/);
  });

  const others: [string, string, string][] = [
    ['another value', 'session=abd', signature],
    ['another cookie', 'resume=abc', signature],
    ['a signature cut short', 'session=abc', signature.slice(0, -1)],
    ['none', 'session=abc', ''],
    ['one by another key', 'session=abc', createCookieSignatures(randomBytes(32)).sign('session=abc')],
    ['characters of several bytes', 'session=abc', 'é'.repeat(43)],
  ];
  for (const [what, data, given] of others) {
    it(`are refused: ${what}`, () => {
      expect(signatures.verify(data, given)).to.equal(false);
      expect(signatures.index(data, given)).to.equal(-1);
    });
  }
});
