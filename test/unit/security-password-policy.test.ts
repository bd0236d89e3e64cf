import { expect } from 'chai';

import { checkPassword } from '../../src/security/password-policy.ts';

const knownWords = ['Acme Widgets', 'ann.lee', 'Ann Lee', 'Annalise', 'ann.lee@example.com'];
const alone = { withSecondFactor: false, knownWords };
const withSecondFactor = { withSecondFactor: true, knownWords };

describe('which passwords may be kept here', () => {
  for (const [title, password, context] of [
    ['fifteen characters that stand alone', 'otter mango fen', alone],
    ['eight beside a second factor', 'kx7!qmwz', withSecondFactor],
    ['256 characters', [...'😀otter-mango-fen '.repeat(16)].slice(0, 256).join(''), alone],
    ['characters of any script', 'жёлтый-слон-пьёт', alone],
    ['no capital, digit or sign, as there are no composition rules', 'ottermangofennel', alone],
    ['a known word with enough around it', 'acme otters eat mangoes', alone],
    ['a short name inside another word', 'xleekannz', withSecondFactor],
  ] as const) {
    it(`accepts ${title}`, () => {
      expect(checkPassword(password, context)).to.deep.equal({ ok: true, value: undefined });
    });
  }

  for (const [reason, title, password, context] of [
    ['too-short', 'fourteen characters that stand alone', 'otter mango fe', alone],
    ['too-short', 'seven beside a second factor', 'kx7!qmw', withSecondFactor],
    ['too-short', 'seven characters of two code units each', '🦊🦊🐙🐙🦀🦀🐝', withSecondFactor],
    ['too-short', 'nothing', '', withSecondFactor],
    ['too-long', '257 characters', 'x7'.repeat(129).slice(0, 257), alone],
    ['common', 'a leaked password', 'trustno1', withSecondFactor],
    ['common', 'one in capitals', 'TrustNo1', withSecondFactor],
    ['common', 'one in fullwidth letters', 'ｔｒｕｓｔｎｏ１', withSecondFactor],
    ['common', 'one made longer by digits and signs', '!!password12345!!', alone],
    ['common', 'one written twice', 'sunshinesunshine', alone],
    ['common', 'one written several times', 'dragondragondragon', alone],
    ['common', 'one character over and over', 'aaaaaaaaaaaaaaaaaa', alone],
    ['common', 'two characters by turns', 'xyxyxyxyxyxyxyxy', alone],
    ['common', 'digits only, over and over', '123456123456123456', alone],
    ['personal', 'little more than the tenant’s name', 'AcmeWidgets2026', alone],
    ['personal', 'little more than the person’s name', 'Annalise-1984!!', alone],
    ['personal', 'the mail address', 'ann.lee@example.com', alone],
    ['personal', 'the tenant’s name beside a second factor', 'widgets!', withSecondFactor],
  ] as const) {
    it(`refuses ${title}: ${reason}`, () => {
      expect(checkPassword(password, context)).to.deep.equal({ ok: false, reason });
    });
  }

  it('answers in no time, however the password is made', () => {
    const start = performance.now();
    for (const password of ['ab'.repeat(127) + 'c', '1'.repeat(255) + 'x', '\ufdfa'.repeat(256)])
      checkPassword(password, alone);
    expect(performance.now() - start).to.be.below(200);
  });
});
