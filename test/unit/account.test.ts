import { expect } from 'chai';

import { isFresh, levelOfOwned } from '../../src/account/fresh-proof.ts';
import { isNeeded } from '../../src/account/needed-factors.ts';
import type { Proof } from '../../src/policy/proof.ts';
import type { ProofQuestion } from '../../src/policy/required-proof.ts';
import type { Enrolment, FactorId } from '../../src/second-factors/second-factor.ts';
import { tenantSettings } from '../../src/tenants/tenant-settings.ts';

const NOW = 1_000_000;

function anEnrolment(factor: FactorId, id: string = factor): Enrolment {
  return { id, factor, name: '', secret: '', createdAt: new Date(0), lastUsedAt: undefined };
}

function policyOf(secondFactors: object = {}, policy: object = {}) {
  const allowed = ['totp', 'passkey', 'email', 'recovery-code'];
  return tenantSettings.parse({ policy: { secondFactors: { allowed, ...secondFactors }, ...policy } }).policy;
}

describe('a fresh proof', () => {
  const proof = (factor: Proof['factor'], age = 0): Proof => ({ factor, amr: [], at: NOW - age });
  const totp = [anEnrolment('totp')];

  for (const [told, proofs, owned, fresh] of [
    ['a password of somebody without a factor', [proof('password')], [], true],
    ['a password of somebody with one', [proof('password')], totp, false],
    ['a factor', [proof('password', 9_000), proof('totp')], totp, true],
    ['another factor than the strongest', [proof('email')], [anEnrolment('passkey'), anEnrolment('email')], true],
    ['a passkey that signed in alone', [proof('passkey')], [anEnrolment('passkey')], true],
    ['a trusted device', [proof('password', 301), proof('trusted-device')], totp, false],
    ['the time to enrol', [proof('password', 301), proof('grace-period')], [], false],
    ['five minutes ago', [proof('totp', 300)], totp, true],
    ['longer ago', [proof('totp', 301)], totp, false],
    ['nothing', [], [], false],
  ] as const) {
    it(`${fresh ? 'is' : 'is not'} ${told}`, () => {
      expect(isFresh(proofs, owned, NOW)).to.equal(fresh);
    });
  }

  it('is asked for at the level of the weakest factor that there is', () => {
    expect(levelOfOwned(policyOf(), [])).to.equal(undefined);
    expect(levelOfOwned(policyOf(), [anEnrolment('passkey')])).to.equal('phr');
    expect(levelOfOwned(policyOf(), [anEnrolment('passkey'), anEnrolment('email')])).to.equal('2sv');
  });
});

describe('a factor that is needed', () => {
  const [totp, other, email, passkey, codes] = [
    anEnrolment('totp'),
    anEnrolment('totp', 'other'),
    anEnrolment('email'),
    anEnrolment('passkey'),
    anEnrolment('recovery-code'),
  ];
  const strict = { levels: { email: 'mfa' } };

  for (const [told, enrolment, owned, secondFactors, needed] of [
    ['the last one', totp, [totp], {}, true],
    ['the last one besides recovery codes', totp, [totp, codes], {}, true],
    ['one of two of a kind', totp, [totp, other], {}, false],
    ['one of two kinds', totp, [totp, passkey], {}, false],
    ['the last one where nobody asks', totp, [totp], { required: 'never' }, false],
    ['the last one of somebody who is not asked', totp, [totp], { required: { groups: ['staff'] } }, false],
    ['the last one of somebody who is', totp, [totp], { required: { groups: ['people'] } }, true],
    ['the last one of a holder of a role', totp, [totp], { required: { roles: ['owner'] } }, true],
    ['one that is to be set up', passkey, [totp, passkey], { setUp: ['passkey'] }, true],
    ['one of two that are to be set up', totp, [totp, other, passkey], { setUp: ['totp'] }, false],
    ['one that nobody is to set up', totp, [totp, passkey], { setUp: ['passkey'] }, false],
    ['one whose like is allowed no more', email, [email, totp], { allowed: ['email'] }, true],
  ] as const) {
    it(`${needed ? 'is' : 'is not'} ${told}`, () => {
      const question: ProofQuestion = {
        policy: policyOf(secondFactors, strict),
        client: undefined,
        request: undefined,
        groups: [{ id: 'g-1', dn: 'cn=people', name: 'people' }],
        roles: ['owner'],
        now: NOW,
      };
      expect(isNeeded(enrolment, owned, question)).to.equal(needed);
    });
  }
});
