// Hashes of passwords that other systems made: bcrypt, PBKDF2 and the salted digests of directories. They are good for one sign-in,
// after which the password is hashed anew as password-hash.ts does it. What they may cost is bounded where they are taken in.

import { createHash, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';

import { accepted, refused } from '../outcome.ts';
import type { Outcome } from '../outcome.ts';

/** A hash that was read. */
export interface ForeignHash {
  /** It takes no time to speak of, so that whoever asks must take some to hide that. */
  quick: boolean;
  verify(password: string): Promise<boolean>;
}

/** `unreadable`: of no form that is known here. `too-costly`: each sign-in would keep the server busy for too long. */
export type HashRefusal = 'unreadable' | 'too-costly';

const LONGEST = 1024;
/** A doubling of work for each: 14 is a second and a half. */
const BCRYPT_COST = { least: 4, most: 14 };
const PBKDF2_ROUNDS = 2_000_000;
/** KiB, passes and lanes; and KiB × passes. */
const ARGON2 = { memory: 256 * 1024, passes: 64, lanes: 16, work: 1024 * 1024 };
/** Bytes. */
const HASH_LENGTH = { least: 16, most: 64 };
const SALT_LENGTH = { least: 4, most: 64 };

const DIGEST_LENGTH = { sha1: 20, sha256: 32, sha512: 64 } as const;
type Digest = keyof typeof DIGEST_LENGTH;

const derive = promisify(pbkdf2);

/** Undefined for what is none of these forms; argon2's are password-hash.ts's. */
export function readForeignHash(hash: string): ForeignHash | undefined {
  return readBcrypt(hash) ?? readPbkdf2(hash) ?? readSaltedDigest(hash);
}

/** Whether a hash from elsewhere may be kept: it can be read, argon2's among them, and proves a password at a bearable cost. */
export function checkImportedHash(hash: string): Outcome<string, HashRefusal> {
  if (hash.length > LONGEST) return refused('unreadable');
  const cost = argon2Cost(hash) ?? bcryptCost(hash) ?? pbkdf2Cost(hash);
  if (cost === 'too-costly') return refused('too-costly');
  return cost === 'bearable' || readSaltedDigest(hash) ? accepted(hash) : refused('unreadable');
}

type Cost = 'bearable' | 'too-costly' | undefined;

function costs(isBearable: boolean): Cost {
  return isBearable ? 'bearable' : 'too-costly';
}

/** `$argon2id$v=19$m=19456,t=2,p=1$salt$hash` (PHC string format); some write its parameters in another order. */
function argon2Cost(hash: string): Cost {
  const [, parameters = '', salt = '', sum = ''] =
    /^\$argon2(?:id|i|d)\$v=(?:19|16)\$([mtp]=\d{1,10}(?:,[mtp]=\d{1,10}){2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/.exec(
      hash,
    ) ?? [];
  const given = new Map(parameters.split(',').map((one) => [one.slice(0, 1), Number(one.slice(2))]));
  const [memory = 0, passes = 0, lanes = 0] = ['m', 't', 'p'].map((name) => given.get(name));
  // RFC 9106 3.1: the least of each.
  const isArgon2 = memory >= 8 * lanes && passes >= 1 && lanes >= 1 && isLong(salt, 8, 64) && isLong(sum, 12, 128);
  if (!isArgon2) return undefined;
  const { memory: most, passes: mostPasses, lanes: mostLanes, work } = ARGON2;
  return costs(memory <= most && passes <= mostPasses && lanes <= mostLanes && memory * passes <= work);
}

const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;

function bcryptCost(hash: string): Cost {
  const cost = BCRYPT.exec(hash)?.[1];
  if (cost === undefined || Number(cost) < BCRYPT_COST.least) return undefined;
  return costs(Number(cost) <= BCRYPT_COST.most);
}

function readBcrypt(hash: string): ForeignHash | undefined {
  if (bcryptCost(hash) !== 'bearable') return undefined;
  return { quick: false, verify: (password) => compareInWorker(hash, password) };
}

function compareInWorker(hash: string, password: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./bcrypt-worker.ts', import.meta.url), { workerData: { hash, password } });
    worker.once('message', (isRight) => resolve(isRight === true));
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('a thread ended without having compared a password')));
  });
}

interface Pbkdf2 {
  digest: Digest;
  rounds: number;
  salt: Buffer;
  sum: Buffer;
}

/**
 * `$pbkdf2-sha256$i=600000$salt$hash`, as a PHC string with unpadded base64; the number without `i=` and base64 with `.` for `+`, as
 * passlib writes it; and `{PBKDF2-SHA256}10000$salt$hash`, as OpenLDAP does. Without a digest it is SHA-1.
 */
function parsePbkdf2(hash: string): Pbkdf2 | undefined {
  const [, name = '', rounds = '', saltText = '', sumText = ''] =
    /^(?:\$pbkdf2(?:-(?=sha))?|\{PBKDF2(?:-(?=SHA))?)(sha1|sha256|sha512|SHA1|SHA256|SHA512)?[$}](?:i=)?(\d{1,10})\$([A-Za-z0-9+/.]*)={0,2}\$([A-Za-z0-9+/.]+)={0,2}$/.exec(
      hash,
    ) ?? [];
  if (rounds === '' || Number(rounds) < 1) return undefined;
  const digest = digestOf(name === '' ? 'sha1' : name.toLowerCase());
  const [salt, sum] = [base64(saltText), base64(sumText)];
  const isWhole = isWithin(salt.length, SALT_LENGTH) && isWithin(sum.length, HASH_LENGTH);
  return digest && isWhole ? { digest, rounds: Number(rounds), salt, sum } : undefined;
}

function pbkdf2Cost(hash: string): Cost {
  const parsed = parsePbkdf2(hash);
  return parsed && costs(parsed.rounds <= PBKDF2_ROUNDS);
}

function readPbkdf2(hash: string): ForeignHash | undefined {
  const parsed = parsePbkdf2(hash);
  if (!parsed || pbkdf2Cost(hash) !== 'bearable') return undefined;
  const { digest, rounds, salt, sum } = parsed;
  return {
    quick: false,
    verify: async (password) => timingSafeEqual(await derive(password, salt, rounds, sum.length, digest), sum),
  };
}

/** `{SSHA}base64(digest ‖ salt)` and its kin (RFC 2307 5.3, and what servers made of it). One without a salt is not taken. */
function readSaltedDigest(hash: string): ForeignHash | undefined {
  const [, bits, text = ''] = /^\{SSHA(256|512)?\}([A-Za-z0-9+/]+)={0,2}$/i.exec(hash) ?? [];
  const digest = digestOf(`sha${bits ?? '1'}`);
  if (text === '' || !digest) return undefined;
  const bytes = base64(text);
  const [sum, salt] = [bytes.subarray(0, DIGEST_LENGTH[digest]), bytes.subarray(DIGEST_LENGTH[digest])];
  if (!isWithin(salt.length, SALT_LENGTH)) return undefined;
  return {
    quick: true,
    verify: async (password) => timingSafeEqual(createHash(digest).update(password).update(salt).digest(), sum),
  };
}

function digestOf(name: string): Digest | undefined {
  return name === 'sha1' || name === 'sha256' || name === 'sha512' ? name : undefined;
}

function base64(text: string): Buffer {
  return Buffer.from(text.replaceAll('.', '+'), 'base64');
}

function isLong(text: string, least: number, most: number): boolean {
  return isWithin(base64(text).length, { least, most });
}

function isWithin(value: number, { least, most }: { least: number; most: number }): boolean {
  return value >= least && value <= most;
}
