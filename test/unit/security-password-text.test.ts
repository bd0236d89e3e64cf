import { expect } from 'chai';

import { isPassword } from '../../src/security/password-text.ts';

describe('what can be a password', () => {
  for (const [what, text, can] of [
    ['text', 'correct horse', true],
    ['text of any script', 'пароль 密码 🔑', true],
    ['spaces alone', '  ', true],
    ['nothing', '', false],
    ['a NUL', '\0', false],
    ['text with a NUL in it', 'a\0b', false],
    ['half a surrogate pair', 'a\ud83d', false],
    ['1024 bytes', 'é'.repeat(512), true],
    ['1025 bytes', `${'é'.repeat(512)}a`, false],
  ] as const) {
    it(`is ${can ? '' : 'not '}${what}`, () => expect(isPassword(text)).to.equal(can));
  }
});
