import { expect } from 'chai';

import { acrRequestOf, isMalformedAcrRequest } from '../../src/policy/acr-request.ts';

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
    ['max_age', { max_age: 0 }, { values: [], essential: false, fresh: true }],
    ['another sign-in', { prompt: 'consent login' }, { values: [], essential: false, fresh: true }],
    ['consent alone', { prompt: 'consent' }, undefined],
    ['max_age beside a value', { max_age: 300, acr_values: 'mfa' }, { values: ['mfa'], essential: false, fresh: true }],
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
