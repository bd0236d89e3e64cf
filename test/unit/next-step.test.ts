// The table of a login: what the tenant and the client ask × how far the login has come → the next step. Each rule of
// login/next-step.ts has a row that fails without it.

import { expect } from 'chai';

import { nextStep } from '../../src/login/next-step.ts';
import type { LoginProgress, Step } from '../../src/login/next-step.ts';
import type { FactorId } from '../../src/policy/factors.ts';
import type { LEVELS } from '../../src/policy/levels.ts';
import type { Policy, ProofQuestion } from '../../src/policy/required-proof.ts';
import {
  ALL,
  proofOf,
  ownedOf,
  policyOf,
  NEVER,
  ALWAYS,
  EVERY,
  TOTP,
  HOURLY,
  GRACE,
  TRUSTING,
  SET_UP,
  SET_UP_GRACE,
  SOME,
  SOME_SET_UP,
  ask,
  insist,
  admins,
  notice,
  client,
  forClerks,
  START,
  NOBODY_ASKS,
} from '../support/login-progress.ts';

const PASSWORD: Step = { step: 'password' };
const UNMET: Step = { step: 'refuse', reason: 'unmet_authentication_requirements' };
const finish = (level: (typeof LEVELS)[number]): Step => ({ step: 'finish', level });
/** The first one, with those that the person might choose instead. */
function prove(...choices: string[]): Expected {
  const [first = ''] = choices;
  return { step: 'prove', factor: ownedOf(first).factor, choices };
}
function enrol(choices: FactorId[], more: object = {}): Expected {
  return { step: 'enrol', factor: choices[0], choices, mayPostpone: false, why: 'required', ...more };
}

/** A step as the table writes it: what somebody has as text. */
type Expected = Record<string, unknown>;
interface Row {
  when: string;
  policy: Policy;
  asks?: Partial<ProofQuestion>;
  proven?: string[];
  has?: string[];
  more?: Partial<LoginProgress>;
  then: Step | Expected;
}

const session = { inherited: true };
const change = (why: string, withSecondFactor = true): Expected => ({ step: 'change-password', why, withSecondFactor });
const mustChange = { passwordChange: 'must-change' } as const;

