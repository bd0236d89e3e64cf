// What holds of the next step in every state of a login that there can be.

import { expect } from 'chai';

import { nextStep } from '../../src/login/next-step.ts';
import type { LoginProgress, OwnedFactor, Step } from '../../src/login/next-step.ts';
import { showing } from '../../src/policy/fresh-proof.ts';
import { reaches } from '../../src/policy/levels.ts';
import { isWaiver, withProof } from '../../src/policy/proof.ts';
import {
  factorsReaching,
  isEnough,
  provenLevel,
  requiredBesidesTenant,
  requiredLevel,
} from '../../src/policy/required-proof.ts';
import type { ProofQuestion } from '../../src/policy/required-proof.ts';
import {
  proofOf,
  ownedOf,
  NEVER,
  ALWAYS,
  EVERY,
  TOTP,
  HOURLY,
  GRACE,
  TRUSTING,
  SET_UP,
  SET_UP_GRACE,
  SOME_SET_UP,
  ask,
  insist,
  notice,
  client,
  forClerks,
  START,
  NOBODY_ASKS,
} from '../support/login-progress.ts';

interface State {
  progress: LoginProgress;
  question: ProofQuestion;
  owned: readonly OwnedFactor[];
}

const POLICIES = [NEVER, ALWAYS, EVERY, TOTP, HOURLY, GRACE, TRUSTING, SET_UP, SET_UP_GRACE, SOME_SET_UP];
const ASKED: Partial<ProofQuestion>[] = [
  {},
  client({ minimumAcr: '2sv' }),
  client({ minimumAcr: 'phr' }),
  client({ secondFactorFreshness: 60 }),
  { ...forClerks, roles: ['clerk', 'approver'] },
  forClerks,
  ask('mfa'),
  ask('urn:x'),
  insist('urn:x'),
  insist('phr', 'mfa'),
  { ...ask('mfa'), roles: ['approver'] },
  { request: { values: [], essential: false, fresh: true } },
];
const PROVEN = [
  [],
  ['password'],
  ['passkey'],
  ['password', 'totp'],
  ['password', 'email'],
  ['password 4000', 'totp 4000'],
];
const WAIVED = [[], ['trusted-device'], ['grace-period']];
const OWNED = [[], ['totp'], ['email'], ['passkey', 'totp 3'], ['recovery-code'], ['sms#a', 'sms#b', 'recovery-code']];
const FURTHER: Partial<LoginProgress>[] = [
  {},
  { inherited: true },
  { graceOpen: true },
  { choice: 'passkey', enrolled: true },
  { inherited: true, graceOpen: true, choice: 'recovery-code', enrolled: true, notice },
  { postponed: ['passkey'], notice, choice: 'email' },
  { passwordChange: 'must-change', graceOpen: true },
  { passwordChange: 'chosen', notice, inherited: true, enrolled: true, choice: 'recovery-code' },
];

function* everyState(): Generator<State> {
  for (const policy of POLICIES)
    for (const asks of ASKED)
      for (const proven of PROVEN)
        for (const waived of WAIVED)
          for (const has of OWNED)
            for (const further of FURTHER) {
              const proofs = [...proven, ...waived].map(proofOf);
              const question = { ...NOBODY_ASKS, policy, ...asks };
              yield { progress: { ...START, ...further, proofs }, question, owned: has.map(ownedOf) };
            }
}

/** Every way on from a step: the form that answers it, and the one that puts it off. */
function waysOn({ progress, question, owned }: State, step: Step): State[] {
  const with_ = (more: Partial<LoginProgress>, has = owned): State => ({
    progress: { ...progress, ...more },
    question,
    owned: has,
  });
  const proofs = (factor: string) => withProof(progress.proofs, proofOf(factor));
  switch (step.step) {
    case 'password':
      return [{ passwordChange: undefined }, { passwordChange: 'expired' as const }].map((said) =>
        with_({ proofs: [proofOf('password')], inherited: false, enrolled: false, postponed: [], ...said }),
      );
    case 'prove':
      return step.choices.map(({ id, factor }) => with_({ proofs: proofs(factor), choice: id }));
    case 'enrol': {
      const added = { proofs: proofs(step.factor), enrolled: true };
      const later =
        step.why === 'required'
          ? { proofs: proofs('grace-period') }
          : { postponed: [...progress.postponed, step.factor] };
      return [with_(added, [...owned, ownedOf(step.factor)]), ...(step.mayPostpone ? [with_(later)] : [])];
    }
    case 'change-password': {
      const spared = progress.proofs.filter((proof) => proof.factor !== 'trusted-device');
      const changed = with_({ passwordChange: undefined, notice: undefined, proofs: spared });
      return [changed, ...(step.why === 'chosen' ? [with_({ passwordChange: undefined, notice: undefined })] : [])];
    }
    case 'notice':
      return [with_({ notice: undefined }), with_({ passwordChange: 'chosen' })];
    default:
      return [];
  }
}

