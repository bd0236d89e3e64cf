import type { FactorChoice } from '../http/pages.ts';
import { sends } from '../policy/factors.ts';
import { maskContact } from '../second-factors/contacts.ts';
import type { Enrolment } from '../second-factors/second-factor.ts';
import type { Step } from './next-step.ts';

/** What the page of choices lists, in the order of the step's. Of what sends nothing one answer does for all of a factor. */
export function factorChoices(step: Step, owned: readonly Enrolment[]): FactorChoice[] {
  if (step.step === 'enrol') return step.choices.map((factor) => ({ value: factor, factor }));
  if (step.step !== 'prove') return [];
  const enrolments = step.choices.flatMap(({ id }) => owned.find((one) => one.id === id) ?? []);
  return enrolments
    .filter((one, index) => sends(one.factor) || enrolments.findIndex(({ factor }) => factor === one.factor) === index)
    .map((one) => choiceOf(one, enrolments.filter(({ factor }) => factor === one.factor).length));
}

function choiceOf({ id, factor, name, secret, lastUsedAt }: Enrolment, ofThisFactor: number): FactorChoice {
  const choice = { factor, lastUsedAt, name: name === '' ? undefined : name };
  if (sends(factor)) return { ...choice, value: id, target: maskContact(factor, secret) };
  return { ...choice, value: factor, name: ofThisFactor === 1 ? choice.name : undefined };
}
