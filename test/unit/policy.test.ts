import { expect } from 'chai';

import { acrRequestOf, isMalformedAcrRequest } from '../../src/policy/acr-request.ts';
import { graceLeft } from '../../src/policy/grace.ts';
import type { Level } from '../../src/policy/levels.ts';
import { LEVELS, reaches, strongest, weakest } from '../../src/policy/levels.ts';
import { withProof } from '../../src/policy/proof.ts';
import type { Proof } from '../../src/policy/proof.ts';
import {
  NOT_ALLOWED,
  STEP_UP,
  answeredAcr,
  factorsReaching,
  goesOnFromSession,
  isAllowed,
  isAskedByTenant,
  isAttainable,
  isEnough,
  isUnknownEssential,
  methodsOf,
  needsRoles,
  provenLevel,
  requiredLevel,
} from '../../src/policy/required-proof.ts';
import type { Policy, ProofQuestion } from '../../src/policy/required-proof.ts';
import { tenantSettings } from '../../src/tenants/tenant-settings.ts';

const NOW = 1_000_000;
const HOUR = 3600;

const METHODS: Record<Proof['factor'], string[]> = {
  password: ['pwd'],
  totp: ['otp'],
  sms: ['otp', 'sms'],
  email: ['otp'],
  passkey: ['hwk', 'user'],
  'recovery-code': ['otp'],
  'trusted-device': [],
  'grace-period': [],
};

/** `age`: seconds. */
function proof(factor: Proof['factor'], age = 0): Proof {
  return { factor, amr: METHODS[factor], at: NOW - age };
}

const password = proof('password');
const totp = proof('totp');
const device = proof('trusted-device');
const grace = proof('grace-period');

function policyOf(policy: object): Policy {
  return tenantSettings.parse({ policy }).policy;
}

function question(policy: object, rest: Partial<ProofQuestion> = {}): ProofQuestion {
  return { policy: policyOf(policy), client: undefined, request: undefined, groups: [], roles: [], now: NOW, ...rest };
}

