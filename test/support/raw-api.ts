// The admin API as somebody hostile calls it: addresses and bodies byte by byte as they are given, with a key for every so many
// requests, because one alone is soon told to slow down.

import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';

import { ADMIN_PERMISSIONS } from '../../src/admin/permissions.ts';

export interface RawQuestion {
  method: string;
  /** Below `/admin/v1`, with the query; nothing is encoded or resolved. */
  at: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** Says that it will be so long, whatever is sent of it. Bytes. */
  announced?: number;
}

export interface RawAnswer {
  status: number;
  /** Media type without parameters; empty where there is none. */
  type: string;
  text: string;
  /** Milliseconds. */
  took: number;
}

export interface RawApi {
  send(question: RawQuestion): Promise<RawAnswer>;
  close(): void;
}

const KEYS = 8;

/** @param key one that may make others */
export async function rawApi(publicUrl: string, slug: string, key: string): Promise<RawApi> {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const { hostname, port } = new URL(publicUrl);
  const keys = await Promise.all(Array.from({ length: KEYS }, (_, number) => aKey(publicUrl, slug, key, number)));
  let turn = 0;

  return {
    async send({ method, at, headers = {}, body, announced }) {
      const began = performance.now();
      const sending = request({
        agent: announced === undefined ? agent : new Agent(),
        ...{ hostname, port, method, path: `/admin/v1${at}` },
        headers: {
          authorization: `Bearer ${keys[turn++ % KEYS] ?? ''}`,
          'if-match': '*',
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(body !== undefined && { 'content-length': String(announced ?? Buffer.byteLength(body)) }),
          ...headers,
        },
      });
      return new Promise((resolve, reject) => {
        sending.once('error', reject);
        sending.once('response', (response) => {
          const [type = ''] = (response.headers['content-type'] ?? '').split(';');
          text(response).then((said) => {
            sending.off('error', reject).on('error', () => undefined);
            if (announced !== undefined) sending.destroy();
            resolve({ status: response.statusCode ?? 0, type, text: said, took: performance.now() - began });
          }, reject);
        });
        if (announced === undefined) sending.end(body);
        else sending.write(body ?? '');
      });
    },
    close: () => {
      agent.destroy();
    },
  };
}

async function aKey(publicUrl: string, slug: string, key: string, number: number): Promise<string> {
  const answer = await fetch(`${publicUrl}/admin/v1/tenants/${slug}/api-keys`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: `a key of the test ${String(number)}`, permissions: ADMIN_PERMISSIONS }),
  });
  const made: unknown = await answer.json();
  if (typeof made === 'object' && made !== null && 'key' in made && typeof made.key === 'string') return made.key;
  throw new Error(JSON.stringify(made));
}
