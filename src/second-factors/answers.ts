// What every answer to a second factor goes through, at sign-in and in the account: an attempt to guess is reserved before it is
// looked at, a refusal is audited, and what is right stands only for the one who used the challenge up.

import { byUser } from '../audit/audit.ts';
import type { Audit, AuditEvent } from '../audit/audit.ts';
import type { Database } from '../db/database.ts';
import type { Outcome } from '../outcome.ts';
import { refused } from '../outcome.ts';
import { evaluate } from '../security/attempt-limiter.ts';
import type { AttemptLimiter, Blocked, Reservation } from '../security/attempt-limiter.ts';
import type { Tally } from '../security/tally.ts';
import type { FactorRequest } from './asked-challenges.ts';
import type { FoundChallenge } from './challenges.ts';

export type AnswerRequest = FactorRequest & {
  answer: string;
  /** The client's address, for the limiter. */
  address: string;
};

export interface Answers {
  /**
   * Judges an answer. One that can be guessed is an attempt that counts on the account, whatever the factor, the login and the
   * address. Nobody guesses a signature: a passkey gets its owner in whatever went wrong before, and only what is written down of
   * its failures is bounded.
   */
  attempt<T, R extends string>(
    request: AnswerRequest,
    guessable: boolean,
    judge: (reservation: Reservation) => Promise<Outcome<T, R>>,
  ): Promise<Outcome<T, R> | Blocked>;
  /**
   * Runs `work` in one transaction. If it accepts, that stands only where `asked` was still there to be used up: otherwise all
   * of it is taken back, as `replayed`. After a fault the challenge is as open as before, short of one in the commit itself.
   */
  usingUp<T, R extends string>(
    asked: FoundChallenge | undefined,
    work: () => Promise<Outcome<T, R>>,
  ): Promise<Outcome<T, R | 'replayed'>>;
}

export interface AnswersOptions {
  limiter: AttemptLimiter;
  countFailure: Tally;
  audit: Audit;
  db: Pick<Database, 'unitOfWork'>;
}

/** The answer was none: it has not the form of one, or there is nothing that it could answer. */
const NO_GUESSES: readonly string[] = ['malformed', 'expired'];

const UNCOUNTED: Reservation = { succeeded: () => Promise.resolve(), release: () => Promise.resolve() };

export function createAnswers({ limiter, countFailure, audit, db }: AnswersOptions): Answers {
  return {
    async attempt(request, guessable, judge) {
      if (!guessable) return judgeSignature(request, judge);
      const { tenantId, userId } = request.person;
      const subjects = [`user:${userId}`];
      const reservation = await limiter.reserve({
        tenantId,
        kind: 'second-factor',
        subjects,
        address: request.address,
      });
      if (!reservation.ok) {
        await audit.record(eventOf(request, 'second_factor.blocked', reservation.reason));
        return reservation;
      }
      const outcome = await evaluate(reservation.value, () => judge(reservation.value));
      if (outcome.ok) return outcome;
      if (NO_GUESSES.includes(outcome.reason)) await reservation.value.release();
      else await audit.record(eventOf(request, 'second_factor.failed', outcome.reason));
      return outcome;
    },

    async usingUp(asked, work) {
      const usedMeanwhile = new Error('the challenge was used up meanwhile');
      try {
        return await db.unitOfWork(async () => {
          const outcome = await work();
          if (outcome.ok && asked && !(await asked.use())) throw usedMeanwhile;
          return outcome;
        });
      } catch (fault) {
        if (fault === usedMeanwhile) return refused('replayed');
        throw fault;
      }
    },
  };

  async function judgeSignature<T, R extends string>(
    request: AnswerRequest,
    judge: (reservation: Reservation) => Promise<Outcome<T, R>>,
  ): Promise<Outcome<T, R>> {
    const outcome = await judge(UNCOUNTED);
    if (outcome.ok || NO_GUESSES.includes(outcome.reason)) return outcome;
    const { beyond } = await countFailure(`second-factor:user:${request.person.userId}`);
    if (beyond === 0) await audit.record(eventOf(request, 'second_factor.failed', outcome.reason));
    return outcome;
  }
}

/** Of something that the person did with a factor of theirs. */
export function eventOf({ person, factor }: FactorRequest, type: AuditEvent['type'], reason?: string): AuditEvent {
  return { type, ...byUser(person.tenantId, person.userId), reason, detail: { factor: factor.id } };
}
