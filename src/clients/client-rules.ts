// What is wrong with a registration beyond its schema: between its members, and with the rest of its tenant. Held against clients
// of the configuration file (config/tenant-checks.ts) as against those of the admin API.

import { z } from 'zod';

import { isLoopback } from '../loopback.ts';
import { ACCOUNT_CLIENT } from './account-client.ts';

/** RFC 6749 A.1 allows a space too, which no one can tell from a mistake. */
export const clientId = z
  .string()
  .regex(/^[\x21-\x7e]{1,128}$/, 'use up to 128 visible ASCII characters without spaces')
  .refine((id) => id !== ACCOUNT_CLIENT, 'take another name: the account pages have this one')
  // A token's `sub` is a user's id or a client_id, and must not be one for the other.
  .refine((id) => !UUID.test(id), 'take another name: ids of users look like this');

const UUID = /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/i;

/** As much of a client as the rules are about; what is undefined is wrong already. */
export interface CheckedClient {
  token_endpoint_auth_method: string;
  grant_types: readonly string[];
  redirect_uris: readonly (string | undefined)[];
  defaultResource?: string | undefined;
  roles: readonly (string | undefined)[];
  allow?: { roles: readonly (string | undefined)[] } | undefined;
}

export interface ClientMistake {
  path: string[];
  message: string;
  mend: string;
}

/** Whether it proves who it is by a secret (RFC 7591 2). */
export function wantsSecret({ token_endpoint_auth_method: method }: { token_endpoint_auth_method: string }): boolean {
  return method.startsWith('client_secret');
}

/** RFC 6749 4.4: confidential clients only. */
export function* serviceWithoutProof({
  token_endpoint_auth_method: method,
  grant_types,
}: Pick<CheckedClient, 'token_endpoint_auth_method' | 'grant_types'>): Generator<ClientMistake> {
  if (method !== 'none' || !grant_types.includes('client_credentials')) return;
  yield {
    path: ['grant_types'],
    message: 'has client_credentials, for which a client needs to prove who it is',
    mend: 'give it a secret, or leave client_credentials out',
  };
}

/** `known`: the resources of the tenant. */
export function* unknownResource(
  { defaultResource }: Pick<CheckedClient, 'defaultResource'>,
  known: readonly string[],
  mend: string,
): Generator<ClientMistake> {
  if (defaultResource === undefined || known.includes(defaultResource)) return;
  yield { path: ['defaultResource'], message: 'is not among the resources of this tenant', mend };
}

/** A code on an unencrypted network is anybody's (RFC 9700 2.6); on loopback it leaves no machine (RFC 8252 7.3). */
export function* plainRedirects({ redirect_uris }: Pick<CheckedClient, 'redirect_uris'>): Generator<ClientMistake> {
  for (const [index, uri] of redirect_uris.entries()) {
    const url = URL.parse(uri ?? '');
    if (url?.protocol !== 'http:' || isLoopback(url.hostname)) continue;
    yield {
      path: ['redirect_uris', String(index)],
      message: 'would get the code in the clear',
      mend: 'write https://; http is for loopback only',
    };
  }
}
