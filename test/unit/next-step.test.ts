import { expect } from 'chai';

import { nextStep } from '../../src/login/next-step.ts';
import type { LoginProgress, Step } from '../../src/login/next-step.ts';
import type { Proof } from '../../src/policy/proof.ts';
import type { ProofQuestion } from '../../src/policy/required-proof.ts';
import { tenantSettings } from '../../src/tenants/tenant-settings.ts';

const password: Proof = { factor: 'password', amr: ['pwd'], at: 1 };
const totp: Proof = { factor: 'totp', amr: ['otp'], at: 2 };
const notice = { passwordExpiresIn: 86_400 };
const hasTotp = [{ factor: 'totp' as const }];

function policy(required: unknown, levels: object = {}): ProofQuestion['policy'] {
  return tenantSettings.parse({ policy: { secondFactors: { required }, levels } }).policy;
}

interface Row {
  when: string;
  policy: ProofQuestion['policy'];
  asks?: Partial<ProofQuestion>;
  proofs: Proof[];
  more?: Partial<LoginProgress>;
  has?: typeof hasTotp;
  then: Step;
}

const unmet: Step = { step: 'refuse', reason: 'unmet_authentication_requirements' };
const ask = (values: string[], essential = false) => ({ request: { values, essential } });

const TABLE: Row[] = [
  { when: 'nothing is proven', policy: policy('never'), proofs: [], then: { step: 'password' } },
  {
    when: 'nothing is proven, and a factor exists',
    policy: policy('always'),
    proofs: [],
    has: hasTotp,
    then: { step: 'password' },
  },
  { when: 'only a second factor is proven', policy: policy('never'), proofs: [totp], then: { step: 'password' } },

  {
    when: 'the password is enough',
    policy: policy('never'),
    proofs: [password],
    then: { step: 'finish', level: 'sfa' },
  },
  {
    when: 'the password is enough, and a factor exists',
    policy: policy('never'),
    proofs: [password],
    has: hasTotp,
    then: { step: 'finish', level: 'sfa' },
  },
  {
    when: 'a second factor is asked and owned',
    policy: policy('always'),
    proofs: [password],
    has: hasTotp,
    then: { step: 'prove', factor: 'totp' },
  },
  {
    when: 'a second factor is asked and missing',
    policy: policy('always'),
    proofs: [password],
    then: { step: 'enrol', factor: 'totp' },
  },
  {
    when: 'both are proven',
    policy: policy('always'),
    proofs: [password, totp],
    has: hasTotp,
    then: { step: 'finish', level: 'mfa' },
  },

  {
    when: 'the client asks for more',
    policy: policy('never'),
    asks: { minimumAcr: 'mfa' },
    proofs: [password],
    has: hasTotp,
    then: { step: 'prove', factor: 'totp' },
  },
  {
    when: 'the request asks for more',
    policy: policy('never'),
    asks: ask(['mfa']),
    proofs: [password],
    then: { step: 'enrol', factor: 'totp' },
  },
  {
    when: 'the request asks for what nothing reaches',
    policy: policy('never'),
    asks: ask(['phr']),
    proofs: [],
    then: unmet,
  },
  {
    when: 'a weaker method cannot reach the request',
    policy: policy('always', { totp: '2sv' }),
    asks: ask(['mfa']),
    proofs: [password, totp],
    has: hasTotp,
    then: unmet,
  },
  {
    when: 'an essential value is unknown',
    policy: policy('never'),
    asks: ask(['urn:x'], true),
    proofs: [password],
    then: unmet,
  },
  {
    when: 'a voluntary value is unknown',
    policy: policy('never'),
    asks: ask(['urn:x']),
    proofs: [password],
    then: { step: 'finish', level: 'sfa' },
  },

  {
    when: 'a session steps up with a factor that exists',
    policy: policy('always'),
    proofs: [password],
    more: { inherited: true },
    has: hasTotp,
    then: { step: 'prove', factor: 'totp' },
  },
  {
    when: 'a session steps up without one: the password again, then enrolment',
    policy: policy('always'),
    proofs: [password],
    more: { inherited: true },
    then: { step: 'password' },
  },
  {
    when: 'a session has stepped up',
    policy: policy('always'),
    proofs: [password, totp],
    more: { inherited: true },
    has: hasTotp,
    then: { step: 'finish', level: 'mfa' },
  },

  {
    when: 'the directory has a warning',
    policy: policy('never'),
    proofs: [password],
    more: { notice },
    then: { step: 'notice', notice },
  },
  {
    when: 'the warning waits for the second factor',
    policy: policy('always'),
    proofs: [password],
    more: { notice },
    has: hasTotp,
    then: { step: 'prove', factor: 'totp' },
  },
  {
    when: 'the warning comes last',
    policy: policy('always'),
    proofs: [password, totp],
    more: { notice },
    has: hasTotp,
    then: { step: 'notice', notice },
  },
];

describe('the next step of a login', () => {
  for (const { when, policy, asks, proofs, more, has = [], then } of TABLE) {
    it(`${then.step}: ${when}`, () => {
      const progress = { proofs, inherited: false, notice: undefined, ...more };
      const question = { policy, minimumAcr: undefined, request: undefined, groups: [], ...asks };
      expect(nextStep(progress, question, has)).to.deep.equal(then);
    });
  }
});
