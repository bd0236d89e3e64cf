// Adding a second factor, the same way at sign-in and in the account: what the server keeps until a first answer confirms it,
// and what the new factor changes. Whether somebody may add one now is the caller's to ask: after a fresh proof of a factor
// they have, or after the password when they have none.

import type { Outcome } from '../outcome.ts';
import { accepted, refused } from '../outcome.ts';
import { isRecovery, sends } from '../policy/factors.ts';
import { proofOf } from '../policy/proof.ts';
import type { Proof } from '../policy/proof.ts';
import type { Blocked } from '../security/attempt-limiter.ts';
import type { AccountChanged } from '../users/account-changed.ts';
import type { UserRecords } from '../users/user-records.ts';
import type { AnswerRequest, Answers } from './answers.ts';
import type { AskedChallenges, ChallengePlan, FactorRequest, Shown } from './asked-challenges.ts';
import type { FoundChallenge } from './challenges.ts';
import type { Enrolments } from './enrolments.ts';
import { isUsable } from './owned-factors.ts';
import type { ConfirmedEnrolment, ContactRejection, EnrolmentView, FactorRejection } from './second-factor.ts';
import type { TooManySent } from './send-code.ts';

export type FinishRequest = AnswerRequest & {
  /** What its owner will know it by. */
  name: string;
  /** The person had no second factor when they were let in here on their password alone. */
  first: boolean;
  /** The one session of the person that goes on; all others end. */
  keptSession: string | undefined;
};

/**
 * `not-first`: meanwhile the person has a factor, so the password alone is not enough any more. `replayed`: used before.
 * `taken`: somebody in the tenant has that passkey already.
 */
export type EnrolRefusal = FactorRejection | 'replayed' | 'not-first' | 'taken';

export type ShownEnrolment = Shown<EnrolmentView>;

export interface EnrolSecondFactor {
  /** What the page shows. Begins one unless that is open here; undefined where it has to be said first where codes are to go. */
  current(request: FactorRequest): Promise<Outcome<ShownEnrolment | undefined, 'unreachable'> | TooManySent>;
  /** Begins one at `contact`, and sends a code there. */
  begin(request: FactorRequest & { contact: string }): Promise<Outcome<void, ContactRejection> | TooManySent>;
  /** Sends another code; the former one is dead. */
  again(request: FactorRequest): Promise<Outcome<void, 'expired' | 'unreachable' | 'too-soon'> | TooManySent>;
  /** Another number, another time. */
  cancel(request: FactorRequest): Promise<void>;
  /** Its first answer, which does not sign in afterwards. Undefined for what proves nothing: recovery codes were only shown. */
  finish(request: FinishRequest): Promise<Outcome<Proof | undefined, EnrolRefusal> | Blocked>;
}

export interface EnrolOptions {
  askedChallenges: AskedChallenges;
  answers: Answers;
  enrolments: Pick<Enrolments, 'list' | 'add' | 'remove' | 'use' | 'markUsed' | 'lock'>;
  changed: AccountChanged;
  userRecords: Pick<UserRecords, 'setEnrolsByLink'>;
  now?: () => Date;
}

export function createEnrolSecondFactor({
  askedChallenges,
  answers,
  enrolments,
  changed,
  userRecords,
  now = () => new Date(),
}: EnrolOptions): EnrolSecondFactor {
  return {
    async current(request) {
      const open = await askedChallenges.find(request, 'enrol');
      if (!open && sends(request.factor.id)) return accepted(undefined);
      const asked = open ? accepted(open.challenge) : await askedChallenges.ask(planWithKnown(request));
      if (!asked.ok) return asked;
      const view = await request.factor.presentEnrolment(request.person, asked.value.kept);
      return accepted('target' in view ? { ...view, sent: await askedChallenges.sent(request, asked.value) } : view);
    },

    async begin({ contact, ...request }) {
      const asked = await askedChallenges.ask(planOf(request, contact));
      return asked.ok ? accepted(undefined) : asked;
    },

    async again(request) {
      const open = await askedChallenges.find(request, 'enrol');
      if (!open) return refused('expired');
      const asked = await askedChallenges.again(planWithKnown(request, open.challenge.contact));
      return asked.ok ? accepted(undefined) : asked;
    },

    cancel: (request) => askedChallenges.remove(request, 'enrol'),

    async finish(request) {
      const asked = await askedChallenges.find(request, 'enrol');
      if (!asked) return refused('expired');
      // Who has been shown the secret guesses nothing. A code that went to somebody else's number could be guessed.
      if (asked.challenge.contact === undefined) return judge(request, asked);
      return answers.attempt(request, true, async (reservation) => {
        const outcome = await judge(request, asked);
        // The contact is of the person's own choice: a right code for it forgives no wrong ones for their other factors.
        if (outcome.ok) await reservation.release();
        return outcome;
      });
    },
  };

  async function judge(
    request: FinishRequest,
    asked: FoundChallenge,
  ): Promise<Outcome<Proof | undefined, EnrolRefusal>> {
    const { person, factor, answer } = request;
    const at = now();
    const verdict = await factor.finishEnrolment(person, asked.challenge.kept, answer, at);
    if (!verdict.ok) return verdict;
    const { amr } = verdict.value;
    const added = await answers.usingUp(asked, () => add(request, verdict.value));
    return added.ok ? accepted(amr && proofOf(factor.id, amr, at)) : added;
  }

  async function add(
    request: FinishRequest,
    { enrolment, amr, use }: ConfirmedEnrolment,
  ): Promise<Outcome<void, 'replayed' | 'not-first' | 'taken'>> {
    const { tenant, person, factor, name, first, keptSession } = request;
    const { tenantId, userId } = person;
    await enrolments.lock(tenantId, userId);
    if (use.kind === 'step' && !(await enrolments.use(tenantId, userId, use))) return refused('replayed');
    const existing = await enrolments.list(tenantId, userId);
    if (first && existing.some((one) => isUsable(tenant, one))) return refused('not-first');

    const formerOnes = factor.single ? existing.filter((one) => one.factor === factor.id) : [];
    for (const former of formerOnes) await enrolments.remove(tenantId, userId, former.id);
    const id = await enrolments.add(tenantId, userId, { factor: factor.id, name, ...enrolment });
    if (id === undefined) return refused('taken');
    if (amr) await enrolments.markUsed(tenantId, userId, { id, factor: factor.id });
    const notice = isRecovery(factor.id)
      ? ({ kind: 'recovery-codes-made' } as const)
      : ({ kind: 'factor-added', factor: factor.id, name } as const);
    const event = { type: 'second_factor.enrolled', detail: { factor: factor.id, name } } as const;
    await changed({ tenantId, userId, event, notice, keptSession });
    // From now on it is this factor that lets them add others.
    if (first) await userRecords.setEnrolsByLink(tenantId, userId, false);
    return accepted(undefined);
  }
}

function planOf(request: FactorRequest, contact?: string): ChallengePlan<ContactRejection> {
  const { factor, person, owned } = request;
  return { request, purpose: 'enrol', contact, make: () => factor.beginEnrolment(person, owned, contact) };
}

/** The contact, if there is one, was in order before: if it is not any more, the tenant has changed what it sends to. */
function planWithKnown(request: FactorRequest, contact?: string): ChallengePlan<'unreachable'> {
  const plan = planOf(request, contact);
  return {
    ...plan,
    async make() {
      const made = await plan.make();
      return made.ok ? made : refused('unreachable');
    },
  };
}
