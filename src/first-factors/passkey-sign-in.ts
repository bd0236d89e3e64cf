// Signing in with a passkey alone: nobody is known before, and its credential tells who it is. Owns the challenge of each login,
// attempt limits, single use and audit; second-factors/passkey.ts judges the answer. Whether the person may sign in is the
// login's to ask.

import type { Audit, AuditEvent, AuditEventType } from '../audit/audit.ts';
import type { Database } from '../db/database.ts';
import type { NotifyAccountChange } from '../delivery/notifications.ts';
import type { Outcome } from '../outcome.ts';
import { accepted, refused } from '../outcome.ts';
import type { Proof } from '../policy/proof.ts';
import type { ChallengePlace, Challenges } from '../second-factors/challenges.ts';
import type { Enrolments } from '../second-factors/enrolments.ts';
import { readAssertion } from '../second-factors/passkey-answers.ts';
import type { Passkey } from '../second-factors/passkey.ts';
import { evaluate } from '../security/attempt-limiter.ts';
import type { AttemptLimiter, Blocked, Reservation } from '../security/attempt-limiter.ts';
import type { Tenant } from '../tenants/tenants.ts';

export interface PasskeySignInRequest {
  tenant: Tenant;
  /** As in `options`. */
  context: string;
  /** AuthenticationResponseJSON (WebAuthn Level 3, 5.1.8), as the browser posts it. */
  credential: string;
  /** The client's address, for the limiter. */
  address: string;
}

/**
 * `unknown`: nobody in the tenant has it. `expired`: there is no challenge open that it could answer. `cloned`: a counter ran
 * backwards (7.2, step 22), which its owner is told.
 */
export type PasskeySignInRefusal = 'malformed' | 'wrong' | 'unknown' | 'expired' | 'cloned';

export interface PasskeySignIn {
  /** PublicKeyCredentialRequestOptionsJSON as JSON; with the same challenge until that is answered. `context`: of one login. */
  options(tenant: Tenant, context: string): Promise<string>;
  /** @throws AppError `storage_unavailable`; never counted as a failure. */
  answer(
    request: PasskeySignInRequest,
  ): Promise<Outcome<{ userId: string; proof: Proof }, PasskeySignInRefusal> | Blocked>;
}

export interface PasskeySignInOptions {
  passkey: (tenant: Tenant) => Passkey;
  challenges: Challenges;
  enrolments: Pick<Enrolments, 'findByCredential' | 'use' | 'markUsed'>;
  limiter: AttemptLimiter;
  audit: Audit;
  db: Pick<Database, 'unitOfWork'>;
  /** Tells the person, by way of the outbox. */
  notify: NotifyAccountChange;
  now?: () => Date;
}

/** As long as a login: the first page may lie open for all of it, waiting for the browser's list of passkeys to be used. */
const LIFE = 60 * 60;

type Found = NonNullable<Awaited<ReturnType<Enrolments['findByCredential']>>>;
type Question = NonNullable<Awaited<ReturnType<Challenges['find']>>>;

export function createPasskeySignIn(options: PasskeySignInOptions): PasskeySignIn {
  const { passkey, challenges, enrolments, limiter, audit, db, notify, now = () => new Date() } = options;

  return {
    async options(tenant, context) {
      const place = placeOf(tenant, context);
      const open = await challenges.find(place);
      if (open) return optionsOf(tenant, open.challenge.kept);
      const { kept } = (await passkey(tenant).ask(nobody(tenant), [])).value;
      const askedAt = seconds(now());
      // A page that was asked for at the same time may have put another.
      const asked =
        (await challenges.add(place, { kept, askedAt, expiresAt: askedAt + LIFE })) ?? (await challenges.find(place));
      return optionsOf(tenant, asked?.challenge.kept ?? kept);
    },

    async answer(request) {
      const { tenant, credential, address } = request;
      const credentialId = discoveredId(credential);
      if (credentialId === undefined) return refused('malformed');
      const reservation = await limiter.reserve({ tenantId: tenant.id, kind: 'passkey', subjects: [], address });
      if (reservation.ok) return evaluate(reservation.value, () => judge(request, credentialId, reservation.value));
      await audit.record({ ...eventOf(tenant, 'login.blocked'), reason: reservation.reason });
      return reservation;
    },
  };

  async function judge(request: PasskeySignInRequest, credentialId: string, reservation: Reservation) {
    const { tenant, context, credential } = request;
    const question = await challenges.find(placeOf(tenant, context));
    if (!question) {
      await reservation.release();
      return refused('expired');
    }
    const found = await find(tenant, credentialId);
    if (!found) return refuse(tenant, 'unknown');
    const { userId, enrolment } = found;
    const person = { ...nobody(tenant), userId };
    const verdict = await passkey(tenant).verify(person, [enrolment], question.challenge.kept, credential);
    if (!verdict.ok) return refuse(tenant, verdict.reason, userId);
    const outcome = await use(tenant, found, question, verdict.value, reservation);
    return outcome.ok ? outcome : refuse(tenant, outcome.reason, userId);
  }

  async function find(tenant: Tenant, credentialId: string): Promise<Found | undefined> {
    const isAllowed = tenant.settings.policy.secondFactors.allowed.includes('passkey');
    return isAllowed ? enrolments.findByCredential(tenant.id, credentialId) : undefined;
  }

  /** All or nothing, but for the challenge: after a fault there is a new one to answer. */
  function use(
    tenant: Tenant,
    { userId, enrolment }: Found,
    question: Question,
    proven: Verified,
    reservation: Reservation,
  ): Promise<Outcome<{ userId: string; proof: Proof }, 'expired' | 'cloned'>> {
    return db.unitOfWork(async () => {
      if (!(await question.use())) return refused('expired');
      // Another login has meanwhile seen as high a counter.
      if (!(await enrolments.use(tenant.id, userId, proven.use))) return refused('cloned');
      await enrolments.markUsed(tenant.id, userId, enrolment.id);
      await audit.record({ ...eventOf(tenant, 'second_factor.proven', userId), actor: { kind: 'user', id: userId } });
      await reservation.succeeded();
      return accepted({ userId, proof: { factor: 'passkey', amr: proven.amr, at: seconds(now()) } });
    });
  }

  async function refuse(tenant: Tenant, reason: PasskeySignInRefusal, userId?: string) {
    await db.unitOfWork(async () => {
      await audit.record({ ...eventOf(tenant, 'login.failed', userId), reason });
      if (reason !== 'cloned' || userId === undefined) return;
      await notify({ tenantId: tenant.id, userId, notice: { kind: 'passkey-refused' } });
    });
    return refused(reason);
  }

  function optionsOf(tenant: Tenant, kept: string): string {
    return passkey(tenant).present([], kept).options;
  }
}

type Verified = Extract<Awaited<ReturnType<Passkey['verify']>>, { ok: true }>['value'];

function placeOf({ id }: Tenant, context: string): ChallengePlace {
  return { tenantId: id, userId: '', context, purpose: 'sign-in', factor: 'passkey' };
}

function nobody({ id }: Tenant) {
  return { tenantId: id, userId: '', accountName: '', displayName: '' };
}

function eventOf({ id: tenantId }: Tenant, type: AuditEventType, userId?: string): AuditEvent {
  const subject = userId === undefined ? undefined : ({ kind: 'user', id: userId } as const);
  return { type, tenantId, subject, detail: { factor: 'passkey' } };
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}

/** Where nobody is known before, the user handle has to be there as well (7.2, step 6). */
function discoveredId(credential: string): string | undefined {
  const assertion = readAssertion(credential);
  return assertion?.response.userHandle === undefined ? undefined : assertion.id;
}