describe('every state of a login', () => {
  /** Tells of the first state that is not as it should be. */
  function always(holds: (state: State, step: Step) => boolean): void {
    let states = 0;
    for (const state of everyState()) {
      states += 1;
      const step = nextStep(state.progress, state.question, state.owned);
      if (!holds(state, step)) expect.fail(JSON.stringify({ step, ...state }, undefined, 1));
    }
    expect(states).to.be.greaterThan(10_000);
  }

  it('finishes with what is required, or with what a waiver spares that only the tenant asked', () => {
    always(({ progress: { proofs }, question }, step) => {
      if (step.step !== 'finish') return true;
      if (!isEnough(question, proofs) || step.level !== provenLevel(question, proofs)) return false;
      return (
        reaches(step.level, requiredLevel(question)) ||
        (proofs.some(({ factor }) => isWaiver(factor)) && reaches(step.level, requiredBesidesTenant(question)))
      );
    });
  });

  it('asks for a factor that is enough, or for any before one is added that is', () => {
    always(({ progress, question, owned }, step) => {
      if (step.step !== 'prove') return true;
      const { policy } = question;
      const reaching = factorsReaching(policy, requiredLevel(question));
      const haveOne = owned.some(({ factor }) => reaching.includes(factor));
      const offered = step.choices.map(({ factor }) => factor);
      if (!offered.includes(step.factor) || !offered.every((id) => policy.secondFactors.allowed.includes(id)))
        return false;
      return isEnough(question, progress.proofs) || !haveOne || offered.every((id) => reaching.includes(id));
    });
  });

  it('lets nobody add a factor on a session alone, or without proving one that exists', () => {
    always(({ progress: { proofs, inherited }, question, owned }, step) => {
      if (step.step !== 'enrol') return true;
      const usable = owned.filter(({ factor }) => question.policy.secondFactors.allowed.includes(factor));
      if (usable.length === 0) return !inherited;
      return usable.some(({ factor }) => proofs.some((proof) => proof.factor === factor));
    });
  });

  it('never adds recovery codes first, nor what is there', () => {
    always(({ owned }, step) => {
      if (step.step !== 'enrol') return true;
      if (owned.some(({ factor }) => step.choices.includes(factor))) return false;
      return !step.choices.includes('recovery-code') || owned.some(({ factor }) => factor !== 'recovery-code');
    });
  });

  it('lets somebody put off only what the tenant alone asks for', () => {
    always(({ progress: { proofs, graceOpen }, question }, step) => {
      if (step.step !== 'enrol' || !step.mayPostpone) return true;
      if (step.why === 'recovery-codes') return true;
      return graceOpen && reaches(provenLevel(question, proofs), requiredBesidesTenant(question));
    });
  });

  it('neither finishes nor adds anything while a password is to be changed', () => {
    always(({ progress: { passwordChange } }, { step }) => {
      return (
        passwordChange === undefined || ['password', 'prove', 'change-password', 'not-allowed', 'refuse'].includes(step)
      );
    });
  });

  it('lets nobody change a password without proving the strongest that they have', () => {
    always(({ progress: { proofs, inherited }, question: { policy }, owned }, step) => {
      if (step.step !== 'change-password') return true;
      const usable = owned.filter(({ factor }) => policy.secondFactors.allowed.includes(factor));
      if (usable.length === 0) return !inherited;
      const shown = showing(policy, usable);
      return proofs.some(({ factor }) => shown.some((one) => one.factor === factor));
    });
  });

  it('ends, whatever the person does', () => {
    const LONGEST = 12;
    const ends = (state: State, steps = 0): boolean => {
      const step = nextStep(state.progress, state.question, state.owned);
      return steps < LONGEST && waysOn(state, step).every((next) => ends(next, steps + 1));
    };
    always((state) => ends(state));
  });
});
