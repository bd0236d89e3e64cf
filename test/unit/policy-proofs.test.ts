import { expect } from 'chai';

import type { Level } from '../../src/policy/levels.ts';
import { withProof } from '../../src/policy/proof.ts';
import type { Proof } from '../../src/policy/proof.ts';
import { answeredAcr, methodsOf, provenLevel } from '../../src/policy/required-proof.ts';
import type { ProofQuestion } from '../../src/policy/required-proof.ts';
import { proof, password, totp, device, grace, question, required } from '../support/policy-questions.ts';

const HOUR = 3600;

describe('what was proven', () => {
  const proven = (policy: object, proofs: Proof[], rest: Partial<ProofQuestion> = {}) =>
    provenLevel(question(policy, rest), proofs);

  it('is nothing without a first factor', () => {
    expect(proven({}, [])).to.equal(undefined);
    expect(proven({}, [totp])).to.equal(undefined);
    expect(proven({}, [device, grace, totp])).to.equal(undefined);
  });

  it('grows with a second factor, as far as the tenant says', () => {
    expect(proven({}, [password])).to.equal('sfa');
    expect(proven({}, [password, totp])).to.equal('mfa');
    expect(proven({}, [password, totp, proof('passkey')])).to.equal('phr');
    expect(proven({ levels: { totp: '2sv' } }, [password, totp])).to.equal('2sv');
  });

  it('is both factors by a passkey alone', () => {
    expect(proven({}, [proof('passkey')])).to.equal('phr');
    expect(proven({ levels: { passkey: 'mfa' } }, [proof('passkey')])).to.equal('mfa');
  });

  it('is not raised by what stands in for a factor', () => {
    expect(proven({ trustedDevices: {} }, [password, device, grace])).to.equal('sfa');
  });

  it('does not count a factor that is allowed no more', () => {
    const totpOnly = required('never', { allowed: ['totp'] });
    expect(proven(totpOnly, [password, proof('sms')])).to.equal('sfa');
    expect(proven(totpOnly, [proof('passkey')])).to.equal(undefined);
  });

  it('counts a second factor while it is fresh, by the tenant and by the client', () => {
    const tenant = required('always', { freshness: '2h' });
    const rows: [object, number | undefined, number, Level][] = [
      [{}, undefined, 100 * HOUR, 'mfa'],
      [tenant, undefined, 2 * HOUR, 'mfa'],
      [tenant, undefined, 2 * HOUR + 1, 'sfa'],
      [{}, HOUR, HOUR, 'mfa'],
      [{}, HOUR, HOUR + 1, 'sfa'],
      [tenant, HOUR, HOUR + 1, 'sfa'],
      [tenant, 3 * HOUR, 2 * HOUR + 1, 'sfa'],
    ];
    for (const [policy, secondFactorFreshness, age, level] of rows) {
      const client = secondFactorFreshness === undefined ? {} : { secondFactorFreshness };
      const told = `${age} s for ${String(secondFactorFreshness)}`;
      expect(proven(policy, [proof('password', age), proof('totp', age)], { client }), told).to.equal(level);
    }
  });

  it('keeps a passkey that is no longer fresh as a first factor, and goes on from there', () => {
    const client = { client: { secondFactorFreshness: 60 } };
    expect(proven({}, [proof('passkey', 61)], client)).to.equal('sfa');
    expect(proven({}, [proof('passkey', 61), totp], client)).to.equal('mfa');
    expect(proven({}, [proof('passkey', 61), proof('totp', 61), proof('passkey', 5)], client)).to.equal('phr');
  });

  it('is told by the methods of RFC 8176', () => {
    const rows: [Proof[], string[]][] = [
      [[password], ['pwd']],
      [
        [password, totp],
        ['pwd', 'otp', 'mfa'],
      ],
      [[password, password], ['pwd']],
      [
        [password, proof('sms')],
        ['pwd', 'otp', 'sms', 'mfa'],
      ],
      [
        [password, proof('recovery-code')],
        ['pwd', 'otp', 'mfa'],
      ],
      [[proof('passkey')], ['hwk', 'user', 'mfa']],
      [
        [password, proof('passkey')],
        ['pwd', 'hwk', 'user', 'mfa'],
      ],
      [
        [password, proof('email')],
        ['pwd', 'otp'],
      ],
      [
        [password, proof('email'), totp],
        ['pwd', 'otp', 'mfa'],
      ],
      [[password, device], ['pwd']],
      [[password, grace], ['pwd']],
    ];
    for (const [proofs, methods] of rows) expect(methodsOf(proofs)).to.deep.equal(methods);
  });

  it('keeps the last proof of each factor', () => {
    const old = proof('totp', HOUR);
    expect(withProof([password, old, device], totp)).to.deep.equal([password, device, totp]);
  });

  it('is answered with the requested value that it satisfies', () => {
    const rows: [Level, string[] | undefined, Level][] = [
      ['mfa', undefined, 'mfa'],
      ['mfa', ['sfa'], 'sfa'],
      ['mfa', ['phr', 'mfa'], 'mfa'],
      ['mfa', ['sfa', '2sv'], '2sv'],
      ['mfa', ['urn:x'], 'mfa'],
      ['sfa', ['mfa'], 'sfa'],
    ];
    for (const [proven, values, answer] of rows) {
      expect(answeredAcr(proven, values && { values, essential: false }), `${proven} for ${values}`).to.equal(answer);
    }
  });
});
