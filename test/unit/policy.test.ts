import { expect } from 'chai';

import { acrRequestOf, isMalformedAcrRequest } from '../../src/policy/acr-request.ts';
import type { Level } from '../../src/policy/levels.ts';
import { LEVELS, reaches, strongest, weakest } from '../../src/policy/levels.ts';
import type { Proof } from '../../src/policy/proof.ts';
import {
  answeredAcr,
  factorsReaching,
  isAttainable,
  isUnknownEssential,
  methodsOf,
  provenLevel,
  requiredLevel,
} from '../../src/policy/required-proof.ts';
import type { Policy, ProofQuestion } from '../../src/policy/required-proof.ts';
import { tenantSettings } from '../../src/tenants/tenant-settings.ts';

const password: Proof = { factor: 'password', amr: ['pwd'], at: 1 };
const totp: Proof = { factor: 'totp', amr: ['otp'], at: 2 };

function policyOf(policy: object): Policy {
  return tenantSettings.parse({ policy }).policy;
}

function question(policy: object, rest: Partial<ProofQuestion> = {}): ProofQuestion {
  return { policy: policyOf(policy), minimumAcr: undefined, request: undefined, groups: [], ...rest };
}

const required = (value: unknown) => ({ secondFactors: { required: value } });
const finance = { id: '0b7e1a52-6f1c-4a0e-9a51-0c5a3f1e9d11', dn: 'cn=Finance,o=acme', name: 'finance' };

describe('levels', () => {
  it('are ordered from one factor to phishing-resistant', () => {
    for (const [index, level] of LEVELS.entries()) {
      expect(LEVELS.filter((wanted) => reaches(level, wanted))).to.deep.equal(LEVELS.slice(0, index + 1));
    }
    expect(reaches(undefined, 'sfa')).to.equal(false);
  });

  it('know the strongest and the weakest of several', () => {
    expect(strongest('mfa', 'sfa', 'phr', '2sv')).to.equal('phr');
    expect(weakest(['phr', '2sv', 'mfa'])).to.equal('2sv');
    expect(weakest([])).to.equal(undefined);
  });
});

describe('the level that is required', () => {
  const rows: [string, ProofQuestion, Level][] = [
    ['nobody asks', question(required('never')), 'sfa'],
    ['the tenant asks everybody', question(required('always')), 'mfa'],
    ['by default the tenant asks everybody', question({}), 'mfa'],
    ['the tenant moved the method', question({ ...required('always'), levels: { totp: '2sv' } }), '2sv'],
    ['the tenant asks others', question(required({ groups: ['admins'] }), { groups: [finance] }), 'sfa'],
    ['the tenant asks a group by name', question(required({ groups: ['FINANCE'] }), { groups: [finance] }), 'mfa'],
    ['by DN', question(required({ groups: ['cn=finance, o=acme'] }), { groups: [finance] }), 'mfa'],
    ['by id', question(required({ groups: [finance.id.toUpperCase()] }), { groups: [finance] }), 'mfa'],
    ['the client asks', question(required('never'), { minimumAcr: 'mfa' }), 'mfa'],
    ['the client asks for less than the tenant', question(required('always'), { minimumAcr: 'sfa' }), 'mfa'],
    ['the request asks', question(required('never'), { request: { values: ['mfa'], essential: false } }), 'mfa'],
    [
      'one of several values is enough',
      question(required('never'), { request: { values: ['phr', '2sv'], essential: true } }),
      '2sv',
    ],
    [
      'it asks for what we do not know',
      question(required('never'), { request: { values: ['urn:x'], essential: false } }),
      'sfa',
    ],
  ];
  for (const [name, asked, level] of rows) {
    it(`${level}: ${name}`, () => {
      expect(requiredLevel(asked)).to.equal(level);
    });
  }

  it('is attainable only where an allowed factor reaches it', () => {
    expect(LEVELS.map((level) => isAttainable(policyOf({}), level))).to.deep.equal([true, true, true, false]);
    expect(factorsReaching(policyOf({}), 'mfa')).to.deep.equal(['totp']);
    expect(factorsReaching(policyOf({ levels: { totp: '2sv' } }), 'mfa')).to.deep.equal([]);
  });

  it('lets nobody in where a second factor is asked and none is allowed, which the settings refuse', () => {
    const policy: Policy = { ...policyOf({}), secondFactors: { allowed: [], required: 'always' } };
    expect(isAttainable(policy, requiredLevel({ ...question({}), policy }))).to.equal(false);
    for (const asked of ['always', { groups: ['admins'] }]) {
      const secondFactors = { allowed: [], required: asked };
      expect(tenantSettings.safeParse({ policy: { secondFactors } }).success).to.equal(false);
    }
    expect(policyOf({ secondFactors: { allowed: [], required: 'never' } }).secondFactors.allowed).to.deep.equal([]);
  });

  it('cannot be met when an essential request names nothing that we know', () => {
    expect(isUnknownEssential({ values: ['urn:x'], essential: true })).to.equal(true);
    expect(isUnknownEssential({ values: ['urn:x', 'mfa'], essential: true })).to.equal(false);
    expect(isUnknownEssential({ values: ['urn:x'], essential: false })).to.equal(false);
    expect(isUnknownEssential(undefined)).to.equal(false);
  });
});

