import { expect } from 'chai';

import { normalizeLoginName } from '../../src/security/login-name.ts';

describe('a login name as it is compared and counted', () => {
  for (const [typed, compared] of [
    ['ann', 'ann'],
    ['  Ann ', 'ann'],
    ['ANN@Example.COM', 'ann@example.com'],
    ['ａｎｎ', 'ann'],
    ['ﬁona', 'fiona'],
    ['Ann\u00a0 Lee', 'ann lee'],
    ['Zoe\u0308', 'zoë'],
    ['J\u030can', '\u01f0an'],
    ['İpek', 'i̇pek'],
    ['ann\t', 'ann'],
    ['*', '*'],
    ['a*)(uid=*', 'a*)(uid=*'],
    ['x'.repeat(256), 'x'.repeat(256)],
  ] as const) {
    it(`takes ${JSON.stringify(typed.slice(0, 20))} for ${JSON.stringify(compared.slice(0, 20))}`, () => {
      expect(normalizeLoginName(typed)).to.deep.equal({ ok: true, value: compared });
      expect(normalizeLoginName(compared), 'it is settled').to.deep.equal({ ok: true, value: compared });
    });
  }

  for (const [title, typed] of [
    ['nothing', ''],
    ['spaces', ' \u3000 '],
    ['a NUL', 'ann\0'],
    ['a line feed inside', 'ann\nlee'],
    ['a zero width space', 'an\u200bn'],
    ['a right-to-left override', '\u202enna'],
    ['a soft hyphen', 'an\u00adn'],
    ['a lone surrogate', 'ann\ud83d'],
    ['257 characters', 'x'.repeat(257)],
    ['a name that NFKC makes too long', '\ufdfa'.repeat(100)],
  ] as const) {
    it(`refuses ${title}`, () => {
      expect(normalizeLoginName(typed)).to.deep.equal({ ok: false, reason: 'malformed' });
    });
  }
});
