// What stands in for a second factor, and what it does not stand in for.

import { expect } from 'chai';

import { graceLeft } from '../../src/policy/grace.ts';
import type { Proof } from '../../src/policy/proof.ts';
import { isEnough } from '../../src/policy/required-proof.ts';
import type { Policy, ProofQuestion } from '../../src/policy/required-proof.ts';
import { proof, password, totp, device, grace, question, required, ask } from '../support/policy-questions.ts';

describe('whether it is enough', () => {
  const trusting = { trustedDevices: {}, secondFactors: { grace: { days: 7 } } };
  const stale = proof('totp', 61);
  const rows: [string, boolean, ProofQuestion, Proof[]][] = [
    ['nothing', false, question(required('never')), []],
    ['a password where nobody asks', true, question(required('never')), [password]],
    ['a password where the tenant asks', false, question({}), [password]],
    ['a code where the tenant asks', true, question({}), [password, totp]],
    ['an old code', false, question(required('always', { freshness: 60 })), [password, stale]],
    ['an old code where nobody asks', true, question(required('never', { freshness: 60 })), [password, stale]],
    ['a code where a passkey is asked', false, question({}, ask('phr')), [password, totp]],
    ['a trusted device where the tenant asks', true, question(trusting), [password, device]],
    [
      'a trusted device with an old code',
      true,
      question({ ...trusting, ...required('always', { freshness: 60 }) }),
      [password, stale, device],
    ],
    ['a trusted device that the tenant believes no more', false, question({}), [password, device]],
    [
      'a trusted device where the client asks',
      false,
      question(trusting, { client: { minimumAcr: '2sv' } }),
      [password, device],
    ],
    [
      'a trusted device where the client asks for freshness',
      false,
      question(trusting, { client: { secondFactorFreshness: 60 } }),
      [password, device],
    ],
    ['a trusted device where the request asks', false, question(trusting, ask('2sv')), [password, device]],
    [
      'a trusted device where the request asks for freshness',
      false,
      question(trusting, { request: { values: [], essential: false, fresh: true } }),
      [password, device],
    ],
    ['a trusted device without a password', false, question(trusting), [device]],
    ['the time to enrol where the tenant asks', true, question(trusting), [password, grace]],
    ['the time to enrol that the tenant gives no more', false, question({}), [password, grace]],
    [
      'the time to enrol where the client asks',
      false,
      question(trusting, { client: { minimumAcr: 'mfa' } }),
      [password, grace],
    ],
    ['the time to enrol where the request asks', false, question(trusting, ask('mfa')), [password, grace]],
    [
      'the time to enrol where only freshness is asked',
      true,
      question(trusting, { client: { secondFactorFreshness: 60 } }),
      [password, grace],
    ],
    ['a code where a trusted device is not enough', true, question(trusting, ask('mfa')), [password, device, totp]],
  ];
  for (const [name, enough, asked, proofs] of rows) {
    it(`${enough ? 'yes' : 'no'}: ${name}`, () => {
      expect(isEnough(asked, proofs)).to.equal(enough);
    });
  }
});

describe('the time to enrol', () => {
  const since = new Date('2030-01-01T12:00:00Z');
  const after = (days: number) => new Date(since.getTime() + days * 86_400_000);

  it('is what is left of days, begun ones included, and of sign-ins', () => {
    const rows: [NonNullable<Policy['secondFactors']['grace']>, number, number, object | undefined][] = [
      [{ days: 7 }, 0, 0, { daysLeft: 7 }],
      [{ days: 7 }, 6.5, 99, { daysLeft: 1 }],
      [{ days: 7 }, 7, 0, undefined],
      [{ logins: 3 }, 99, 2, { loginsLeft: 1 }],
      [{ logins: 3 }, 0, 3, undefined],
      [{ days: 7, logins: 3 }, 1, 1, { daysLeft: 6, loginsLeft: 2 }],
      [{ days: 7, logins: 3 }, 8, 0, undefined],
      [{ days: 7, logins: 3 }, 0, 3, undefined],
    ];
    for (const [grace, days, logins, left] of rows) {
      expect(graceLeft(grace, { since, logins }, after(days))).to.deep.equal(left);
    }
  });

  it('is none where the tenant gives none', () => {
    expect(graceLeft(undefined, { since, logins: 0 }, since)).to.equal(undefined);
  });
});