// prettier-ignore
const TABLE: Record<string, Row[]> = {
  'the first factor': [
    { when: 'nothing is proven', policy: NEVER, then: PASSWORD },
    { when: 'nothing is proven, and a factor exists', policy: ALWAYS, has: ['totp'], then: PASSWORD },
    { when: 'only a second factor is proven', policy: NEVER, proven: ['totp'], then: PASSWORD },
    { when: 'only a device is known', policy: TRUSTING, proven: ['trusted-device'], then: PASSWORD },
    { when: 'the password is enough', policy: NEVER, proven: ['password'], then: finish('sfa') },
    { when: 'the password is enough, and a factor exists', policy: NEVER, proven: ['password'], has: ['totp'], then: finish('sfa') },
    { when: 'a passkey alone is both factors', policy: ALWAYS, proven: ['passkey'], has: ['passkey'], then: finish('phr') },
    { when: 'a passkey alone is no factor where it is not allowed', policy: TOTP, proven: ['passkey'], has: ['passkey'], then: PASSWORD },
  ],

  'who asks': [
    { when: 'the tenant asks everybody', policy: ALWAYS, proven: ['password'], has: ['totp'], then: prove('totp') },
    { when: 'both are proven', policy: ALWAYS, proven: ['password', 'totp'], has: ['totp'], then: finish('mfa') },
    { when: 'the tenant asks others', policy: SOME, proven: ['password'], then: finish('sfa') },
    { when: 'the tenant asks a group', policy: SOME, asks: admins, proven: ['password'], then: enrol(['totp']) },
    { when: 'the tenant asks a role', policy: SOME, asks: { roles: ['approver'] }, proven: ['password'], then: enrol(['totp']) },
    { when: 'the client asks', policy: NEVER, asks: client({ minimumAcr: 'mfa' }), proven: ['password'], has: ['totp'], then: prove('totp') },
    { when: 'the request asks', policy: NEVER, asks: ask('mfa'), proven: ['password'], has: ['totp'], then: prove('totp') },
    { when: 'the request asks for less than the tenant', policy: ALWAYS, asks: ask('sfa'), proven: ['password'], has: ['totp'], then: prove('totp') },
    { when: 'a voluntary value is unknown', policy: NEVER, asks: ask('urn:x'), proven: ['password'], then: finish('sfa') },
    { when: 'an essential value is unknown', policy: NEVER, asks: insist('urn:x'), proven: ['password'], then: UNMET },
    { when: 'nothing reaches what is asked', policy: TOTP, asks: ask('phr'), then: UNMET },
    { when: 'only recovery codes reach what is asked', policy: policyOf({ allowed: ['email', 'recovery-code'] }), asks: ask('mfa'), proven: ['password'], has: ['recovery-code'], then: UNMET },
  ],

  'who may': [
    { when: 'the client is for others', policy: NEVER, asks: forClerks, proven: ['password'], then: { step: 'not-allowed' } },
    { when: 'it says so before it asks for more', policy: ALWAYS, asks: forClerks, proven: ['password'], has: ['totp'], then: { step: 'not-allowed' } },
    { when: 'it says so to a person, and to nobody before', policy: NEVER, asks: forClerks, then: PASSWORD },
    { when: 'it says so to a session', policy: NEVER, asks: forClerks, proven: ['password'], more: session, then: { step: 'not-allowed' } },
    { when: 'the client is for this person', policy: NEVER, asks: { ...forClerks, roles: ['clerk'] }, proven: ['password'], then: finish('sfa') },
  ],

  'which factor': [
    { when: 'the last used comes first, recovery codes last', policy: EVERY, proven: ['password'], has: ['totp 3', 'recovery-code 1', 'passkey 2'], then: prove('passkey 2', 'totp 3', 'recovery-code 1') },
    { when: 'of those never used the strongest comes first', policy: EVERY, proven: ['password'], has: ['email', 'totp', 'passkey'], then: prove('passkey', 'totp', 'email') },
    { when: 'of those as strong the tenant’s first one does', policy: policyOf({ allowed: ['sms', 'totp'] }), proven: ['password'], has: ['totp', 'sms'], then: { ...prove('sms', 'totp'), enrolmentId: 'sms' } },
    { when: 'what was never used comes after what was', policy: EVERY, proven: ['password'], has: ['passkey', 'totp 9'], then: prove('totp 9', 'passkey') },
    { when: 'only recovery codes are left', policy: ALWAYS, proven: ['password'], has: ['recovery-code'], then: prove('recovery-code') },
    { when: 'the person chose another', policy: EVERY, proven: ['password'], has: ['totp 1', 'passkey#phone'], more: { choice: 'passkey' }, then: { ...prove('totp 1', 'passkey#phone'), factor: 'passkey' } },
    { when: 'the person chose one of several that send', policy: EVERY, proven: ['password'], has: ['sms#home 1', 'sms#work 2'], more: { choice: 'sms#work' }, then: { ...prove('sms#home 1', 'sms#work 2'), enrolmentId: 'sms#work' } },
    { when: 'one that sends says where to', policy: EVERY, proven: ['password'], has: ['email#home'], then: { ...prove('email#home'), enrolmentId: 'email#home' } },
    { when: 'the person chose what would not do', policy: EVERY, asks: ask('mfa'), proven: ['password'], has: ['totp', 'email 1'], more: { choice: 'email' }, then: prove('totp') },
    { when: 'the person chose what they do not have', policy: EVERY, proven: ['password'], has: ['totp'], more: { choice: 'sms' }, then: prove('totp') },
    { when: 'weaker ones are not offered', policy: EVERY, asks: ask('phr'), proven: ['password'], has: ['totp 1', 'passkey', 'recovery-code'], then: prove('passkey') },
    { when: 'what is allowed no more is not offered', policy: ALWAYS, proven: ['password'], has: ['sms 1', 'totp'], then: prove('totp') },
    { when: 'the first proof is too old', policy: HOURLY, proven: ['password 3601', 'totp 3601'], has: ['totp'], more: session, then: prove('totp') },
    { when: 'the first proof is old enough', policy: HOURLY, proven: ['password 3600', 'totp 3600'], has: ['totp'], more: session, then: finish('mfa') },
    { when: 'the client wants it fresher', policy: HOURLY, asks: client({ secondFactorFreshness: 60 }), proven: ['password 61', 'totp 61'], has: ['totp'], more: session, then: prove('totp') },
    { when: 'a passkey alone is too old', policy: policyOf({ freshness: '1h' }), proven: ['passkey 3601'], has: ['passkey'], more: session, then: prove('passkey') },
  ],

  'a factor to be added': [
    { when: 'there is none', policy: ALWAYS, proven: ['password'], then: enrol(['totp', 'passkey']) },
    { when: 'the person chose another', policy: ALWAYS, proven: ['password'], more: { choice: 'passkey' }, then: { ...enrol(['totp', 'passkey']), factor: 'passkey' } },
    { when: 'the person chose what is not offered', policy: ALWAYS, proven: ['password'], more: { choice: 'recovery-code' }, then: enrol(['totp', 'passkey']) },
    { when: 'only those that reach the level', policy: EVERY, asks: ask('phr'), proven: ['password'], then: enrol(['passkey']) },
    { when: 'a session without one: the password again', policy: ALWAYS, proven: ['password'], more: session, then: PASSWORD },
    { when: 'what exists is too weak: that one first', policy: EVERY, asks: ask('mfa'), proven: ['password'], has: ['email'], then: { ...prove('email'), enrolmentId: 'email' } },
    { when: 'what exists is too weak: any of them', policy: EVERY, asks: ask('phr'), proven: ['password'], has: ['recovery-code 1', 'totp 2'], then: prove('totp 2', 'recovery-code 1') },
    { when: 'what exists is too weak: none that is weaker than the strongest', policy: EVERY, asks: ask('phr'), proven: ['password'], has: ['email 1', 'totp 2'], then: prove('totp 2') },
    { when: 'what exists is too weak, and only a weaker one proven', policy: EVERY, asks: ask('phr'), proven: ['password', 'email'], has: ['email', 'totp'], then: prove('totp') },
    { when: 'what exists is too weak, and proven', policy: EVERY, asks: ask('phr'), proven: ['password', 'totp'], has: ['totp'], then: enrol(['passkey']) },
    { when: 'what exists is lost, and the last recovery code proven', policy: EVERY, asks: ask('phr'), proven: ['password', 'recovery-code'], has: ['totp'], then: enrol(['passkey']) },
    { when: 'what exists is proven in this login, however long it takes', policy: EVERY, asks: ask('phr'), proven: ['password 900', 'totp 800'], has: ['totp'], then: enrol(['passkey']) },
    { when: 'what exists is proven lately in the session', policy: EVERY, asks: ask('phr'), proven: ['password 900', 'totp 9'], has: ['totp'], more: session, then: enrol(['passkey']) },
    { when: 'what exists is proven long ago in the session', policy: EVERY, asks: ask('phr'), proven: ['password 900', 'totp 301'], has: ['totp'], more: session, then: prove('totp') },
    { when: 'a device is trusted, and what exists is not proven', policy: policyOf({ allowed: ALL }, { trustedDevices: {} }), asks: ask('phr'), proven: ['password', 'trusted-device'], has: ['totp'], then: prove('totp') },
    { when: 'there is none, and it is to be by a link that this browser has not opened', policy: ALWAYS, proven: ['password'], more: { byLinkOnly: true }, then: { step: 'enrol-by-link' } },
    { when: 'there is none, it is to be by link, and time is left', policy: GRACE, proven: ['password'], more: { byLinkOnly: true, graceOpen: true }, then: { step: 'enrol-by-link' } },
    { when: 'there is one after all, by link or not', policy: EVERY, asks: ask('phr'), proven: ['password', 'totp'], has: ['totp'], more: { byLinkOnly: true }, then: enrol(['passkey']) },
    { when: 'what exists is allowed no more: as if there were none', policy: ALWAYS, proven: ['password'], has: ['sms'], then: enrol(['totp', 'passkey']) },
  ],

  'a trusted device': [
    { when: 'stands in for what the tenant asks', policy: TRUSTING, proven: ['password', 'trusted-device'], has: ['totp'], then: finish('sfa') },
    { when: 'stands in for an old code', policy: policyOf({ freshness: 60 }, { trustedDevices: {} }), proven: ['password 61', 'totp 61', 'trusted-device'], has: ['totp'], more: session, then: finish('sfa') },
    { when: 'does not for what the client asks', policy: TRUSTING, asks: client({ minimumAcr: 'mfa' }), proven: ['password', 'trusted-device'], has: ['totp'], then: prove('totp') },
    { when: 'does not for what the request asks', policy: TRUSTING, asks: ask('mfa'), proven: ['password', 'trusted-device'], has: ['totp'], then: prove('totp') },
    { when: 'does not for the client’s freshness', policy: TRUSTING, asks: client({ secondFactorFreshness: 60 }), proven: ['password', 'trusted-device'], has: ['totp'], then: prove('totp') },
    { when: 'does not for the request’s', policy: TRUSTING, asks: { request: { values: [], essential: false, fresh: true } }, proven: ['password', 'trusted-device'], has: ['totp'], then: prove('totp') },
    { when: 'does not once the tenant turned it off', policy: ALWAYS, proven: ['password', 'trusted-device'], has: ['totp'], then: prove('totp') },
  ],

  'time to enrol': [
    { when: 'runs', policy: GRACE, proven: ['password'], more: { graceOpen: true }, then: enrol(['totp', 'passkey'], { mayPostpone: true }) },
    { when: 'has run out', policy: GRACE, proven: ['password'], then: enrol(['totp', 'passkey']) },
    { when: 'was taken', policy: GRACE, proven: ['password', 'grace-period'], more: { graceOpen: true }, then: finish('sfa') },
    { when: 'is not for what the client asks', policy: GRACE, asks: client({ minimumAcr: 'mfa' }), proven: ['password'], more: { graceOpen: true }, then: enrol(['totp', 'passkey']) },
    { when: 'is not for what the request asks', policy: GRACE, asks: ask('mfa'), proven: ['password'], more: { graceOpen: true }, then: enrol(['totp', 'passkey']) },
    { when: 'was taken before the client asked', policy: GRACE, asks: client({ minimumAcr: 'mfa' }), proven: ['password', 'grace-period'], more: { graceOpen: true }, then: enrol(['totp', 'passkey']) },
    { when: 'is not for somebody who has a factor', policy: GRACE, proven: ['password'], has: ['totp'], more: { graceOpen: true }, then: prove('totp') },
    { when: 'does not let a session add one without the password', policy: GRACE, proven: ['password'], more: { ...session, graceOpen: true }, then: PASSWORD },
  ],

  'what the tenant wants set up': [
    { when: 'is missing', policy: SET_UP, proven: ['password', 'totp'], has: ['totp'], then: enrol(['passkey', 'recovery-code'], { why: 'set-up' }) },
    { when: 'is there', policy: SET_UP, proven: ['password', 'totp'], has: ['totp', 'passkey', 'recovery-code'], then: finish('mfa') },
    { when: 'is missing beside a passkey, and two factors are proven', policy: SET_UP, proven: ['password', 'totp'], has: ['totp', 'passkey'], then: enrol(['recovery-code'], { why: 'set-up' }) },
    { when: 'is missing, and what is proven is too weak to add it', policy: SET_UP, proven: ['password', 'email'], has: ['email', 'totp'], then: finish('2sv') },
    { when: 'is missing, and the last recovery code too weak to add it', policy: policyOf({ allowed: ALL, setUp: ['passkey'] }, { levels: { 'recovery-code': '2sv' } }), proven: ['password', 'recovery-code'], has: ['totp'], then: finish('2sv') },
    { when: 'comes after what is enough', policy: SET_UP, proven: ['password'], has: ['totp'], then: prove('totp') },
    { when: 'is asked of those whom the tenant asks', policy: SOME_SET_UP, proven: ['password', 'totp'], has: ['totp'], then: finish('mfa') },
    { when: 'is asked of these, too', policy: SOME_SET_UP, asks: { roles: ['approver'] }, proven: ['password', 'totp'], has: ['totp'], then: enrol(['passkey'], { why: 'set-up' }) },
    { when: 'may wait for a while', policy: SET_UP_GRACE, proven: ['password', 'totp'], has: ['totp'], more: { graceOpen: true }, then: enrol(['passkey'], { why: 'set-up', mayPostpone: true }) },
    { when: 'waits', policy: SET_UP_GRACE, proven: ['password', 'totp'], has: ['totp'], more: { graceOpen: true, postponed: ['passkey'] }, then: finish('mfa') },
    { when: 'waits with everything else', policy: SET_UP_GRACE, proven: ['password', 'grace-period'], more: { graceOpen: true }, then: finish('sfa') },
    { when: 'needs a proof where a device is trusted', policy: policyOf({ setUp: ['passkey'] }, { trustedDevices: {} }), proven: ['password', 'trusted-device'], has: ['totp'], then: prove('totp') },
    { when: 'needs a proof in a session', policy: SET_UP, asks: client({ minimumAcr: 'mfa' }), proven: ['password 900', 'totp 900'], has: ['totp'], more: session, then: prove('totp') },
    { when: 'is chosen among', policy: SET_UP, proven: ['password', 'totp'], has: ['totp'], more: { choice: 'recovery-code' }, then: { ...enrol(['passkey', 'recovery-code'], { why: 'set-up' }), factor: 'recovery-code' } },
    { when: 'is no recovery code before there is a factor', policy: policyOf({ allowed: ALL, setUp: ['recovery-code'] }), proven: ['password', 'recovery-code'], has: [], then: finish('mfa') },
  ],

  'a password to be changed': [
    { when: 'nothing else is missing', policy: NEVER, proven: ['password'], more: mustChange, then: change('must-change', false) },
    { when: 'it has expired', policy: NEVER, proven: ['password'], more: { passwordChange: 'expired' }, then: change('expired', false) },
    { when: 'the person would rather do it now', policy: NEVER, proven: ['password'], more: { passwordChange: 'chosen', notice }, then: change('chosen', false) },
    { when: 'first the password', policy: NEVER, more: mustChange, then: PASSWORD },
    { when: 'the client is for others', policy: NEVER, asks: forClerks, proven: ['password'], more: mustChange, then: { step: 'not-allowed' } },
    { when: 'nothing reaches what is asked', policy: TOTP, asks: ask('phr'), proven: ['password'], more: mustChange, then: UNMET },
    { when: 'the second factor first', policy: ALWAYS, proven: ['password'], has: ['totp'], more: mustChange, then: prove('totp') },
    { when: 'the second factor first, where the tenant asks for none', policy: NEVER, proven: ['password'], has: ['totp'], more: mustChange, then: prove('totp') },
    { when: 'the second factor first, where the person chose to', policy: NEVER, proven: ['password'], has: ['totp'], more: { passwordChange: 'chosen', notice }, then: prove('totp') },
    { when: 'the second factor first, in a browser that is trusted', policy: TRUSTING, proven: ['password', 'trusted-device'], has: ['totp'], more: mustChange, then: prove('totp') },
    { when: 'the second factor first, whatever was put off', policy: GRACE, proven: ['password', 'grace-period'], has: ['totp'], more: mustChange, then: prove('totp') },
    { when: 'none that is weaker than the strongest', policy: EVERY, proven: ['password', 'email'], has: ['email', 'totp 1', 'passkey'], more: mustChange, then: prove('totp 1', 'passkey') },
    { when: 'one that is asked for anyhow', policy: EVERY, asks: ask('phr'), proven: ['password'], has: ['totp 1', 'passkey'], more: mustChange, then: prove('passkey') },
    { when: 'any that is strong enough, where what is asked for has to be added', policy: EVERY, asks: ask('phr'), proven: ['password'], has: ['totp'], more: mustChange, then: prove('totp') },
    { when: 'the second factor is proven', policy: ALWAYS, proven: ['password', 'totp'], has: ['totp'], more: mustChange, then: change('must-change') },
    { when: 'the last recovery code is proven', policy: ALWAYS, proven: ['password', 'recovery-code'], has: ['totp'], more: mustChange, then: change('must-change') },
    { when: 'what is owned is allowed no more', policy: ALWAYS, proven: ['password'], has: ['sms'], more: mustChange, then: change('must-change') },
    { when: 'before a factor is added', policy: ALWAYS, proven: ['password'], more: mustChange, then: change('must-change') },
    { when: 'before a factor is put off', policy: GRACE, proven: ['password'], more: { ...mustChange, graceOpen: true }, then: change('must-change') },
    { when: 'before what the tenant wants set up', policy: SET_UP, proven: ['password', 'totp'], has: ['totp'], more: mustChange, then: change('must-change') },
    { when: 'before recovery codes', policy: ALWAYS, proven: ['password', 'totp'], has: ['totp'], more: { ...mustChange, enrolled: true }, then: change('must-change') },
    { when: 'not by a session that somebody left open', policy: NEVER, proven: ['password'], more: { ...session, ...mustChange }, then: PASSWORD },
    { when: 'not by what a session has proven long ago', policy: NEVER, proven: ['password', 'totp 301'], has: ['totp'], more: { ...session, ...mustChange }, then: prove('totp') },
    { when: 'the new one may be short for those whom the tenant asks', policy: SOME, asks: { roles: ['approver'] }, proven: ['password'], more: mustChange, then: change('must-change') },
  ],

  'recovery codes': [
    { when: 'go with a new factor', policy: ALWAYS, proven: ['password', 'totp'], has: ['totp'], more: { enrolled: true }, then: enrol(['recovery-code'], { why: 'recovery-codes', mayPostpone: true }) },
    { when: 'are there', policy: ALWAYS, proven: ['password', 'totp'], has: ['totp', 'recovery-code'], more: { enrolled: true }, then: finish('mfa') },
    { when: 'are put off', policy: ALWAYS, proven: ['password', 'totp'], has: ['totp'], more: { enrolled: true, postponed: ['recovery-code'] }, then: finish('mfa') },
    { when: 'are not offered without a new factor', policy: ALWAYS, proven: ['password', 'totp'], has: ['totp'], then: finish('mfa') },
    { when: 'are not allowed', policy: HOURLY, proven: ['password', 'totp'], has: ['totp'], more: { enrolled: true }, then: finish('mfa') },
    { when: 'come after what the tenant wants', policy: SET_UP, proven: ['password', 'totp'], has: ['totp'], more: { enrolled: true }, then: enrol(['passkey', 'recovery-code'], { why: 'set-up' }) },
    { when: 'are worth no further proof', policy: ALWAYS, proven: ['password 900', 'totp 301'], has: ['totp'], more: { ...session, enrolled: true }, then: finish('mfa') },
    { when: 'are not for somebody who has nothing else', policy: ALWAYS, proven: ['password', 'totp'], more: { enrolled: true }, then: finish('mfa') },
  ],

  'the end': [
    { when: 'the directory has a warning', policy: NEVER, proven: ['password'], more: { notice }, then: { step: 'notice', notice } },
    { when: 'the warning waits for the second factor', policy: ALWAYS, proven: ['password'], has: ['totp'], more: { notice }, then: prove('totp') },
    { when: 'the warning waits for recovery codes', policy: ALWAYS, proven: ['password', 'totp'], has: ['totp'], more: { notice, enrolled: true }, then: enrol(['recovery-code'], { why: 'recovery-codes', mayPostpone: true }) },
    { when: 'the warning comes last', policy: ALWAYS, proven: ['password', 'totp'], has: ['totp'], more: { notice }, then: { step: 'notice', notice } },
    { when: 'a session has stepped up', policy: ALWAYS, proven: ['password 900', 'totp'], has: ['totp'], more: session, then: finish('mfa') },
    { when: 'the level is what was proven, not what was asked', policy: EVERY, asks: ask('2sv'), proven: ['password', 'passkey'], has: ['passkey'], then: finish('phr') },
  ],
};

/** A step as the table writes it. */
function written(step: Step, has: readonly string[]): Expected {
  if (step.step !== 'prove') return { ...step };
  return { ...step, choices: step.choices.map(({ id }) => has.find((text) => text.split(' ')[0] === id)) };
}

describe('the next step of a login', () => {
  for (const [about, rows] of Object.entries(TABLE)) {
    describe(about, () => {
      for (const { when, policy, asks, proven = [], has = [], more, then } of rows) {
        it(`${String(then.step)}: ${when}`, () => {
          const progress = { ...START, proofs: proven.map(proofOf), ...more };
          const step = nextStep(progress, { ...NOBODY_ASKS, policy, ...asks }, has.map(ownedOf));
          expect(written(step, has)).to.deep.equal(then);
        });
      }
    });
  }
});
