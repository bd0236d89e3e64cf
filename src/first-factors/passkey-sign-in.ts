// Signing in with a passkey alone: nobody is known before, and its credential tells who it is. Owns the challenge of each login,
// single use and audit; second-factors/passkey.ts judges the answer. Whether the person may sign in is the login's to ask.
// Nobody guesses a signature: an answer that is right is never refused for those that went wrong before it. Those are bounded by
// address alone, so that a stranger neither keeps anybody out nor fills the audit trail.

import { byUser } from '../audit/audit.ts';
import type { Audit, AuditEvent, AuditEventType } from '../audit/audit.ts';
import type { Database } from '../db/database.ts';
import type { NotifyAccountChange } from '../delivery/notifications.ts';
import { epochSeconds } from '../epoch-seconds.ts';
import type { Outcome } from '../outcome.ts';
import { accepted, refused } from '../outcome.ts';
import { proofOf } from '../policy/proof.ts';
import type { Proof } from '../policy/proof.ts';
import type { ChallengePlace, Challenges, FoundChallenge } from '../second-factors/challenges.ts';
import type { Enrolments } from '../second-factors/enrolments.ts';
import { readAssertion } from '../second-factors/passkey-answers.ts';
import type { Passkey } from '../second-factors/passkey.ts';
import { blocked } from '../security/attempt-limiter.ts';
import type { Blocked } from '../security/attempt-limiter.ts';
import { networkOf } from '../security/client-network.ts';
import type { Tally } from '../security/tally.ts';
import type { Tenant } from '../tenants/tenants.ts';

export interface PasskeySignInRequest {
  tenant: Tenant;
  /** As in `options`. */
  context: string;
  /** AuthenticationResponseJSON (WebAuthn Level 3, 5.1.8), as the browser posts it. */
  credential: string;
  /** The client's address, for the count of failures. */
  address: string;
}

/**
 * `unknown`: nobody in the tenant has it. `expired`: there is no challenge open that it could answer. `cloned`: a counter ran
 * backwards (7.2, step 22), which its owner is told.
 */
export type PasskeySignInRefusal = 'malformed' | 'wrong' | 'unknown' | 'expired' | 'cloned';

export interface SignedInByPasskey {
  userId: string;
  /** The person's when the passkey was looked up. */
  proofGeneration: number;
  proof: Proof;
}

export interface PasskeySignIn {
  /** PublicKeyCredentialRequestOptionsJSON as JSON; with the same challenge until that is answered. `context`: of one login. */
  options(tenant: Tenant, context: string): Promise<string>;
  /**
   * `blocked`: went wrong as well, after too many others from this address.
   *
   * @throws AppError `storage_unavailable`; never counted as a failure.
   */
  answer(request: PasskeySignInRequest): Promise<Outcome<SignedInByPasskey, PasskeySignInRefusal> | Blocked>;
}

export interface PasskeySignInOptions {
  passkey: (tenant: Tenant) => Passkey;
  challenges: Challenges;
  enrolments: Pick<Enrolments, 'findByCredential' | 'use' | 'markUsed'>;
  countFailure: Tally;
  audit: Audit;
  db: Pick<Database, 'unitOfWork'>;
  /** Tells the person, by way of the outbox. */
  notify: NotifyAccountChange;
  now?: () => Date;
}

/** As long as a login: the first page may lie open for all of it, waiting for the browser's list of passkeys to be used. */
const LIFE = 60 * 60;

type Found = NonNullable<Awaited<ReturnType<Enrolments['findByCredential']>>>;

export function createPasskeySignIn(options: PasskeySignInOptions): PasskeySignIn {
  const { passkey, challenges, enrolments, countFailure, audit, db, notify, now = () => new Date() } = options;

  return {
    async options(tenant, context) {
      const place = placeOf(tenant, context);
      const open = await challenges.find(place);
      if (open) return optionsOf(tenant, open.challenge.kept);
      const { kept } = (await passkey(tenant).ask(nobody(tenant), [])).value;
      const askedAt = epochSeconds(now());
      // A page that was asked for at the same time may have put another.
      const asked =
        (await challenges.add(place, { kept, askedAt, expiresAt: askedAt + LIFE })) ?? (await challenges.find(place));
      return optionsOf(tenant, asked?.challenge.kept ?? kept);
    },

    async answer(request) {
      const { tenant, context, credential } = request;
      const credentialId = discoveredId(credential);
      if (credentialId === undefined) return refused('malformed');
      const open = await challenges.find(placeOf(tenant, context));
      if (!open) return refused('expired');
      const found = await find(tenant, credentialId);
      if (!found) return refuse(request, 'unknown');
      const { userId, enrolment } = found;
      const person = { ...nobody(tenant), userId };
      const verdict = await passkey(tenant).verify(person, [enrolment], open.challenge.kept, credential);
      const outcome = verdict.ok ? await use(tenant, found, open, verdict.value) : verdict;
      return outcome.ok ? outcome : refuse(request, outcome.reason, userId);
    },
  };

  async function find(tenant: Tenant, credentialId: string): Promise<Found | undefined> {
    const isAllowed = tenant.settings.policy.secondFactors.allowed.includes('passkey');
    return isAllowed ? enrolments.findByCredential(tenant.id, credentialId) : undefined;
  }

  /** All or nothing, but for the challenge: after a fault there is a new one to answer. */
  function use(
    tenant: Tenant,
    { userId, proofGeneration, enrolment }: Found,
    open: FoundChallenge,
    proven: Verified,
  ): Promise<Outcome<SignedInByPasskey, 'expired' | 'cloned'>> {
    return db.unitOfWork(async () => {
      if (!(await open.use())) return refused('expired');
      // Another login has meanwhile seen as high a counter.
      if (!(await enrolments.use(tenant.id, userId, proven.use))) return refused('cloned');
      await enrolments.markUsed(tenant.id, userId, enrolment);
      await audit.record({ ...eventOf(tenant, 'second_factor.proven'), ...byUser(tenant.id, userId) });
      return accepted({ userId, proofGeneration, proof: proofOf('passkey', proven.amr, now()) });
    });
  }

  async function refuse({ tenant, address }: PasskeySignInRequest, reason: PasskeySignInRefusal, userId?: string) {
    if (reason === 'cloned' && userId !== undefined) return refuseClone(tenant, userId);
    const { beyond, retryAfter } = await countFailure(`passkey:address:${networkOf(address)}`);
    if (beyond === 0) {
      await audit.record({ ...eventOf(tenant, 'login.failed', userId), reason });
      return refused(reason);
    }
    if (beyond === 1) await audit.record({ ...eventOf(tenant, 'login.blocked'), reason: 'blocked' });
    return blocked(retryAfter);
  }

  /** Only somebody who holds the key comes here, so this is never too much to tell. */
  async function refuseClone(tenant: Tenant, userId: string) {
    await db.unitOfWork(async () => {
      await audit.record({ ...eventOf(tenant, 'login.failed', userId), reason: 'cloned' });
      await notify({ tenantId: tenant.id, userId, notice: { kind: 'passkey-refused' } });
    });
    return refused('cloned' as const);
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

/** Where nobody is known before, the user handle has to be there as well (7.2, step 6). */
function discoveredId(credential: string): string | undefined {
  const assertion = readAssertion(credential);
  return assertion?.response.userHandle === undefined ? undefined : assertion.id;
}
