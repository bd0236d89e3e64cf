import { expect } from 'chai';

import { AppError } from '../../src/errors.ts';
import { createEmailCode } from '../../src/second-factors/email-code.ts';
import { newCode } from '../../src/second-factors/one-time-code.ts';
import type { Enrolment, FactorPerson, SecondFactor } from '../../src/second-factors/second-factor.ts';
import { createSmsCode } from '../../src/second-factors/sms-code.ts';

const PERSON: FactorPerson = { tenantId: 't1', userId: 'u1', accountName: 'ann', displayName: 'Ann' };
const CODES = { length: 6, life: 300 };
const NOW = new Date();

const KINDS = {
  sms: {
    factor: createSmsCode({ ...CODES, countries: ['CH'], country: 'CH' }),
    longer: createSmsCode({ ...CODES, length: 8, countries: ['CH'] }),
    typed: '079 123 45 67',
    contact: '+41791234567',
    another: '+41791234568',
    masked: '+41 ** *** ** 67',
    amr: ['otp', 'sms'],
  },
  email: {
    factor: createEmailCode(CODES),
    longer: createEmailCode({ ...CODES, length: 8 }),
    typed: ' Ann@Example.com',
    contact: 'Ann@example.com',
    another: 'bob@example.com',
    masked: 'A***@example.com',
    amr: ['otp'],
  },
} as const;

