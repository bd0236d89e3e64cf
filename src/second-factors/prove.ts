// Proving a second factor, the same way at sign-in and in the account: the challenge, its answer, the single use that the store
// decides, all of it audited. A factor only asks and verifies.

import type { Audit } from '../audit/audit.ts';
import type { Database } from '../db/database.ts';
import type { NotifyAccountChange } from '../delivery/notifications.ts';
import type { Outcome } from '../outcome.ts';
import { accepted, refused } from '../outcome.ts';
import { isRecovery } from '../policy/factors.ts';
import { reaches } from '../policy/levels.ts';
import { proofOf } from '../policy/proof.ts';
import type { Proof } from '../policy/proof.ts';
import type { Blocked, Reservation } from '../security/attempt-limiter.ts';
import { eventOf } from './answers.ts';
import type { AnswerRequest, Answers } from './answers.ts';
import type { AskedChallenges, ChallengePlan, FactorRequest, Shown } from './asked-challenges.ts';
import type { FoundChallenge } from './challenges.ts';
import type { Enrolments } from './enrolments.ts';
import type { ChallengeView, Enrolment, FactorProof, FactorRejection } from './second-factor.ts';
import type { TooManySent } from './send-code.ts';

/** `replayed`: right, but used before; a page says the same as for `wrong`. `malformed` and `expired` cost no attempt. */
export type ProveRefusal = FactorRejection | 'replayed' | 'not-enrolled';

export type ShownChallenge = Shown<ChallengeView>;

export interface ProveSecondFactor {
  /** What the page shows. Asks, and sends where the factor does, unless a challenge is open here. */
  challenge(request: FactorRequest): Promise<Outcome<ShownChallenge, 'not-enrolled' | 'unreachable'> | TooManySent>;
  /** Sends another code; the former one is dead. */
  again(request: FactorRequest): Promise<Outcome<void, 'not-enrolled' | 'unreachable' | 'too-soon'> | TooManySent>;
  answer(request: ProofRequest): Promise<Outcome<Proof, ProveRefusal> | Blocked>;
}

export type ProofRequest = AnswerRequest & {
  /** All that the person could prove, of whichever factor. */
  everyOwned: readonly Enrolment[];
};

export interface ProveOptions {
  askedChallenges: AskedChallenges;
  answers: Answers;
  enrolments: Pick<Enrolments, 'list' | 'use' | 'markUsed'>;
  audit: Audit;
  db: Pick<Database, 'unitOfWork'>;
  /** Tells every verified address of the person, in the transaction that is under way. */
  notify: NotifyAccountChange;
  now?: () => Date;
}

export function createProveSecondFactor({
  askedChallenges,
  answers,
  enrolments,
  audit,
  db,
  notify,
  now = () => new Date(),
}: ProveOptions): ProveSecondFactor {
  return {
    async challenge(request) {
      const { factor, owned } = request;
      if (owned.length === 0) return refused('not-enrolled');
      const plan = planOf(request);
      const asked = plan ? await askedChallenges.ask(plan) : accepted(undefined);
      if (!asked.ok) return asked;
      const view = factor.present(owned, asked.value?.kept);
      return accepted('target' in view ? { ...view, sent: await askedChallenges.sent(request, asked.value) } : view);
    },

    async again(request) {
      if (request.owned.length === 0) return refused('not-enrolled');
      const plan = planOf(request);
      const asked = plan ? await askedChallenges.again(plan) : accepted(undefined);
      return asked.ok ? accepted(undefined) : asked;
    },

    async answer(request) {
      const { factor, owned } = request;
      if (owned.length === 0) return refused('not-enrolled');
      return answers.attempt(request, factor.guessable, (reservation) => judge(request, reservation));
    },
  };

  async function judge(request: ProofRequest, reservation: Reservation): Promise<Outcome<Proof, ProveRefusal>> {
    const { person, factor, owned, answer } = request;
    const at = now();
    const asked = factor.ask && (await askedChallenges.find(request, 'prove'));
    const verdict = await factor.verify(person, owned, asked?.challenge.kept, answer, at);
    if (verdict.ok) return accept(request, asked, verdict.value, reservation, at);
    if (verdict.reason === 'cloned') await tellOfClone(request);
    return verdict;
  }

  async function accept(
    request: ProofRequest,
    asked: FoundChallenge | undefined,
    { enrolmentId, amr, use }: FactorProof,
    reservation: Reservation,
    at: Date,
  ): Promise<Outcome<Proof, 'wrong' | 'replayed'>> {
    const { tenantId, userId } = request.person;
    return answers.usingUp(asked, async () => {
      if (use.kind !== 'challenge' && !(await enrolments.use(tenantId, userId, use))) {
        // A recovery code that was used is forgotten: it cannot be told from one that never was.
        return refused(use.kind === 'recovery-code' ? 'wrong' : 'replayed');
      }
      const used = request.owned.find(({ id }) => id === enrolmentId);
      if (used) await enrolments.markUsed(tenantId, userId, used);
      await audit.record(eventOf(request, 'second_factor.proven'));
      if (use.kind === 'recovery-code') await tellOfUse(request, enrolmentId);
      await (forgivesGuesses(request) ? reservation.succeeded() : reservation.release());
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
    await db.unitOfWork(async () => {
      await audit.record(eventOf(request, 'second_factor.cloned'));
      await notify({ tenantId, userId, notice: { kind: 'passkey-refused' } });
    });
  }
}

/**
 * Whether wrong codes of before are forgotten: not for a factor that is worth less than the one that they may have been guesses at.
 * Nobody guesses a passkey, or 50 random bits.
 */
function forgivesGuesses({ tenant: { settings }, factor, everyOwned }: ProofRequest): boolean {
  const { levels } = settings.policy;
  const guessed = everyOwned.filter((one) => one.factor !== 'passkey' && !isRecovery(one.factor));
  return guessed.every((one) => reaches(levels[factor.id], levels[one.factor]));
}

/** Undefined where no challenge is needed. */
function planOf(request: FactorRequest): ChallengePlan<'unreachable'> | undefined {
  const { factor, person, owned } = request;
  const { ask } = factor;
  return (
    ask && {
      request,
      purpose: 'prove',
      async make() {
        const made = await ask(person, owned);
        return made.ok ? made : refused('unreachable');
      },
    }
  );
}
