import { createHash } from 'node:crypto';

/**
 * What a bearer id is looked up by: its SHA-256 as base64url, 43 letters. It is random enough for a plain hash, and a copy of
 * the table or the store holds no id.
 */
export function tokenHash(id: string): string {
  return createHash('sha256').update(id).digest('base64url');
}
