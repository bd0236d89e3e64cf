import { createHash } from 'node:crypto';

/**
 * As base64url, 43 letters. What is looked up by it instead of by itself leaves no copy in a table, a key or a log. Random ids
 * need no more than that; a password needs password-hash.ts.
 */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
