// Refuses to start on the wrong encryption key. Each key leaves one known text in the database when it is first seen; from then
// on that text must decrypt. Nothing is ever regenerated: a wrong key is the operator's to correct.

import type { Database } from '../db/database.ts';
import { AppError } from '../errors.ts';
import type { Encryption } from './encryption.ts';

const CANARY = 'sallyport';

interface Row {
  key_id: string;
  ciphertext: string;
}

/**
 * Call once at start, before anything stored is read.
 *
 * @throws AppError `invalid_configuration` naming every key id whose secret is another one than this database was written
 * with, and every key id that the database was written with and that is not configured any more.
 */
export async function assertEncryptionKeys(db: Database, encryption: Encryption): Promise<void> {
  for (const keyId of encryption.keyIds) await leaveCanary(db, encryption, keyId);

  const rows = await db.query<Row>('select key_id, ciphertext from encryption_canaries order by key_id');
  const missing = rows.filter((row) => !encryption.keyIds.includes(row.key_id));
  const wrong = rows.filter((row) => !missing.includes(row) && !decrypts(encryption, row));
  if (missing.length === 0 && wrong.length === 0) return;

  const complaints = [
    ...wrong.map((row) => `the secret of encryption key ${row.key_id} is not the one this database was written with`),
    ...missing.map((row) => `this database was written with encryption key ${row.key_id}, which is not configured`),
  ];
  throw new AppError('invalid_configuration', 500, `Refusing to start: ${complaints.join('; ')}.`);
}

/** Two processes that start at once leave one canary: the first one's, which the second then has to decrypt. */
async function leaveCanary(db: Database, encryption: Encryption, keyId: string): Promise<void> {
  await db.query(
    'insert into encryption_canaries (key_id, ciphertext) values ($1, $2) on conflict (key_id) do nothing',
    [keyId, encryption.encrypt(CANARY, placeOf(keyId), keyId)],
  );
}

function decrypts(encryption: Encryption, row: Row): boolean {
  try {
    return encryption.keyIdOf(row.ciphertext) === row.key_id && read(encryption, row) === CANARY;
  } catch (error) {
    if (error instanceof AppError) return false;
    throw error;
  }
}

function read(encryption: Encryption, row: Row): string {
  return encryption.decrypt(row.ciphertext, placeOf(row.key_id));
}

function placeOf(keyId: string) {
  return { table: 'encryption_canaries', column: 'ciphertext', row: keyId };
}
