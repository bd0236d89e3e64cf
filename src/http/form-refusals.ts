// What a page says of a form that was refused, and the status that goes with it.

import { AppError } from '../errors.ts';
import type { PasswordChangeRefusal } from '../first-factors/change-password.ts';
import type { PasskeySignInRefusal } from '../first-factors/passkey-sign-in.ts';
import type { Refused } from '../outcome.ts';
import { isRecovery } from '../policy/factors.ts';
import type { FactorId, SendingFactor } from '../policy/factors.ts';
import type { ContactRejection, FactorRejection } from '../second-factors/second-factor.ts';
import type { TooManySent } from '../second-factors/send-code.ts';
import type { Blocked } from '../security/attempt-limiter.ts';
import type { CodeProblem, ContactProblem, NewPasswordProblem, PasswordProblem } from './form-problems.ts';
import { currentRequest } from './request-context.ts';
import type { Answer } from './send-page.ts';

export interface Refusal<Problem> extends Answer {
  status: number;
  problem: Problem;
}

export const WRONG_PASSWORD = { status: 401, problem: { reason: 'wrong-password' } } as const;
export const DIRECTORY_UNAVAILABLE = { status: 503, problem: { reason: 'directory-unavailable' } } as const;
/** What was sent may have arrived: nobody knows which of the two passwords it is. */
export const CHANGE_UNAVAILABLE = { status: 503, problem: { reason: 'change-unavailable' } } as const;
const NOT_SAVED = { status: 400, problem: { reason: 'not-saved' } } as const;

/** A directory that is down is nobody's mistake, and the page is there to try again. */
export async function tellingOutages<Problem>(
  refusal: Refusal<Problem>,
  again: (refusal: Refusal<Problem>) => void | Promise<void>,
  answer: () => void | Promise<void>,
): Promise<void> {
  try {
    await answer();
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'directory_unavailable')) throw error;
    currentRequest()?.log.warn({ err: error }, 'the directory could not be asked');
    await again({ ...refusal, retryAfter: error.retryAfter });
  }
}

export function tooManyAttempts({ retryAfter }: Blocked) {
  const problem = { reason: 'too-many-attempts', minutes: minutes(retryAfter) } as const;
  return { status: 429, retryAfter, problem };
}

/** Where it could not be sent, nothing is wrong with what was asked: the page says what is, and offers another way. */
export function sendingRefusal(refusal: TooManySent | Refused<string>) {
  if (!('retryAfter' in refusal)) return { status: 200, problem: { reason: 'not-sent' } } as const;
  const { retryAfter } = refusal;
  return { status: 429, retryAfter, problem: { reason: 'too-many-sent', minutes: minutes(retryAfter) } as const };
}

export function passkeyRefusal(reason: PasskeySignInRefusal): Refusal<PasswordProblem> {
  return { status: 401, problem: { reason: reason === 'unknown' ? 'unknown-passkey' : 'wrong-passkey' } };
}

export function newPasswordRefusal(
  reason: Exclude<PasswordChangeRefusal, 'account-disabled'>,
): Refusal<NewPasswordProblem> {
  return { status: reason === 'bad-credentials' ? 401 : 400, problem: { reason: OF_NEW_PASSWORDS[reason] } };
}

const OF_NEW_PASSWORDS = {
  'bad-credentials': 'wrong-current-password',
  same: 'same-password',
  'too-short': 'short-password',
  'too-long': 'long-password',
  common: 'common-password',
  personal: 'personal-password',
  'too-weak': 'weak-password',
  'in-history': 'used-password',
  'too-soon': 'changed-too-soon',
  rejected: 'rejected-password',
  'not-allowed': 'password-not-changeable',
} as const satisfies Record<Exclude<PasswordChangeRefusal, 'account-disabled'>, NewPasswordProblem['reason']>;

type AnswerReason = FactorRejection | 'replayed' | 'taken';

export function answerRefusal(reason: AnswerReason, factor: FactorId): Refusal<CodeProblem> {
  return { status: 400, problem: { reason: (factor === 'passkey' ? OF_PASSKEYS : OF_CODES)[reason] } };
}

/** Of a first answer; that to recovery codes is a tick. */
export function enrolmentRefusal(reason: AnswerReason, factor: FactorId): Refusal<CodeProblem> {
  return isRecovery(factor) ? NOT_SAVED : answerRefusal(reason, factor);
}

/** Wrong and used read the same: that a code was right once is for nobody else to learn. */
const OF_CODES = {
  malformed: 'malformed-code',
  wrong: 'wrong-code',
  replayed: 'wrong-code',
  expired: 'expired-code',
  cloned: 'wrong-code',
  taken: 'wrong-code',
  'not-accepted': 'wrong-code',
} as const satisfies Record<AnswerReason, CodeProblem['reason']>;

const OF_PASSKEYS = {
  malformed: 'wrong-passkey',
  wrong: 'wrong-passkey',
  replayed: 'wrong-passkey',
  expired: 'wrong-passkey',
  cloned: 'wrong-passkey',
  taken: 'passkey-not-accepted',
  'not-accepted': 'passkey-not-accepted',
} as const satisfies Record<AnswerReason, CodeProblem['reason']>;

export function contactRefusal(
  refusal: TooManySent | Refused<ContactRejection>,
  factor: SendingFactor,
): Refusal<ContactProblem> {
  if (refusal.reason === 'too-many-sent') return sendingRefusal(refusal);
  const ofNumbers = refusal.reason === 'unreachable' ? 'unreachable-number' : 'malformed-number';
  const ofAddresses = refusal.reason === 'unreachable' ? 'not-sent' : 'malformed-address';
  return { status: 400, problem: { reason: factor === 'sms' ? ofNumbers : ofAddresses } };
}

function minutes(seconds: number): number {
  return Math.ceil(seconds / 60);
}
