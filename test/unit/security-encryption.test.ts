import { expect } from 'chai';

import { AppError } from '../../src/errors.ts';
import { createEncryption } from '../../src/security/encryption.ts';

const K1 = { id: 'k1', secret: 'a first secret of 32 characters.' };
const K2 = { id: 'k2', secret: 'another secret of 32 characters.' };
const place = { table: 'enrolments', column: 'secret', row: 'row-1' };

/** The error code of a refusal and everything that its chain of causes says. */
function failure(work: () => unknown): { code: string; text: string } {
  try {
    work();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const texts: string[] = [];
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) texts.push(cause.message);
    return { code: error.code, text: texts.join(' | ') };
  }
  throw new Error('nothing was thrown');
}

describe('encryption at rest', () => {
  const encryption = createEncryption([K1]);

  it('gives back what it was given, whatever that is', () => {
    for (const plaintext of ['', 'JBSWY3DPEHPK3PXP', 'żółć 🗝', 'x'.repeat(100_000)]) {
      expect(encryption.decrypt(encryption.encrypt(plaintext, place), place)).to.equal(plaintext);
    }
  });

  it('names version and key, and never writes the same ciphertext twice', () => {
    const ciphertext = encryption.encrypt('seed', place);
    expect(ciphertext).to.match(/^v1\.k1\.[\w-]{16}\.[\w-]+$/);
    expect(encryption.keyIdOf(ciphertext)).to.equal('k1');
    expect(encryption.encrypt('seed', place)).not.to.equal(ciphertext);
  });

  it('binds a ciphertext to table, column and row', () => {
    const ciphertext = encryption.encrypt('seed', place);
    const elsewhere = [
      { ...place, table: 'clients' },
      { ...place, column: 'name' },
      { ...place, row: 'row-2' },
      { table: 'enrolmentssecret', column: '', row: 'row-1' },
      { table: 'enrolments', column: 'secret","row', row: '-1' },
    ];
    for (const other of elsewhere)
      expect(failure(() => encryption.decrypt(ciphertext, other)).code).to.equal('internal_error');
  });

  it('refuses a ciphertext that was altered in any part', () => {
    const ciphertext = encryption.encrypt('a seed of some length', place);
    const [version, keyId, iv = '', sealed = ''] = ciphertext.split('.');
    const flipped = (text: string, at: number) =>
      text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
    const altered = [
      [version, keyId, flipped(iv, 0), sealed],
      [version, keyId, iv, flipped(sealed, 0)],
      [version, keyId, iv, flipped(sealed, sealed.length - 3)],
      [version, keyId, iv, sealed.slice(0, -4)],
      [version, keyId, iv, ''],
      ['v2', keyId, iv, sealed],
      [version, keyId, sealed],
    ].map((parts) => parts.join('.'));
    for (const text of [...altered, '', 'plain text']) {
      expect(failure(() => encryption.decrypt(text, place)).code, text).to.equal('internal_error');
    }
  });

  it('encrypts under the first key and decrypts under all', () => {
    const old = encryption.encrypt('seed', place);
    const rotated = createEncryption([K2, K1]);
    expect(rotated.keyIds).to.deep.equal(['k2', 'k1']);
    expect(rotated.decrypt(old, place)).to.equal('seed');
    expect(rotated.keyIdOf(rotated.encrypt('seed', place))).to.equal('k2');
    expect(rotated.keyIdOf(rotated.encrypt('seed', place, 'k1'))).to.equal('k1');
  });

  it('tells a key that is gone from one whose secret is another, and betrays no secret', () => {
    const ciphertext = encryption.encrypt('the plaintext', place);
    const gone = failure(() => createEncryption([K2]).decrypt(ciphertext, place));
    expect(gone.code).to.equal('invalid_configuration');
    expect(gone.text).to.contain('k1');
    const other = failure(() => createEncryption([{ ...K2, id: 'k1' }]).decrypt(ciphertext, place));
    expect(other.code).to.equal('internal_error');
    expect(other.text).to.contain('enrolments.secret of row-1');
    expect(other.text).not.to.contain(K2.secret).and.not.contain('the plaintext');
  });

  it('takes no notice of white space around a secret, as files end in a newline', () => {
    const fromFile = createEncryption([{ ...K1, secret: `${K1.secret}\n` }]);
    expect(fromFile.decrypt(encryption.encrypt('seed', place), place)).to.equal('seed');
  });

  for (const [title, keys] of [
    ['no key', []],
    ['two keys of one name', [K1, { ...K2, id: 'k1' }]],
    ['a key id with a dot', [{ ...K1, id: 'k.1' }]],
    ['an empty key id', [{ ...K1, id: '' }]],
    ['a secret of 31 characters', [{ ...K1, secret: 'x'.repeat(31) }]],
    ['a secret of spaces', [{ ...K1, secret: ' '.repeat(40) }]],
  ] as const) {
    it(`refuses ${title}`, () => {
      const { code, text } = failure(() => createEncryption(keys));
      expect(code).to.equal('invalid_configuration');
      expect(text).not.to.contain('xxx');
    });
  }
});
