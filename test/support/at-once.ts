// Many of the same thing at once.

import { randomUUID } from 'node:crypto';

import { errors } from 'oidc-provider';
import { z } from 'zod';

import { exchange } from './http-exchange.ts';
import { SECRET } from './relying-party.ts';
import type { Sallyport } from './sallyport.ts';

/** Something that nobody used before. */
export function freshId(): string {
  return `id-${randomUUID()}`;
}

/** Starts `work` twenty times before any of them has ended. */
export function twenty<T>(work: (number: number) => Promise<T>): Promise<T[]> {
  return atOnce(20, work);
}

export function atOnce<T>(count: number, work: (number: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, number) => work(number)));
}

/** What a call came to: undefined, or the OAuth error code with which it was refused. @throws whatever else it threw. */
export async function outcomeOf(call: Promise<unknown>): Promise<string | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    if (error instanceof errors.OIDCProviderError) return error.error;
    throw error;
  }
}

const answerBody = z.looseObject({
  access_token: z.string().optional(),
  refresh_token: z.string().optional(),
  request_uri: z.string().optional(),
  active: z.boolean().optional(),
  error: z.string().optional(),
});
export type ClientAnswer = z.infer<typeof answerBody> & { status: number };

export interface ClientRequest {
  path: string;
  fields?: Record<string, string>;
  headers?: Record<string, string>;
  /** Authenticates by the usual secret; nobody if undefined. */
  clientId?: string | undefined;
  /** The process that is asked, by its number; those beyond the last begin again at the first. */
  at?: number;
}

/** What a relying party's back end gets for a form it posts below the issuer. */
export async function askAsClient(server: Sallyport, tenant: string, request: ClientRequest): Promise<ClientAnswer> {
  const { path, fields = {}, clientId, at = 0 } = request;
  const basic = clientId && `Basic ${Buffer.from(`${clientId}:${encodeURIComponent(SECRET)}`).toString('base64')}`;
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    ...(basic && { authorization: basic }),
    ...request.headers,
  };
  const url = new URL(server.issuer(tenant) + path);
  const process = server.urls[at % server.urls.length];
  const { status, body } = await exchange(
    url,
    process,
    { method: 'POST', headers },
    new URLSearchParams(fields).toString(),
  );
  return { ...answerBody.parse(body === '' ? {} : JSON.parse(body)), status };
}
