// Secrets at rest: AES-256-GCM under keys from the configuration, each ciphertext bound to the one place it was written for.
// Which keys a database was written with is encryption-canary.ts's to check; secrets that are only compared are hashed elsewhere.

import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

import { AppError } from '../errors.ts';

export interface EncryptionKey {
  /** Names the key in every ciphertext: letters, digits, `_` and `-`, 32 at most. */
  id: string;
  /** Any text of 32 characters or more, such as `openssl rand -base64 32` prints. White space around it is ignored. */
  secret: string;
}

/** Where a ciphertext is kept. A copy of it in any other place does not decrypt. */
export interface Place {
  table: string;
  column: string;
  row: string;
}

export interface Encryption {
  /** Every configured key, the one that encrypts first. */
  readonly keyIds: readonly string[];
  /** `v1.<key id>.<iv>.<ciphertext and tag>`, the last two base64url. Under the first key unless `keyId` names another. */
  encrypt(plaintext: string, place: Place, keyId?: string): string;
  /**
   * @throws AppError `invalid_configuration` when the ciphertext's key is not configured, `internal_error` when it was
   * altered, moved from another place, or written under another secret of that key id.
   */
  decrypt(ciphertext: string, place: Place): string;
  keyIdOf(ciphertext: string): string;
}

const IV_BYTES = 12;
const TAG_BYTES = 16;
const SHORTEST_SECRET = 32;
const FORM = /^v1\.([\w-]{1,32})\.([\w-]{16})\.([\w-]{22,})$/;

/** @throws AppError `invalid_configuration` for no key, a malformed or repeated id, or a secret that is too short. */
export function createEncryption(keys: readonly EncryptionKey[]): Encryption {
  const byId = new Map<string, KeyObject>();
  for (const { id, secret } of keys) {
    if (!/^[\w-]{1,32}$/.test(id)) throw misconfigured('an encryption key id has letters, digits, _ and -, at most 32');
    if (byId.has(id)) throw misconfigured(`two encryption keys are named ${id}`);
    byId.set(id, keyFrom(id, secret));
  }
  const [primary] = byId.keys();
  if (primary === undefined) throw misconfigured('no encryption key is configured');

  const keyNamed = (id: string): KeyObject => {
    const key = byId.get(id);
    if (!key) throw misconfigured(`the encryption key ${id} is not configured`);
    return key;
  };

  return {
    keyIds: [...byId.keys()],

    encrypt(plaintext, place, keyId = primary) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', keyNamed(keyId), iv).setAAD(additionalData(place));
      const sealed = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return `v1.${keyId}.${iv.toString('base64url')}.${sealed.toString('base64url')}`;
    },

    decrypt(ciphertext, place) {
      const { keyId, iv, sealed } = parse(ciphertext);
      const key = keyNamed(keyId);
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES })
          .setAAD(additionalData(place))
          .setAuthTag(sealed.subarray(-TAG_BYTES));
        return decipher.update(sealed.subarray(0, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
      } catch (error) {
        throw unreadable(`${place.table}.${place.column} of ${place.row} does not decrypt under ${keyId}`, error);
      }
    },

    keyIdOf: (ciphertext) => parse(ciphertext).keyId,
  };
}

/** One rule for every form of secret: HKDF (RFC 5869) of its characters. It spreads entropy, it adds none to a weak secret. */
function keyFrom(id: string, secret: string): KeyObject {
  const text = secret.trim();
  if (text.length < SHORTEST_SECRET) {
    throw misconfigured(`the secret of encryption key ${id} is shorter than ${SHORTEST_SECRET} characters`);
  }
  return createSecretKey(Buffer.from(hkdfSync('sha256', text, '', 'sallyport encryption at rest v1', 32)));
}

/** JSON, because joining with a separator would let two places share one text. */
function additionalData({ table, column, row }: Place): Buffer {
  return Buffer.from(JSON.stringify([table, column, row]));
}

function parse(ciphertext: string): { keyId: string; iv: Buffer; sealed: Buffer } {
  const [, keyId, iv, sealed] = FORM.exec(ciphertext) ?? [];
  if (keyId === undefined || iv === undefined || sealed === undefined) {
    throw unreadable('a stored ciphertext is malformed');
  }
  return { keyId, iv: Buffer.from(iv, 'base64url'), sealed: Buffer.from(sealed, 'base64url') };
}

function misconfigured(detail: string): AppError {
  return new AppError('invalid_configuration', 500, 'The encryption keys are not configured as they should be.', {
    cause: new Error(detail),
  });
}

function unreadable(detail: string, error?: unknown): AppError {
  return new AppError('internal_error', 500, 'Something stored here cannot be read.', {
    cause: new Error(detail, { cause: error }),
  });
}
