// Proving a second factor, the same way at sign-in and in the account: the attempt is reserved, the answer verified, its single
// use decided by the store, and all of it audited. A factor only verifies.

import type { Audit, AuditEvent } from '../audit/audit.ts';
import type { Database } from '../db/database.ts';
import type { Outcome } from '../outcome.ts';
import { accepted, refused } from '../outcome.ts';
import type { Proof } from '../policy/proof.ts';
import { evaluate } from '../security/attempt-limiter.ts';
import type { AttemptLimiter, Blocked, Reservation } from '../security/attempt-limiter.ts';
import type { Enrolments } from './enrolments.ts';
import type { Enrolment, FactorProof, FactorRejection, SecondFactor } from './second-factor.ts';

export interface ProveRequest {
  tenantId: string;
  userId: string;
  factor: SecondFactor;
  answer: string;
  /** The client's address, for the limiter. */
  address: string;
}

/** `replayed`: right, but used before; a page says the same as for `wrong`. `malformed` costs no attempt. */
export type ProveRefusal = FactorRejection | 'replayed' | 'not-enrolled';

export interface ProveOptions {
  limiter: AttemptLimiter;
  enrolments: Enrolments;
  audit: Audit;
  db: Pick<Database, 'unitOfWork'>;
  now?: () => Date;
}

export type ProveSecondFactor = (request: ProveRequest) => Promise<Outcome<Proof, ProveRefusal> | Blocked>;

export function createProveSecondFactor({
  limiter,
  enrolments,
  audit,
  db,
  now = () => new Date(),
}: ProveOptions): ProveSecondFactor {
  return async (request) => {
    const { tenantId, userId, factor, address } = request;
    const owned = (await enrolments.list(tenantId, userId)).filter((enrolment) => enrolment.factor === factor.id);
    if (owned.length === 0) return refused('not-enrolled');

    const reservation = await limiter.reserve({
      tenantId,
      kind: 'second-factor',
      subjects: [`user:${userId}`],
      address,
    });
    if (!reservation.ok) {
      await audit.record(eventOf(request, 'second_factor.blocked', reservation.reason));
      return reservation;
    }
    const outcome = await evaluate(reservation.value, () => judge(request, owned, reservation.value));
    if (!outcome.ok && outcome.reason !== 'malformed') {
      await audit.record(eventOf(request, 'second_factor.failed', outcome.reason));
    }
    return outcome;
  };

  async function judge(
    request: ProveRequest,
    owned: readonly Enrolment[],
    reservation: Reservation,
  ): Promise<Outcome<Proof, ProveRefusal>> {
    const at = now();
    const match = findMatch(request, owned, at);
    if (match.ok) {
      const isFirstUse = await use(request, match.value, reservation);
      return isFirstUse ? accepted(proofOf(request.factor, at)) : refused('replayed');
    }
    if (match.reason === 'malformed') await reservation.release();
    return match;
  }

  /** All or nothing: after a fault the step is as unused as before. */
  function use(request: ProveRequest, match: Match, reservation: Reservation): Promise<boolean> {
    const { tenantId, userId } = request;
    return db.unitOfWork(async () => {
      if (!(await enrolments.acceptStep(tenantId, userId, match.step))) return false;
      await enrolments.markUsed(tenantId, userId, match.enrolmentId);
      await audit.record(eventOf(request, 'second_factor.proven'));
      await reservation.succeeded();
      return true;
    });
  }
}

export function proofOf(factor: SecondFactor, at: Date): Proof {
  return { factor: factor.id, amr: factor.amr, at: Math.floor(at.getTime() / 1000) };
}

type Match = FactorProof & { enrolmentId: string };

/** A person may have several enrolments of one factor; an answer is malformed when it has the form of none. */
function findMatch(
  { factor, answer }: ProveRequest,
  owned: readonly Enrolment[],
  at: Date,
): Outcome<Match, FactorRejection> {
  let reason: FactorRejection = 'malformed';
  for (const { id, secret } of owned) {
    const verdict = factor.verify(secret, answer, at);
    if (verdict.ok) return accepted({ ...verdict.value, enrolmentId: id });
    if (verdict.reason === 'wrong') reason = 'wrong';
  }
  return refused(reason);
}

function eventOf({ tenantId, userId, factor }: ProveRequest, type: AuditEvent['type'], reason?: string): AuditEvent {
  const user = { kind: 'user', id: userId } as const;
  return { type, tenantId, actor: user, subject: user, reason, detail: { factor: factor.id } };
}
