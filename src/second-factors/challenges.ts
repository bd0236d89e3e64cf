// Questions that are open: kept encrypted, each in the place where it was put, answered right at most once. The place is part of
// the key and of the encryption: a question of another tenant, user, purpose, factor or login is a question that does not exist.

import type { EphemeralStore } from '../ephemeral/ephemeral-store.ts';
import type { Encryption } from '../security/encryption.ts';
import type { FactorId } from './second-factor.ts';

/** Where a question is put. */
export interface ChallengePlace {
  tenantId: string;
  /** Of whom; for a sign-in by passkey alone nobody is known yet, and it is `''`. */
  userId: string;
  /** One login (`login:<uid of the interaction>`) or one session's account page (`account:<uid of the session>`). */
  context: string;
  purpose: 'prove' | 'enrol' | 'sign-in';
  factor: FactorId;
}

export interface OpenChallenge {
  /** As the factor's question has it. */
  kept: string;
  /** Epoch seconds. */
  askedAt: number;
  expiresAt: number;
  /** The message that it went out by. */
  deliveryId?: string;
  /** Which of the person's it was put to, where a factor sends. */
  enrolmentId?: string;
}

export interface Challenges {
  /** With `use`, which uses it up: true for exactly one of any number of callers. */
  find(place: ChallengePlace): Promise<{ challenge: OpenChallenge; use(): Promise<boolean> } | undefined>;
  /** Puts a question, only where none is open. */
  add(place: ChallengePlace, challenge: OpenChallenge): Promise<boolean>;
  /** Puts a question in place of whatever was there, which is dead from then on. */
  replace(place: ChallengePlace, challenge: OpenChallenge): Promise<void>;
  remove(place: ChallengePlace): Promise<void>;
}

/** What is left of a question that was answered. */
const USED = 'used';

export function createChallenges(store: EphemeralStore, encryption: Encryption, now = Date.now): Challenges {
  const secondsLeft = ({ expiresAt }: OpenChallenge) => Math.max(1, Math.ceil(expiresAt - now() / 1000));
  const seal = (place: ChallengePlace, challenge: OpenChallenge) =>
    encryption.encrypt(JSON.stringify(challenge), rowOf(place));

  return {
    async find(place) {
      const key = keyOf(place);
      const read = await store.get(key);
      if (read === undefined || read === USED) return undefined;
      const challenge = JSON.parse(encryption.decrypt(read, rowOf(place))) as OpenChallenge;
      if (challenge.expiresAt * 1000 <= now()) return undefined;
      return { challenge, use: () => store.replace(key, read, USED, secondsLeft(challenge)) };
    },

    async add(place, challenge) {
      const key = keyOf(place);
      const sealed = seal(place, challenge);
      return (
        (await store.add(key, sealed, secondsLeft(challenge))) ||
        (await store.replace(key, USED, sealed, secondsLeft(challenge)))
      );
    },

    replace: (place, challenge) => store.put(keyOf(place), seal(place, challenge), secondsLeft(challenge)),
    remove: (place) => store.remove(keyOf(place)),
  };
}

function keyOf({ tenantId, userId, context, purpose, factor }: ChallengePlace): string {
  return `challenge:${tenantId}:${context}:${userId}:${purpose}:${factor}`;
}

function rowOf(place: ChallengePlace): { table: string; column: string; row: string } {
  return { table: 'challenge', column: 'kept', row: keyOf(place) };
}
