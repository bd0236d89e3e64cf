// Hashes of passwords kept here (local accounts): argon2id, so many at once and no more. Which passwords are good enough is
// password-policy.ts's to say; how often one may be tried is attempt-limiter.ts's.

import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';

import argon2 from 'argon2';

import { overloaded, tooManyAtOnce } from '../errors.ts';
import { readForeignHash } from './foreign-hashes.ts';
import type { ForeignHash } from './foreign-hashes.ts';
import { createTurnstile } from './turnstile.ts';

export interface PasswordHash {
  /** A PHC string (`$argon2id$v=19$…`) with a salt of its own. */
  hash(password: string): Promise<string>;
  /**
   * `rehash`: the password is right, and its hash was made with other parameters than today's, or elsewhere (foreign-hashes.ts). No
   * hash (nobody's name, no password set) is never right, and takes as long to say.
   */
  verify(hash: string | undefined, password: string): Promise<{ ok: boolean; rehash: boolean }>;
}

export interface PasswordHashOptions {
  /** KiB. */
  memoryCost?: number;
  timeCost?: number;
  parallelism?: number;
  /** Hashes computed at once; each takes a thread of libuv's four and `memoryCost`. */
  concurrency?: number;
  /** Callers that may wait for their turn; the next one is told to come back later. */
  queue?: number;
}

/**
 * Defaults are OWASP's least (19 MiB, two passes, one lane). Every method throws AppError `overloaded` (503) when too many
 * callers wait already.
 */
export function createPasswordHash({
  memoryCost = 19 * 1024,
  timeCost = 2,
  parallelism = 1,
  concurrency = Math.min(availableParallelism(), 3),
  queue = 64,
}: PasswordHashOptions = {}): PasswordHash {
  const parameters = { memoryCost, timeCost, parallelism };
  const inTurn = createTurnstile({ slots: concurrency, queue, full: overloaded });
  // No password has this hash, short of guessing 256 random bits.
  const nobody = `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$${randomText(16)}$${randomText(32)}`;

  return {
    hash: (password) => inTurn(() => argon2.hash(canonical(password), { type: argon2.argon2id, ...parameters })),

    async verify(hash = nobody, password) {
      const foreign = readForeignHash(hash);
      if (foreign) {
        const isRight = await inTurn(() => verifyForeign(foreign, nobody, password));
        return { ok: isRight, rehash: isRight };
      }
      const ok = await inTurn(() => argon2.verify(hash, canonical(password)));
      const isOurs = hash.startsWith('$argon2id$');
      return { ok, rehash: ok && (!isOurs || argon2.needsRehash(hash, parameters)) };
    },
  };
}

/**
 * Elsewhere a password may have been hashed as it was typed. A wrong one that would be told at once takes as long as nobody's, so that
 * the time does not tell whose hash came from where; a right one is hashed anew, which takes as long.
 */
async function verifyForeign(hash: ForeignHash, nobody: string, password: string): Promise<boolean> {
  for (const spelling of new Set([canonical(password), password])) {
    if (await hash.verify(spelling)) return true;
  }
  if (hash.quick) await argon2.verify(nobody, password);
  return false;
}

/**
 * Hashes what administrators ask for, one at a time and apart from sign-ins, which are not to wait for them. `lane`: whose turn it is
 * among them. @throws AppError `too_many_attempts` (429) where too many of the lane wait already.
 */
export type HashInLane = (lane: string, password: string) => Promise<string>;

/** One caller's requests at once (request-limits.ts) find room. */
const WAITING_IN_A_LANE = 8;

export function createHashInLanes(queue = WAITING_IN_A_LANE): HashInLane {
  const inTurn = createTurnstile({ slots: 1, queue, full: tooManyAtOnce });
  // Its turnstile is never full: there is one at a time.
  const { hash } = createPasswordHash();
  return (lane, password) => inTurn(() => hash(password), lane);
}

/** NFC, because keyboards differ in how they compose an accent (RFC 8265 4.2.2). */
function canonical(password: string): string {
  return password.normalize('NFC');
}

/** Unpadded base64, as PHC strings have it. */
function randomText(bytes: number): string {
  return randomBytes(bytes).toString('base64').replace(/=+$/, '');
}