for (const [id, { factor, longer, typed, contact, another, masked, amr }] of Object.entries(KINDS)) {
  const enrolment = (secret: string, enrolmentId = 'e1'): Enrolment => ({
    id: enrolmentId,
    factor: factor.id,
    name: '',
    secret,
    createdAt: NOW,
    lastUsedAt: undefined,
  });
  const owned = [enrolment(contact)];

  async function asked(by: SecondFactor = factor, person = PERSON) {
    const challenge = await by.ask?.(person, owned);
    if (!challenge?.ok || !challenge.value.message) throw new Error('nothing was asked');
    const { kept, life, message } = challenge.value;
    return { kept, life, message };
  }
  const verify = (kept: string | undefined, answer: string, person = PERSON, of = owned) =>
    factor.verify(person, of, kept, answer, NOW);

  describe(`a code by ${id}`, () => {
    it('goes to what was enrolled, and is accepted once it comes back', async () => {
      const { kept, life, message } = await asked();
      expect(life).to.equal(300);
      expect(message).to.include({ channel: id, to: contact });
      expect(message.code).to.match(/^\d{6}$/);
      expect(await verify(kept, message.code)).to.deep.equal({
        ok: true,
        value: { enrolmentId: 'e1', amr, use: { kind: 'challenge' } },
      });
    });

    it('may be typed in groups, with dashes and in fullwidth digits', async () => {
      const { kept, message } = await asked();
      const [a = '', b = ''] = message.code.match(/.{3}/g) ?? [];
      const wide = message.code.replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit)));
      for (const answer of [`${a} ${b}`, ` ${a}-${b}\n`, `${a}\u2011${b}`, `${a}\u00a0${b}`, wide]) {
        expect(await verify(kept, answer), JSON.stringify(answer)).to.include({ ok: true });
      }
    });

    it('is malformed, wrong or expired, each for its own reason', async () => {
      const { kept, message } = await asked();
      const wrong = String((Number(message.code) + 1) % 1_000_000).padStart(6, '0');
      for (const answer of ['', message.code.slice(1), `${message.code}0`, 'abcdef', '١٢٣٤٥٦', `${message.code}x`]) {
        expect(await verify(kept, answer), answer).to.deep.equal({ ok: false, reason: 'malformed' });
      }
      expect(await verify(kept, wrong)).to.deep.equal({ ok: false, reason: 'wrong' });
      expect(await verify(undefined, message.code)).to.deep.equal({ ok: false, reason: 'expired' });
      expect(await verify(kept, message.code, PERSON, [enrolment(another)])).to.deep.equal({
        ok: false,
        reason: 'expired',
      });
    });

    it("is worth nothing as another person's, tenant's or purpose's", async () => {
      const { kept, message } = await asked();
      for (const other of [{ userId: 'u2' }, { tenantId: 't2' }]) {
        expect(await verify(kept, message.code, { ...PERSON, ...other })).to.include({ reason: 'wrong' });
      }
      expect(await factor.finishEnrolment(PERSON, kept, message.code, NOW)).to.include({ reason: 'wrong' });
      const begun = await factor.beginEnrolment(PERSON, [], typed);
      if (!begun.ok || !begun.value.message) throw new Error('no enrolment was begun');
      expect(await verify(begun.value.kept, begun.value.message.code)).to.include({ reason: 'wrong' });
    });

    it('is not the code of the challenge before', async () => {
      const [before, after] = [await asked(), await asked()];
      const outcome = await verify(after.kept, before.message.code);
      expect(outcome.ok).to.equal(before.message.code === after.message.code);
      expect(before.kept).to.not.equal(after.kept);
    });

    it('is kept without itself, and of the length that it was made with', async () => {
      const { kept, message } = await asked(longer);
      expect(kept).to.not.contain(message.code);
      expect(message.code).to.match(/^\d{8}$/);
      expect(await verify(kept, message.code)).to.include({ ok: true });
      expect(await verify(kept, message.code.slice(2))).to.include({ reason: 'malformed' });
    });

    it('enrols what it was sent to, in one spelling', async () => {
      const begun = await factor.beginEnrolment(PERSON, [], typed);
      if (!begun.ok || !begun.value.message) throw new Error('no enrolment was begun');
      const { kept, message } = begun.value;
      expect(message.to).to.equal(contact);
      expect(await factor.presentEnrolment(PERSON, kept)).to.deep.equal({ factor: id, target: contact });
      expect(await factor.finishEnrolment(PERSON, kept, message.code, NOW)).to.deep.equal({
        ok: true,
        value: { enrolment: { secret: contact }, amr, use: { kind: 'challenge' } },
      });
    });

    it('shows where it went, masked', async () => {
      const { kept } = await asked();
      for (const shown of [factor.present(owned, kept), factor.present(owned, undefined)]) {
        expect(shown).to.deep.equal({ factor: id, target: masked });
      }
    });

    it('is sent nowhere that is nowhere', async () => {
      expect(await factor.beginEnrolment(PERSON, [])).to.deep.equal({ ok: false, reason: 'malformed-contact' });
      expect(await factor.beginEnrolment(PERSON, [], 'nobody')).to.deep.equal({
        ok: false,
        reason: 'malformed-contact',
      });
      expect(await factor.ask?.(PERSON, [])).to.deep.equal({ ok: false, reason: 'unreachable' });
    });

    it('cannot be read from anything else', async () => {
      const error = await verify('6:x:y:z', '123456').catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(AppError);
    });
  });
}

describe('a code by sms, in a country that the tenant no longer sends to', () => {
  it('is not sent', async () => {
    const { factor } = KINDS.sms;
    const elsewhere = { id: 'e1', factor: 'sms', name: '', createdAt: NOW, lastUsedAt: undefined } as const;
    const asked = await factor.ask?.(PERSON, [{ ...elsewhere, secret: '+4915123456789' }]);
    expect(asked).to.deep.equal({ ok: false, reason: 'unreachable' });
    expect(await factor.beginEnrolment(PERSON, [], '+4915123456789')).to.include({ reason: 'unreachable' });
  });
});

describe('a new code', () => {
  it('has any digit in any place', () => {
    const seen = Array.from({ length: 6 }, () => new Set<string>());
    for (let i = 0; i < 500; i++) [...newCode(6)].forEach((digit, place) => seen[place]?.add(digit));
    expect(seen.map((digits) => digits.size)).to.deep.equal([10, 10, 10, 10, 10, 10]);
  });
});
