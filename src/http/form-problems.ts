// What a form says when it comes back: the sentence, and the field that it is about. Shown in the summary and at the field.

import type { MessageId, Translate } from './messages.ts';

interface TooManyAttempts {
  reason: 'too-many-attempts';
  minutes: number;
}

/** `wrong-password` is said of an unknown, a locked and a disabled user alike. */
export type PasswordProblem =
  { reason: 'no-username' | 'no-password' | 'wrong-password' | 'directory-unavailable' } | TooManyAttempts;
export type CodeProblem = { reason: 'malformed-code' | 'wrong-code' } | TooManyAttempts;
export type FormProblem = PasswordProblem | CodeProblem;

export interface DescribedProblem {
  text: string;
  /** Name and id of the input; none when no input is to blame. */
  field: string | undefined;
}

const PROBLEMS: Record<FormProblem['reason'], { text: MessageId; field?: string }> = {
  'no-username': { text: 'problem.noUsername', field: 'username' },
  'no-password': { text: 'problem.noPassword', field: 'password' },
  'wrong-password': { text: 'problem.wrongPassword', field: 'password' },
  'directory-unavailable': { text: 'problem.directoryUnavailable' },
  'malformed-code': { text: 'problem.malformedCode', field: 'code' },
  'wrong-code': { text: 'problem.wrongCode', field: 'code' },
  'too-many-attempts': { text: 'problem.tooManyAttempts' },
};

export function describeProblem(problem: FormProblem, t: Translate): DescribedProblem {
  const { text, field } = PROBLEMS[problem.reason];
  return { text: t(text, { count: 'minutes' in problem ? problem.minutes : undefined }), field };
}
