// What a form says when it comes back: the sentence, and the field that it is about. Shown in the summary and at the field.

import type { MessageId, Translate } from './messages.ts';

interface TooManyAttempts {
  reason: 'too-many-attempts';
  minutes: number;
}

/** `wrong-password` is said of an unknown, a locked and a disabled user alike. */
export type PasswordProblem =
  | {
      reason:
        | 'no-username'
        | 'no-password'
        | 'wrong-password'
        | 'directory-unavailable'
        | 'wrong-passkey'
        | 'unknown-passkey';
    }
  | TooManyAttempts;
/**
 * Of a form that changes a password. `wrong-current-password` is said of a locked account as well. `rejected-password`: by rules that
 * the directory does not tell.
 */
export type NewPasswordProblem =
  | {
      reason:
        | 'no-current-password'
        | 'no-new-password'
        | 'wrong-current-password'
        | 'same-password'
        | 'short-password'
        | 'long-password'
        | 'common-password'
        | 'personal-password'
        | 'weak-password'
        | 'used-password'
        | 'changed-too-soon'
        | 'rejected-password'
        | 'password-not-changeable'
        | 'change-unavailable';
    }
  | TooManyAttempts;
/**
 * `expired-code`: none is open that it could answer. `not-sent`: the code could not be sent, now or at all. `wrong-passkey` goes
 * for every assertion that was refused, `unknown-passkey` for one that nobody here has.
 */
export type CodeProblem =
  | {
      reason:
        | 'malformed-code'
        | 'wrong-code'
        | 'expired-code'
        | 'not-sent'
        | 'wrong-passkey'
        | 'unknown-passkey'
        | 'passkey-not-accepted'
        | 'not-saved';
    }
  | TooManyAttempts
  | { reason: 'too-many-sent'; minutes: number };
/** `unreachable-number`: nothing is sent to that country. */
export type ContactProblem =
  | { reason: 'malformed-number' | 'malformed-address' | 'unreachable-number' | 'not-sent' }
  | { reason: 'too-many-sent'; minutes: number };
/** `last-required-factor`: the tenant asks for a second factor, and this is the only one left. */
export interface AccountProblem {
  reason: 'no-name' | 'last-required-factor';
}
export type FormProblem = PasswordProblem | NewPasswordProblem | CodeProblem | ContactProblem | AccountProblem;

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
  'no-current-password': { text: 'problem.noCurrentPassword', field: 'current-password' },
  'no-new-password': { text: 'problem.noNewPassword', field: 'new-password' },
  'wrong-current-password': { text: 'problem.wrongCurrentPassword', field: 'current-password' },
  'same-password': { text: 'problem.samePassword', field: 'new-password' },
  'short-password': { text: 'problem.shortPassword', field: 'new-password' },
  'long-password': { text: 'problem.longPassword', field: 'new-password' },
  'common-password': { text: 'problem.commonPassword', field: 'new-password' },
  'personal-password': { text: 'problem.personalPassword', field: 'new-password' },
  'weak-password': { text: 'problem.weakPassword', field: 'new-password' },
  'used-password': { text: 'problem.usedPassword', field: 'new-password' },
  'changed-too-soon': { text: 'problem.changedTooSoon' },
  'rejected-password': { text: 'problem.rejectedPassword', field: 'new-password' },
  'password-not-changeable': { text: 'problem.passwordNotChangeable' },
  'change-unavailable': { text: 'problem.changeUnavailable' },
  'malformed-code': { text: 'problem.malformedCode', field: 'code' },
  'wrong-code': { text: 'problem.wrongCode', field: 'code' },
  'expired-code': { text: 'problem.expiredCode', field: 'code' },
  'not-sent': { text: 'problem.notSent' },
  'wrong-passkey': { text: 'problem.wrongPasskey' },
  'unknown-passkey': { text: 'problem.unknownPasskey' },
  'passkey-not-accepted': { text: 'problem.passkeyNotAccepted' },
  'not-saved': { text: 'problem.notSaved', field: 'code' },
  'too-many-attempts': { text: 'problem.tooManyAttempts' },
  'too-many-sent': { text: 'problem.tooManySent' },
  'malformed-number': { text: 'problem.malformedNumber', field: 'contact' },
  'malformed-address': { text: 'problem.malformedAddress', field: 'contact' },
  'unreachable-number': { text: 'problem.unreachableNumber', field: 'contact' },
  'no-name': { text: 'problem.noName', field: 'name' },
  'last-required-factor': { text: 'problem.lastRequiredFactor' },
};

/** Minutes that nobody counts any more. */
const HOURS_AWAY = 120;

export function describeProblem(problem: FormProblem, t: Translate): DescribedProblem {
  const { text, field } = PROBLEMS[problem.reason];
  const count = 'minutes' in problem ? problem.minutes : undefined;
  const isForToday = problem.reason === 'too-many-sent' && problem.minutes > HOURS_AWAY;
  return { text: isForToday ? t('problem.tooManySentToday') : t(text, { count }), field };
}
