// What every answer to a second factor goes through, at sign-in and in the account: the attempt is reserved before it is looked
// at, a refusal is audited, and what is right stands only for the one who used the question up.

import type { Audit, AuditEvent } from '../audit/audit.ts';
import type { Database } from '../db/database.ts';
import type { Outcome } from '../outcome.ts';
import { refused } from '../outcome.ts';
import { evaluate } from '../security/attempt-limiter.ts';
import type { AttemptLimiter, Blocked, Reservation } from '../security/attempt-limiter.ts';
import type { Asked } from './challenges.ts';
import type { FactorRequest } from './questions.ts';

export type AnswerRequest = FactorRequest & {
  answer: string;
  /** The client's address, for the limiter. */
  address: string;
};

export interface Answers {
  /**
   * Judges an answer as an attempt. One that can be guessed counts on the account, whatever the factor, the login and the
   * address; any other has budgets of its own, so that a passkey gets its owner in while somebody guesses codes.
   */
  attempt<T, R extends string>(
    request: AnswerRequest,
    guessable: boolean,
    judge: (reservation: Reservation) => Promise<Outcome<T, R>>,
  ): Promise<Outcome<T, R> | Blocked>;
  /**
   * Runs `work` in one transaction. If it accepts, that stands only where `asked` was still there to be used up: otherwise all
   * of it is taken back, as `replayed`. After a fault the question is as open as before, short of one in the commit itself.
   */
  usingUp<T, R extends string>(
    asked: Asked | undefined,
    work: () => Promise<Outcome<T, R>>,
  ): Promise<Outcome<T, R | 'replayed'>>;
}

export interface AnswersOptions {
  limiter: AttemptLimiter;
  audit: Audit;
  db: Pick<Database, 'unitOfWork'>;
}

/** The answer was none: it has not the form of one, or there is nothing that it could answer. */
const NO_GUESSES: readonly string[] = ['malformed', 'expired'];

export function createAnswers({ limiter, audit, db }: AnswersOptions): Answers {
  return {
    async attempt(request, guessable, judge) {
      const { tenantId, userId } = request.person;
      const reservation = await limiter.reserve({
        tenantId,
        kind: guessable ? 'second-factor' : 'passkey',
        subjects: guessable ? [`user:${userId}`] : [],
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
      const usedMeanwhile = new Error('the question was used up meanwhile');
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
}

/** Of something that the person did with a factor of theirs. */
export function eventOf({ person, factor }: FactorRequest, type: AuditEvent['type'], reason?: string): AuditEvent {
  const user = { kind: 'user', id: person.userId } as const;
  return { type, tenantId: person.tenantId, actor: user, subject: user, reason, detail: { factor: factor.id } };
}
