import { expect } from 'chai';

import { canonicalAddress, mailboxOf, maskAddress, maskNumber } from '../../src/second-factors/contacts.ts';
import { canonicalNumber } from '../../src/second-factors/phone-number.ts';

describe('a phone number', () => {
  const inSwitzerland = { country: 'CH' };

  for (const typed of [
    '+41 79 123 45 67',
    ' +41791234567 ',
    '+41 (0)79 123-45-67',
    '0041 79 123 45 67',
    '079 123 45 67',
    '079/123.45.67',
    '+４１７９１２３４５６７',
    '٠٧٩١٢٣٤٥٦٧',
  ]) {
    it(`has one spelling: ${typed}`, () => {
      expect(canonicalNumber(typed, inSwitzerland)).to.deep.equal({ ok: true, value: '+41791234567' });
    });
  }

  for (const [what, typed] of Object.entries({
    'no number': 'call me',
    nothing: '',
    'too short': '+41 79 123',
    'too long': '+41 79 123 45 67 89 01',
    'a landline': '+41 44 668 18 00',
    'a premium number': '+41 900 123 456',
    'an extension': '+41 79 123 45 67 ext. 5',
    'words around it': 'mine is +41 79 123 45 67',
    'a number of no country code': '+999 123 456 789',
    'a number without an area': '+1 555 0100',
    'another header': '+41791234567\r\nBcc: eve',
    'thousands of digits': `+41${'7'.repeat(10_000)}`,
  })) {
    it(`is refused: ${what}`, () => {
      expect(canonicalNumber(typed, inSwitzerland)).to.deep.equal({ ok: false, reason: 'malformed-contact' });
    });
  }

  it('needs its country where the tenant has no own', () => {
    expect(canonicalNumber('079 123 45 67', { countries: ['CH'] })).to.include({ reason: 'malformed-contact' });
    expect(canonicalNumber('079 123 45 67', { country: 'XX' })).to.include({ reason: 'malformed-contact' });
    expect(canonicalNumber('+41791234567', { countries: ['CH'] })).to.include({ ok: true });
  });

  it('is reached only in countries that the tenant sends to', () => {
    const policy = { countries: ['CH', 'US'], country: 'CH' };
    expect(canonicalNumber('079 123 45 67', policy)).to.include({ ok: true });
    expect(canonicalNumber('+1 202 555 0100', policy)).to.include({ ok: true });
    // Canada shares its calling code with the United States, and many an island does.
    for (const elsewhere of ['+49 1512 3456789', '+1 416 555 0100', '+1 876 210 1234']) {
      expect(canonicalNumber(elsewhere, policy), elsewhere).to.deep.equal({ ok: false, reason: 'unreachable' });
    }
  });

  it('is reached in the tenant’s own country where no others are named, and nowhere without one', () => {
    expect(canonicalNumber('+41791234567', { country: 'CH' })).to.include({ ok: true });
    expect(canonicalNumber('+4915123456789', { country: 'CH' })).to.deep.equal({ ok: false, reason: 'unreachable' });
    expect(canonicalNumber('+41791234567', {})).to.deep.equal({ ok: false, reason: 'unreachable' });
  });

  it('is reached in no country that it does not belong to', () => {
    for (const nowhere of ['+870 773 111 632', '+883 510 000 000 091']) {
      expect(canonicalNumber(nowhere, inSwitzerland), nowhere).to.deep.equal({ ok: false, reason: 'unreachable' });
    }
  });

  it('is shown by its last two digits', () => {
    expect(maskNumber('+41791234567')).to.equal('+41 ** *** ** 67');
    expect(maskNumber('+12025550199')).to.equal('+1 *** *** **99');
    expect(maskNumber('+4915123456789')).to.match(/^\+49 [* ]+89$/);
  });
});

describe('an e-mail address', () => {
  it('has one spelling of its domain, and keeps what is before', () => {
    expect(canonicalAddress('  Ann.Lee+x@Example.COM ')).to.equal('Ann.Lee+x@example.com');
    expect(canonicalAddress('ann@bücher.example')).to.equal('ann@xn--bcher-kva.example');
    expect(canonicalAddress('ann@ＥＸＡＭＰＬＥ.com')).to.equal('ann@example.com');
    expect(canonicalAddress('用户@example.com')).to.equal('用户@example.com');
  });

  for (const typed of [
    '',
    'ann',
    '@example.com',
    'ann@',
    'ann@example',
    'ann@192.0.2.1',
    'ann@[192.0.2.1]',
    'ann@-example.com',
    'ann@example..com',
    'ann@example.com, eve@example.com',
    'ann@eve@example.com',
    'Ann <ann@example.com>',
    '"ann lee"@example.com',
    'ann lee@example.com',
    'ann\r\nBcc: eve@example.com',
    'ann\u202e@example.com',
    `${'a'.repeat(65)}@example.com`,
    `ann@${'a.'.repeat(130)}com`,
  ]) {
    it(`is refused: ${JSON.stringify(typed.slice(0, 40))}`, () => {
      expect(canonicalAddress(typed)).to.equal(undefined);
    });
  }

  it('is counted as the mailbox that it most likely leads to', () => {
    for (const address of ['ann@example.com', 'ANN@example.com', 'ann+1@example.com', 'Ａnn+2+3@example.com']) {
      expect(mailboxOf(address), address).to.equal('ann@example.com');
    }
    expect(mailboxOf('ann.lee@example.com')).to.equal('ann.lee@example.com');
    expect(mailboxOf('+ann@example.com')).to.equal('+ann@example.com');
  });

  it('is shown by its first letter and its domain', () => {
    expect(maskAddress('ann@example.com')).to.equal('a***@example.com');
    expect(maskAddress('a@example.com')).to.equal('a***@example.com');
    expect(maskAddress('𝒜nn@example.com')).to.equal('𝒜***@example.com');
  });
});
