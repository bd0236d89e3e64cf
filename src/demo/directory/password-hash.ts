// Passwords as OpenLDAP stores them by default, salted SHA-1. Good enough for passwords that are written in a demo's LDIF, and
// for nothing else.

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const SCHEME = '{SSHA}';
const DIGEST_BYTES = 20;

/** Leaves alone what is a hash already. */
export function hashPassword(password: string): string {
  if (password.startsWith(SCHEME)) return password;
  const salt = randomBytes(8);
  return SCHEME + Buffer.concat([digest(password, salt), salt]).toString('base64');
}

export function passwordMatches(stored: string, password: string): boolean {
  const bytes = Buffer.from(stored.slice(SCHEME.length), 'base64');
  return timingSafeEqual(digest(password, bytes.subarray(DIGEST_BYTES)), bytes.subarray(0, DIGEST_BYTES));
}

function digest(password: string, salt: Buffer): Buffer {
  return createHash('sha1').update(password).update(salt).digest();
}
