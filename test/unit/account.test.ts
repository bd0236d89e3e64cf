import { expect } from 'chai';

import { isFresh, levelToChange } from '../../src/policy/fresh-proof.ts';
import { addableFactors } from '../../src/account/account.ts';
import { isNeeded } from '../../src/account/needed-factors.ts';
import type { FactorId } from '../../src/policy/factors.ts';
import type { Proof } from '../../src/policy/proof.ts';
import type { ProofQuestion } from '../../src/policy/required-proof.ts';
import type { Enrolment } from '../../src/second-factors/second-factor.ts';
import { tenantSettings } from '../../src/tenants/tenant-settings.ts';
import { tenantOf } from '../support/second-factors.ts';

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
    [
      'a code by mail of somebody with a passkey',
      [proof('email')],
      [anEnrolment('passkey'), anEnrolment('email')],
      false,
    ],
    [
      'a code of an app of somebody with a passkey',
      [proof('totp')],
      [anEnrolment('passkey'), anEnrolment('totp')],
      true,
    ],
    [
      'a code by mail of somebody with nothing else',
      [proof('email')],
      [anEnrolment('email'), anEnrolment('recovery-code')],
      true,
    ],
    ['a passkey that signed in alone', [proof('passkey')], [anEnrolment('passkey')], true],
    ['the last recovery code', [proof('password'), proof('recovery-code')], totp, true],
    ['a factor that is gone', [proof('password'), proof('email')], totp, false],
    ['a trusted device', [proof('password', 301), proof('trusted-device')], totp, false],
    ['the time to enrol', [proof('password', 301), proof('grace-period')], [], false],
    ['five minutes ago', [proof('totp', 300)], totp, true],
    ['longer ago', [proof('totp', 301)], totp, false],
    ['nothing', [], [], false],
  ] as const) {
    it(`${fresh ? 'is' : 'is not'} ${told}`, () => {
      expect(isFresh(policyOf(), proofs, owned, NOW)).to.equal(fresh);
    });
  }

  it('is asked for at the level of the weakest factor that there is', () => {
    expect(levelToChange(policyOf(), [])).to.equal(undefined);
    expect(levelToChange(policyOf(), [anEnrolment('passkey')])).to.equal('mfa');
    expect(levelToChange(policyOf(), [anEnrolment('email'), anEnrolment('recovery-code')])).to.equal('2sv');
    expect(levelToChange(policyOf(), [anEnrolment('totp'), anEnrolment('email')])).to.equal('mfa');
  });
});

describe('a factor that can be added', () => {
  const tenant = tenantOf('t', { secondFactors: { allowed: ['totp', 'email', 'recovery-code'] } });
  const apps = Array.from({ length: 20 }, (_, n) => anEnrolment('totp', `app-${n}`));
  const codes = anEnrolment('recovery-code');
  const mail: Enrolment = { ...anEnrolment('email'), vouchedFor: true };

  it('is any that the tenant allows, up to twenty, and recovery codes from then on', () => {
    const few = [...apps.slice(0, 19), codes, mail];
    expect(addableFactors({ tenant, owned: few })).to.deep.equal(['totp', 'email', 'recovery-code']);
    expect(addableFactors({ tenant, owned: apps })).to.deep.equal(['recovery-code']);
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
