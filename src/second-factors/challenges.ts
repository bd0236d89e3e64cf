// Challenges that are open: kept encrypted, each in its place, answered right at most once. The place is part of the key and of
// the encryption: a challenge of another tenant, user, purpose, factor or login is one that does not exist.

import { z } from 'zod';

import type { EphemeralStore } from '../ephemeral/ephemeral-store.ts';
import type { FactorId } from '../policy/factors.ts';
import type { Encryption } from '../security/encryption.ts';
import type { Purpose } from './second-factor.ts';

/** Where a challenge stands. */
export interface ChallengePlace {
  tenantId: string;
  /** Of whom; for a sign-in by passkey alone nobody is known yet, and it is `''`. */
  userId: string;
  /** One login (`login:<uid of the interaction>`) or one session's account page (`account:<uid of the session>`). */
  context: string;
  purpose: Purpose | 'sign-in';
  factor: FactorId;
  /** Which of the person's it is put to, where a factor sends. */
  enrolmentId?: string;
}

const openChallenge = z.object({
  /** As the factor made it (second-factor.ts). */
  kept: z.string(),
  /** Epoch seconds. */
  askedAt: z.number(),
  expiresAt: z.number(),
  /** How often it was sent; left out where nothing is. */
  sendings: z.number().optional(),
  /** The message that it went out by, once that is queued. */
  deliveryId: z.string().optional(),
  /** Of an enrolment: the number or the address, as it was typed. */
  contact: z.string().optional(),
});
export type OpenChallenge = z.infer<typeof openChallenge>;

/** As it was found. What is done with it is done only while it is still that one, by one of any number of callers. */
export interface FoundChallenge {
  challenge: OpenChallenge;
  /** Uses it up. */
  use(): Promise<boolean>;
  /** Puts another one in its place; the former one is dead from then on. */
  change(next: OpenChallenge): Promise<FoundChallenge | undefined>;
}

export interface Challenges {
  find(place: ChallengePlace): Promise<FoundChallenge | undefined>;
  /** Only where none is open; undefined where one is. */
  add(place: ChallengePlace, challenge: OpenChallenge): Promise<FoundChallenge | undefined>;
  remove(place: ChallengePlace): Promise<void>;
}

/** What is left of a challenge that was answered. */
const USED = 'used';

export function createChallenges(store: EphemeralStore, encryption: Encryption, now = Date.now): Challenges {
  return {
    async find(place) {
      const read = await store.get(keyOf(place));
      return read === undefined ? undefined : open(place, read);
    },

    async add(place, challenge) {
      const key = keyOf(place);
      const sealed = seal(place, challenge);
      const isMine =
        (await store.add(key, sealed, secondsLeft(challenge))) || (await replaceDead(place, sealed, challenge));
      return isMine ? asked(place, sealed, challenge) : undefined;
    },

    remove: (place) => store.remove(keyOf(place)),
  };

  /** What is used or has run out may be there for a while yet. */
  async function replaceDead(place: ChallengePlace, sealed: string, challenge: OpenChallenge): Promise<boolean> {
    const key = keyOf(place);
    const read = await store.get(key);
    if (read === undefined || open(place, read)) return false;
    return store.replace(key, read, sealed, secondsLeft(challenge));
  }

  function seal(place: ChallengePlace, challenge: OpenChallenge): string {
    return encryption.encrypt(JSON.stringify(challenge), rowOf(place));
  }

  function open(place: ChallengePlace, sealed: string): FoundChallenge | undefined {
    if (sealed === USED) return undefined;
    const challenge = openChallenge.parse(JSON.parse(encryption.decrypt(sealed, rowOf(place))));
    return challenge.expiresAt * 1000 > now() ? asked(place, sealed, challenge) : undefined;
  }

  function asked(place: ChallengePlace, sealed: string, challenge: OpenChallenge): FoundChallenge {
    const key = keyOf(place);
    return {
      challenge,
      use: () => store.replace(key, sealed, USED, secondsLeft(challenge)),
      async change(next) {
        const resealed = seal(place, next);
        const isMine = await store.replace(key, sealed, resealed, secondsLeft(next));
        return isMine ? asked(place, resealed, next) : undefined;
      },
    };
  }

  function secondsLeft({ expiresAt }: OpenChallenge): number {
    return Math.max(1, Math.ceil(expiresAt - now() / 1000));
  }
}

function keyOf({ tenantId, userId, context, purpose, factor, enrolmentId = '' }: ChallengePlace): string {
  return `challenge:${tenantId}:${context}:${userId}:${purpose}:${factor}:${enrolmentId}`;
}

function rowOf(place: ChallengePlace): { table: string; column: string; row: string } {
  return { table: 'challenge', column: 'kept', row: keyOf(place) };
}