describe('what was proven', () => {
  it('is nothing without a first factor', () => {
    expect(provenLevel(policyOf({}), [])).to.equal(undefined);
    expect(provenLevel(policyOf({}), [totp])).to.equal(undefined);
  });

  it('grows with a second factor, as far as the tenant says', () => {
    expect(provenLevel(policyOf({}), [password])).to.equal('sfa');
    expect(provenLevel(policyOf({}), [password, totp])).to.equal('mfa');
    expect(provenLevel(policyOf({ levels: { totp: '2sv' } }), [password, totp])).to.equal('2sv');
  });

  it('is told by the methods of RFC 8176', () => {
    expect(methodsOf([password])).to.deep.equal(['pwd']);
    expect(methodsOf([password, totp])).to.deep.equal(['pwd', 'otp', 'mfa']);
    expect(methodsOf([password, password])).to.deep.equal(['pwd']);
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

describe('the acr that a request asks for', () => {
  const claims = (acr: unknown) => JSON.stringify({ id_token: { acr } });
  const rows: [string, Record<string, unknown>, ReturnType<typeof acrRequestOf>][] = [
    ['nothing', {}, undefined],
    ['acr_values', { acr_values: 'phr mfa' }, { values: ['phr', 'mfa'], essential: false }],
    ['an empty acr_values', { acr_values: '' }, undefined],
    ['an essential claim', { claims: claims({ essential: true, value: 'mfa' }) }, { values: ['mfa'], essential: true }],
    ['a voluntary claim', { claims: claims({ values: ['mfa', 'phr'] }) }, { values: ['mfa', 'phr'], essential: false }],
    ['a claim without a value', { claims: claims(null) }, undefined],
    [
      'both, the claim essential',
      { acr_values: 'sfa', claims: claims({ essential: true, value: 'mfa' }) },
      { values: ['mfa'], essential: true },
    ],
    [
      'both, the claim voluntary',
      { acr_values: 'mfa', claims: claims({ value: 'sfa' }) },
      { values: ['mfa'], essential: false },
    ],
    ['claims that are no JSON', { claims: '{' }, undefined],
    ['claims of another shape', { claims: '{"id_token":{"acr":{"values":"mfa"}}}' }, undefined],
  ];
  for (const [name, params, request] of rows) {
    it(`is found in ${name}`, () => {
      expect(acrRequestOf(params)).to.deep.equal(request);
    });
  }

  it('is told apart from one that cannot be read', () => {
    for (const acr of [{ essential: true, values: 'mfa' }, { essential: 'yes' }, { value: ['mfa'] }, 'mfa', 5, true]) {
      expect(isMalformedAcrRequest({ claims: claims(acr) }), JSON.stringify(acr)).to.equal(true);
    }
    for (const acr of [null, {}, { essential: true }, { values: ['mfa'], other: 1 }, undefined]) {
      expect(isMalformedAcrRequest({ claims: claims(acr) }), JSON.stringify(acr)).to.equal(false);
    }
    expect(isMalformedAcrRequest({})).to.equal(false);
    expect(isMalformedAcrRequest({ claims: JSON.stringify({ userinfo: { email: null } }) })).to.equal(false);
  });
});
