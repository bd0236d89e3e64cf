// Adding a second factor, the same way at sign-in and in the account: a secret that only the server keeps until a first answer
// confirms it, the single use of that answer, the audit event and the word to the person. Whether somebody may add one now is
// the caller's to ask: after a fresh proof of a factor they have, or after the password when they have none.

import type { Audit } from '../audit/audit.ts';
import type { Database } from '../db/database.ts';
import type { Outcome } from '../outcome.ts';
import { accepted, refused } from '../outcome.ts';
import type { Proof } from '../policy/proof.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Enrolments } from './enrolments.ts';
import { proofOf } from './prove.ts';
import type { FactorId, FactorPresentation, FactorRejection, FactorSubject, SecondFactor } from './second-factor.ts';

export interface EnrolRequest {
  tenantId: string;
  userId: string;
  factor: SecondFactor;
  /** As `begin` gave it. */
  secret: string;
  answer: string;
  /** What its owner will know it by. */
  name: string;
  /** The person had no second factor when they were let in here on their password alone. */
  first: boolean;
  /** The one session of the person that goes on; all others end. */
  keptSession: string | undefined;
}

/** `not-first`: meanwhile the person has a factor, so the password alone is not enough any more. `replayed`: used before. */
export type EnrolRefusal = FactorRejection | 'replayed' | 'not-first';

export interface EnrolOptions {
  enrolments: Enrolments;
  audit: Audit;
  db: Pick<Database, 'unitOfWork'>;
  sessions: Pick<Sessions, 'endOthers'>;
  /** Tells every verified address of the person, by way of the outbox: it runs in the enrolment's own transaction. */
  notify: (change: { tenantId: string; userId: string; factor: FactorId; name: string }) => Promise<void>;
  now?: () => Date;
}

export interface EnrolSecondFactor {
  /** What the page shows, and the secret for the caller to keep encrypted; `pending` shows that one again (a reload). */
  begin(
    factor: SecondFactor,
    subject: FactorSubject,
    pending?: string,
  ): Promise<{ secret: string; presentation: FactorPresentation }>;
  /** Confirms the secret. Its answer is used up by that: the same code does not sign in afterwards. */
  finish(request: EnrolRequest): Promise<Outcome<Proof, EnrolRefusal>>;
}

export function createEnrolSecondFactor({
  enrolments,
  audit,
  db,
  sessions,
  notify,
  now = () => new Date(),
}: EnrolOptions): EnrolSecondFactor {
  return {
    async begin(factor, subject, pending) {
      const secret = pending ?? factor.newSecret();
      return { secret, presentation: await factor.present(subject, secret) };
    },

    // No attempts are counted: who answers here has been shown the secret, and guesses nothing.
    async finish({ tenantId, userId, factor, secret, answer, name, first, keptSession }) {
      const at = now();
      const verdict = factor.verify(secret, answer, at);
      if (!verdict.ok) return verdict;

      return db.unitOfWork(async () => {
        if (!(await enrolments.acceptStep(tenantId, userId, verdict.value.step))) return refused('replayed');
        if (first && (await enrolments.list(tenantId, userId)).length > 0) return refused('not-first');
        await enrolments.add(tenantId, userId, { factor: factor.id, name, secret });
        const user = { kind: 'user', id: userId } as const;
        const detail = { factor: factor.id, name };
        await audit.record({ type: 'second_factor.enrolled', tenantId, actor: user, subject: user, detail });
        const ended = await sessions.endOthers(tenantId, userId, keptSession);
        if (ended.length > 0)
          await audit.record({
            type: 'session.ended',
            tenantId,
            actor: user,
            subject: user,
            detail: { sessions: ended },
          });
        await notify({ tenantId, userId, factor: factor.id, name });
        return accepted(proofOf(factor, at));
      });
    },
  };
}
