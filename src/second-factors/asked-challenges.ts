// Putting a challenge to a person, the same way for every factor and purpose: it stays open until it is answered or has run out,
// goes out at most once however many ask for it at once, and goes out again no sooner than the server's own timer allows.

import type { DeliveryStatus } from '../delivery/delivery.ts';
import type { Outcome } from '../outcome.ts';
import { accepted, refused } from '../outcome.ts';
import { sends } from '../policy/factors.ts';
import type { Tenant } from '../tenants/tenants.ts';
import type { ChallengePlace, Challenges, FoundChallenge, OpenChallenge } from './challenges.ts';
import type { Enrolment, FactorPerson, NewChallenge, Purpose, SecondFactor } from './second-factor.ts';
import type { SendCode, TooManySent } from './send-code.ts';

export interface FactorRequest {
  tenant: Tenant;
  person: FactorPerson;
  /** Of what is sent (BCP 47). */
  language: string;
  /** `login:<uid of the interaction>` or `account:<uid of the session>`. */
  context: string;
  factor: SecondFactor;
  /** Those of this factor that the person has; of a factor that sends, to prove it, the chosen one alone. */
  owned: readonly Enrolment[];
}

/** What became of a code on its way. */
export interface Sent {
  status: DeliveryStatus;
  expiresAt: Date;
  /** Seconds until it can be sent again; 0 from then on. */
  resendIn: number;
}

/** A factor's view; of one that sends, also what became of the code. */
export type Shown<View> = View extends { target: string } ? View & { sent: Sent } : View;

/** A challenge that may have to be put. */
export interface ChallengePlan<R extends string> {
  request: FactorRequest;
  purpose: Purpose;
  /** Of an enrolment by a factor that sends. */
  contact?: string | undefined;
  /** Makes the challenge, if it comes to that. */
  make(): Promise<Outcome<NewChallenge, R>>;
}

export interface AskedChallenges {
  find(request: FactorRequest, purpose: Purpose): Promise<FoundChallenge | undefined>;
  /** The challenge that is open here (for this contact); else puts one, and sends it where the factor does. */
  ask<R extends string>(plan: ChallengePlan<R>): Promise<Outcome<OpenChallenge, R | 'unreachable'> | TooManySent>;
  /** Sends another code; the former one is dead. Where that does not work, the former one stays good. */
  again<R extends string>(
    plan: ChallengePlan<R>,
  ): Promise<Outcome<OpenChallenge, R | 'unreachable' | 'too-soon'> | TooManySent>;
  remove(request: FactorRequest, purpose: Purpose): Promise<void>;
  /** Of a challenge that is sent. */
  sent(request: FactorRequest, challenge: OpenChallenge | undefined): Promise<Sent>;
}

export interface AskedChallengesOptions {
  challenges: Challenges;
  sendCode: SendCode;
  deliveryStatus(tenantId: string, deliveryId: string): Promise<DeliveryStatus | undefined>;
  now?: () => Date;
}

/** Seconds from the first sending to the second; twice as many after each further one. */
const FIRST_WAIT = 30;

export function createAskedChallenges(options: AskedChallengesOptions): AskedChallenges {
  const { challenges, sendCode, deliveryStatus, now = () => new Date() } = options;
  const epoch = () => now().getTime() / 1000;

  return {
    find: (request, purpose) => challenges.find(placeOf(request, purpose)),

    async ask(plan) {
      const open = await challenges.find(placeOf(plan.request, plan.purpose));
      const isThisOne = open && (plan.contact === undefined || plan.contact === open.challenge.contact);
      return isThisOne ? accepted(open.challenge) : put(plan, open);
    },

    async again(plan) {
      const open = await challenges.find(placeOf(plan.request, plan.purpose));
      if (open && secondsToWait(open.challenge) > 0) return refused('too-soon');
      return put(plan, open);
    },

    remove: (request, purpose) => challenges.remove(placeOf(request, purpose)),

    async sent({ tenant }, challenge) {
      if (!challenge) throw new Error('A code is shown as sent that nobody was asked for');
      const { deliveryId, expiresAt } = challenge;
      const status = deliveryId === undefined ? undefined : await deliveryStatus(tenant.id, deliveryId);
      return {
        status: status ?? 'waiting',
        expiresAt: new Date(expiresAt * 1000),
        resendIn: secondsToWait(challenge),
      };
    },
  };

  /** Puts a challenge in place of `former`, or of none, and sends it. Of several callers one does; the others get its challenge. */
  async function put<R extends string>(
    plan: ChallengePlan<R>,
    former: FoundChallenge | undefined,
  ): Promise<Outcome<OpenChallenge, R | 'unreachable'> | TooManySent> {
    const place = placeOf(plan.request, plan.purpose);
    const made = await plan.make();
    if (!made.ok) return made;

    const challenge = challengeOf(made.value, plan, former?.challenge);
    const asked = former ? await former.change(challenge) : await challenges.add(place, challenge);
    if (!asked) return otherOnes(place);
    const takeBack = () => (former ? asked.change(former.challenge) : challenges.remove(place));
    try {
      const sent = await send(plan, made.value);
      if (!sent.ok) {
        await takeBack();
        return sent;
      }
      const queued = { ...challenge, ...sent.value };
      await asked.change(queued);
      return accepted(queued);
    } catch (fault) {
      // The store itself may be what failed; the fault to tell is the first one.
      await takeBack().catch(() => undefined);
      throw fault;
    }
  }

  async function otherOnes(place: ChallengePlace): Promise<Outcome<OpenChallenge, 'unreachable'>> {
    const other = await challenges.find(place);
    return other ? accepted(other.challenge) : refused('unreachable');
  }

  async function send(
    { request: { tenant, person, language }, purpose }: ChallengePlan<string>,
    { message, life }: NewChallenge,
  ): Promise<Outcome<{ deliveryId?: string }, 'unreachable'> | TooManySent> {
    return message ? sendCode({ tenant, userId: person.userId, language, purpose, message, life }) : accepted({});
  }

  function challengeOf(
    { kept, life, message }: NewChallenge,
    { contact }: ChallengePlan<string>,
    former: OpenChallenge | undefined,
  ): OpenChallenge {
    const askedAt = epoch();
    const isResent = former?.contact === contact;
    return {
      kept,
      askedAt,
      expiresAt: askedAt + life,
      ...(message && { sendings: isResent ? (former?.sendings ?? 0) + 1 : 1 }),
      ...(contact !== undefined && { contact }),
    };
  }

  function secondsToWait({ askedAt, sendings }: OpenChallenge): number {
    if (sendings === undefined) return 0;
    return Math.max(0, Math.ceil(askedAt + FIRST_WAIT * 2 ** (sendings - 1) - epoch()));
  }
}

function placeOf({ person, context, factor, owned }: FactorRequest, purpose: Purpose): ChallengePlace {
  const { tenantId, userId } = person;
  const place = { tenantId, userId, context, purpose, factor: factor.id };
  const [chosen] = owned;
  // What goes out to one number asks nothing of another one of the same person.
  return purpose === 'prove' && chosen && sends(factor.id) ? { ...place, enrolmentId: chosen.id } : place;
}