const required = (value: unknown, more: object = {}) => ({ secondFactors: { required: value, ...more } });
const finance = { id: '0b7e1a52-6f1c-4a0e-9a51-0c5a3f1e9d11', dn: 'cn=Finance,o=acme', name: 'finance' };
const ask = (...values: string[]) => ({ request: { values, essential: false } });
const allow = (groups: string[], roles: string[] = []) => ({ client: { allow: { groups, roles } } });

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
    [
      'the tenant moved every method',
      question({ ...required('always', { allowed: ['totp'] }), levels: { totp: '2sv' } }),
      '2sv',
    ],
    [
      'the tenant is content with the weakest method',
      question(required('always', { allowed: ['totp', 'email'] })),
      '2sv',
    ],
    ['the tenant allows the strongest alone', question(required('always', { allowed: ['passkey'] })), 'phr'],
    ['the tenant asks others', question(required({ groups: ['admins'] }), { groups: [finance] }), 'sfa'],
    ['the tenant asks a group by name', question(required({ groups: ['FINANCE'] }), { groups: [finance] }), 'mfa'],
    ['by DN', question(required({ groups: ['cn=finance, o=acme'] }), { groups: [finance] }), 'mfa'],
    ['by id', question(required({ groups: [finance.id.toUpperCase()] }), { groups: [finance] }), 'mfa'],
    ['the tenant asks holders of a role', question(required({ roles: ['approver'] }), { roles: ['approver'] }), 'mfa'],
    [
      'the tenant asks holders of another role',
      question(required({ roles: ['approver'] }), { roles: ['reader'] }),
      'sfa',
    ],
    [
      'the tenant asks a group or a role',
      question(required({ groups: ['admins'], roles: ['approver'] }), { roles: ['approver'] }),
      'mfa',
    ],
    ['the client asks', question(required('never'), { client: { minimumAcr: 'mfa' } }), 'mfa'],
    [
      'the client asks for less than the tenant',
      question(required('always'), { client: { minimumAcr: 'sfa' } }),
      'mfa',
    ],
    ['the request asks', question(required('never'), ask('mfa')), 'mfa'],
    ['one of several values is enough', question(required('never'), ask('phr', '2sv')), '2sv'],
    ['it asks for what we do not know', question(required('never'), ask('urn:x')), 'sfa'],
  ];
  for (const [name, asked, level] of rows) {
    it(`${level}: ${name}`, () => {
      expect(requiredLevel(asked, false)).to.equal(level);
    });
  }

  it('spares the tenant’s part where it is waived, and nobody else’s', () => {
    expect(requiredLevel(question({}), true)).to.equal('sfa');
    expect(requiredLevel(question({}, { client: { minimumAcr: 'mfa' } }), true)).to.equal('mfa');
    expect(requiredLevel(question({}, ask('phr', '2sv')), true)).to.equal('2sv');
  });

  it('is attainable only where an allowed factor reaches it, recovery codes aside', () => {
    const attainable = (policy: object) => LEVELS.filter((level) => isAttainable(policyOf(policy), level));
    expect(attainable({})).to.deep.equal(LEVELS);
    expect(attainable(required('never', { allowed: ['totp'] }))).to.deep.equal(['sfa', '2sv', 'mfa']);
    expect(attainable(required('never', { allowed: ['email', 'recovery-code'] }))).to.deep.equal(['sfa', '2sv']);
    expect(factorsReaching(policyOf({}), 'mfa')).to.deep.equal(['totp', 'passkey', 'recovery-code']);
    expect(factorsReaching(policyOf({ levels: { totp: '2sv' } }), 'mfa')).to.deep.equal(['passkey', 'recovery-code']);
  });

  it('lets nobody in where a second factor is asked and none is allowed, which the settings refuse', () => {
    const policy: Policy = { ...policyOf({}), secondFactors: { allowed: [], required: 'always', setUp: [] } };
    expect(isAttainable(policy, requiredLevel({ ...question({}), policy }, false))).to.equal(false);
    for (const asked of ['always', { groups: ['admins'] }, { roles: ['approver'] }]) {
      for (const allowed of [[], ['recovery-code']]) {
        const secondFactors = { allowed, required: asked };
        expect(tenantSettings.safeParse({ policy: { secondFactors } }).success).to.equal(false);
      }
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

describe('who is asked', () => {
  it('by the tenant is everybody, nobody, or members and holders', () => {
    expect(isAskedByTenant(question(required('always')))).to.equal(true);
    expect(isAskedByTenant(question(required('never')))).to.equal(false);
    const some = required({ groups: ['finance'], roles: ['approver'] });
    expect(isAskedByTenant(question(some))).to.equal(false);
    expect(isAskedByTenant(question(some, { roles: ['approver'] }))).to.equal(true);
    // Two groups have this name: asking once too often is the safe side.
    expect(isAskedByTenant(question(some, { groups: [finance] }))).to.equal(true);
  });

  it('and let in by a client is everybody, or members and holders', () => {
    const unique = { ...finance, nameIsUnique: true as const };
    expect(isAllowed(question({}))).to.equal(true);
    expect(isAllowed(question({}, { client: { minimumAcr: 'mfa' } }))).to.equal(true);
    expect(isAllowed(question({}, allow(['finance'])))).to.equal(false);
    expect(isAllowed(question({}, { ...allow(['finance']), groups: [unique] }))).to.equal(true);
    // Two groups have this name: letting nobody in by it is the safe side.
    expect(isAllowed(question({}, { ...allow(['finance']), groups: [finance] }))).to.equal(false);
    expect(isAllowed(question({}, { ...allow([finance.dn]), groups: [finance] }))).to.equal(true);
    expect(isAllowed(question({}, { ...allow(['admins'], ['clerk']), roles: ['clerk'] }))).to.equal(true);
    expect(isAllowed(question({}, { ...allow([], ['clerk']), roles: ['reader'] }))).to.equal(false);
  });

  it('depends on roles only where a rule names one', () => {
    const rows: [object, ProofQuestion['client'], boolean][] = [
      [{}, undefined, false],
      [required({ groups: ['admins'] }), allow(['finance']).client, false],
      [required({ roles: ['approver'] }), undefined, true],
      [required('never'), allow([], ['clerk']).client, true],
    ];
    for (const [policy, client, needed] of rows) expect(needsRoles(policyOf(policy), client)).to.equal(needed);
  });
});

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

describe('a login', () => {
  it('goes on from the session where more is asked, and for no other reason', () => {
    expect(goesOnFromSession([STEP_UP])).to.equal(true);
    expect(goesOnFromSession([NOT_ALLOWED, STEP_UP])).to.equal(true);
    for (const reasons of [[], ['no_session'], ['max_age', STEP_UP], ['login_prompt', NOT_ALLOWED]]) {
      expect(goesOnFromSession(reasons), String(reasons)).to.equal(false);
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
    ['max_age', { max_age: 0 }, { values: [], essential: false, fresh: true }],
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
