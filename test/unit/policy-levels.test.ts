// What is asked of whom.

import { expect } from 'chai';

import type { Level } from '../../src/policy/levels.ts';
import { LEVELS, reaches, strongest, weakest } from '../../src/policy/levels.ts';
import {
  NOT_ALLOWED,
  STEP_UP,
  factorsReaching,
  goesOnFromSession,
  isAllowed,
  isAskedByTenant,
  isAttainable,
  isUnknownEssential,
  needsRoles,
  requiredBesidesTenant,
  requiredLevel,
} from '../../src/policy/required-proof.ts';
import type { Policy, ProofQuestion } from '../../src/policy/required-proof.ts';
import { tenantSettings } from '../../src/tenants/tenant-settings.ts';
import { policyOf, question, required, finance, ask, allow } from '../support/policy-questions.ts';

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
      expect(requiredLevel(asked)).to.equal(level);
    });
  }

  it('spares the tenant’s part where it is waived, and nobody else’s', () => {
    expect(requiredBesidesTenant(question({}))).to.equal('sfa');
    expect(requiredBesidesTenant(question({}, { client: { minimumAcr: 'mfa' } }))).to.equal('mfa');
    expect(requiredBesidesTenant(question({}, ask('phr', '2sv')))).to.equal('2sv');
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
    expect(isAttainable(policy, requiredLevel({ ...question({}), policy }))).to.equal(false);
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

describe('a login', () => {
  it('goes on from the session where more is asked, and for no other reason', () => {
    expect(goesOnFromSession([STEP_UP])).to.equal(true);
    expect(goesOnFromSession([NOT_ALLOWED, STEP_UP])).to.equal(true);
    for (const reasons of [[], ['no_session'], ['max_age', STEP_UP], ['login_prompt', NOT_ALLOWED]]) {
      expect(goesOnFromSession(reasons), String(reasons)).to.equal(false);
    }
  });
});
