// Several secrets of one client, of which the protocol library knows one: which are good now, and what stands beside it for the
// others. The library makes a client anew whenever what the adapter answers has changed, so that an expiry counts at once.

import { hash, timingSafeEqual } from 'node:crypto';

import type { Client as LibraryClient } from 'oidc-provider';

import type { Client } from '../clients/clients.ts';

/** The name under which the library carries the others along. */
export const OTHER_SECRETS = 'otherSecrets';

/** RFC 7591 3.2.1, in epoch seconds. */
const LONG_AGO = 1;

interface SecretsNow {
  client_secret: string | undefined;
  client_secret_expires_at?: number;
  [OTHER_SECRETS]?: string[];
}

/** As the adapter answers them. Where all have expired the library has to have one all the same, to say so. */
export function secretsNow({ secret, secrets }: Pick<Client, 'secret' | 'secrets'>, now = new Date()): SecretsNow {
  const made = secrets.filter(({ expiresAt }) => expiresAt === undefined || expiresAt > now);
  const [first, ...others] = [...(secret === undefined ? [] : [secret]), ...made.map((one) => one.secret)];
  if (first !== undefined) return { client_secret: first, ...(others.length > 0 && { [OTHER_SECRETS]: others }) };
  const [expired] = secrets;
  return expired ? { client_secret: expired.secret, client_secret_expires_at: LONG_AGO } : { client_secret: undefined };
}

/** Takes as long whichever it is, if any. */
export function isSecretOf(client: LibraryClient, given: string): boolean {
  const digest = digestOf(given);
  return secretsOf(client).reduce((isOne, secret) => timingSafeEqual(digestOf(secret), digest) || isOne, false);
}

function digestOf(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}

const verifying = new WeakSet<LibraryClient>();

/** Its assertions may be signed with each of them (`client_secret_jwt`). */
export function verifyWithOthers(client: LibraryClient): void {
  if (verifying.has(client)) return;
  verifying.add(client);
  const keys: unknown = Reflect.get(client, 'symmetricKeyStore');
  const others = othersOf(client);
  if (others.length === 0 || !isKeyStore(keys)) return;
  const algorithms = [...keys].filter(({ use, kty }) => use === 'sig' && kty === 'oct').map(({ alg }) => alg);
  for (const alg of algorithms) {
    for (const secret of others)
      keys.add({ alg, use: 'sig', kty: 'oct', k: Buffer.from(secret).toString('base64url') });
  }
}

interface Key {
  alg?: string | undefined;
  use?: string;
  kty: string;
  k?: string;
}
interface KeyStore extends Iterable<Key> {
  add(key: Key): void;
}

function isKeyStore(value: unknown): value is KeyStore {
  return typeof value === 'object' && value !== null && 'add' in value && Symbol.iterator in value;
}

function secretsOf(client: LibraryClient): string[] {
  return [...(client.clientSecret === undefined ? [] : [client.clientSecret]), ...othersOf(client)];
}

function othersOf(client: LibraryClient): string[] {
  const others: unknown = Reflect.get(client, OTHER_SECRETS);
  return Array.isArray(others) ? others.filter((one) => typeof one === 'string') : [];
}
