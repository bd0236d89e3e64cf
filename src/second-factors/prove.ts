// Proving a second factor, the same way at sign-in and in the account: the question, its answer, the single use that the store
// decides, all of it audited. A factor only asks and verifies.

import type { Audit } from '../audit/audit.ts';
import type { NotifyAccountChange } from '../delivery/notifications.ts';
import type { Outcome } from '../outcome.ts';
import { accepted, refused } from '../outcome.ts';
import type { Proof } from '../policy/proof.ts';
import type { Blocked, Reservation } from '../security/attempt-limiter.ts';
import { eventOf } from './answers.ts';
import type { AnswerRequest, Answers } from './answers.ts';
import type { Asked } from './challenges.ts';
import type { Enrolments } from './enrolments.ts';
import type { Asking, FactorRequest, Questions, Sent } from './questions.ts';
import type { ChallengeView, FactorId, FactorProof, FactorRejection } from './second-factor.ts';
import type { TooManySent } from './send-code.ts';

/** `replayed`: right, but used before; a page says the same as for `wrong`. `malformed` and `expired` cost no attempt. */
export type ProveRefusal = FactorRejection | 'replayed' | 'not-enrolled';

export interface ProveSecondFactor {
  /** What the page shows. Asks, and sends where the factor does, unless a question is open here. */
  question(
    request: FactorRequest,
  ): Promise<Outcome<{ view: ChallengeView; sent: Sent | undefined }, 'not-enrolled' | 'unreachable'> | TooManySent>;
  /** Sends another code; the former one is dead. */
  again(request: FactorRequest): Promise<Outcome<void, 'not-enrolled' | 'unreachable' | 'too-soon'> | TooManySent>;
  answer(request: AnswerRequest): Promise<Outcome<Proof, ProveRefusal> | Blocked>;
}

export interface ProveOptions {
  questions: Questions;
  answers: Answers;
  enrolments: Pick<Enrolments, 'list' | 'use' | 'markUsed'>;
  audit: Audit;
  /** Tells every verified address of the person, in the transaction that is under way. */
  notify: NotifyAccountChange;
  now?: () => Date;
}

export function createProveSecondFactor({
  questions,
  answers,
  enrolments,
  audit,
  notify,
  now = () => new Date(),
}: ProveOptions): ProveSecondFactor {
  return {
    async question(request) {
      const { factor, owned } = request;
      if (owned.length === 0) return refused('not-enrolled');
      const asked = await questions.ask(askingOf(request));
      if (!asked.ok) return asked;
      const view = factor.present(owned, asked.value?.kept);
      return accepted({ view, sent: await questions.sent(request, asked.value) });
    },

    async again(request) {
      if (request.owned.length === 0) return refused('not-enrolled');
      const asked = await questions.again(askingOf(request));
      return asked.ok ? accepted(undefined) : asked;
    },

    async answer(request) {
      const { factor, owned } = request;
      if (owned.length === 0) return refused('not-enrolled');
      return answers.attempt(request, factor.guessable, (reservation) => judge(request, reservation));
    },
  };

  async function judge(request: AnswerRequest, reservation: Reservation): Promise<Outcome<Proof, ProveRefusal>> {
    const { person, factor, owned, answer } = request;
    const at = now();
    const asked = await questions.find(request, 'prove');
    const verdict = await factor.verify(person, owned, asked?.challenge.kept, answer, at);
    if (verdict.ok) return accept(request, asked, verdict.value, reservation, at);
    if (verdict.reason === 'cloned') await tellOfClone(request);
    return verdict;
  }

  async function accept(
    request: AnswerRequest,
    asked: Asked | undefined,
    { enrolmentId, amr, use }: FactorProof,
    reservation: Reservation,
    at: Date,
  ): Promise<Outcome<Proof, 'wrong' | 'replayed'>> {
    const { tenantId, userId } = request.person;
    return answers.usingUp(asked, async () => {
      if (use.kind !== 'question' && !(await enrolments.use(tenantId, userId, use))) {
        // A recovery code that was used is forgotten: it cannot be told from one that never was.
        return refused(use.kind === 'recovery-code' ? 'wrong' : 'replayed');
      }
      await enrolments.markUsed(tenantId, userId, enrolmentId);
      await audit.record(eventOf(request, 'second_factor.proven'));
      if (use.kind === 'recovery-code') await tellOfUse(request, enrolmentId);
      await reservation.succeeded();
      return accepted(proofOf(request.factor.id, amr, at));
    });
  }

  async function tellOfUse({ person: { tenantId, userId } }: AnswerRequest, enrolmentId: string): Promise<void> {
    const codes = (await enrolments.list(tenantId, userId)).find(({ id }) => id === enrolmentId);
    const notice = { kind: 'recovery-code-used', remaining: codes?.remaining ?? 0 } as const;
    await notify({ tenantId, userId, notice });
  }

  async function tellOfClone(request: AnswerRequest): Promise<void> {
    const { tenantId, userId } = request.person;
    await answers.usingUp(undefined, async () => {
      await audit.record(eventOf(request, 'second_factor.cloned'));
      await notify({ tenantId, userId, notice: { kind: 'passkey-refused' } });
      return accepted(undefined);
    });
  }
}

function askingOf(request: FactorRequest): Asking<'unreachable'> {
  return {
    request,
    purpose: 'prove',
    async make() {
      const made = await request.factor.ask(request.person, request.owned);
      return made.ok ? made : refused('unreachable');
    },
  };
}

export function proofOf(factor: FactorId, amr: readonly string[], at: Date): Proof {
  return { factor, amr, at: Math.floor(at.getTime() / 1000) };
}
