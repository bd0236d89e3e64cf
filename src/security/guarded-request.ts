// The one way out to an address that somebody else chose: a webhook's, or what a client's registration points to. No request leaves
// for an address that is nobody's to point to (special-addresses.ts), whatever it is called: the name is looked up here, and the
// address that was looked at is the one that is connected to. Redirects are not followed; time and size are bounded.

import { lookup as systemLookup } from 'node:dns';
import type { LookupAddress } from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import type { LookupFunction } from 'node:net';

import { isSpecialAddress } from './special-addresses.ts';

export interface OutgoingRequest {
  method: 'GET' | 'POST';
  headers: Readonly<Record<string, string>>;
  body?: string | undefined;
  signal: AbortSignal;
  /** Of the answer's body, in bytes. Left out, the body is nobody's concern, and is not waited for. */
  mostBytes?: number;
}

export interface Received {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: Buffer;
}

export interface GuardedRequest {
  /** @throws UnsafeAddressError; AnswerTooLargeError; whatever Node.js says of the connection. */
  send(url: URL, request: OutgoingRequest): Promise<Received>;
  /** Whether the operator named its host: then it may be anywhere. */
  isAllowed(url: URL): boolean;
  /** Whether the URL itself names a special address, before any look at the DNS. */
  isUnsafe(url: URL): boolean;
}

export type Lookup = (
  hostname: string,
  options: { all: true; family?: number | 'IPv4' | 'IPv6' | undefined },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

export interface GuardOptions {
  /** Hosts by name or address, which may be anywhere. */
  allowHosts: readonly string[];
  lookup?: Lookup;
}

export class UnsafeAddressError extends Error {
  constructor() {
    super('the host is at a special-use address');
    this.name = 'UnsafeAddressError';
  }
}

export class AnswerTooLargeError extends Error {
  constructor() {
    super('the answer is too large');
    this.name = 'AnswerTooLargeError';
  }
}

export function createGuardedRequest({ allowHosts, lookup = systemLookup }: GuardOptions): GuardedRequest {
  const allowed = new Set(allowHosts.map(hostOf));
  const isAllowed = (url: URL) => allowed.has(hostOf(url.hostname));
  const isUnsafe = (url: URL) => {
    const host = hostOf(url.hostname);
    // Of an address nothing is looked up. A URL has it in one spelling only, whichever was written.
    return !isAllowed(url) && (host === 'localhost' || (isIP(host) !== 0 && isSpecialAddress(host)));
  };
  return {
    isAllowed,
    isUnsafe,
    async send(url, request) {
      if (isUnsafe(url)) throw new UnsafeAddressError();
      return exchange(url, request, isAllowed(url) ? undefined : guarded(lookup));
    },
  };
}

/** Answers an address only if it, and every other one that the name has, is nobody's own. */
function guarded(lookup: Lookup): LookupFunction {
  return (hostname, { all, family }, callback) => {
    lookup(hostname, { all: true, family }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error) callback(error, []);
      else if (!first || addresses.some(({ address }) => isSpecialAddress(address)))
        callback(new UnsafeAddressError(), []);
      else if (all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

function exchange(
  url: URL,
  { method, headers, body, signal, mostBytes }: OutgoingRequest,
  lookup: LookupFunction | undefined,
): Promise<Received> {
  return new Promise((resolve, reject) => {
    const options = {
      method,
      headers: { ...headers, ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }) },
      signal,
      // A connection that is kept open would serve the next request without another look.
      agent: false,
      ...(lookup && { lookup }),
    };
    const request = (url.protocol === 'https:' ? https : http).request(url, options, (response) => {
      const { statusCode: status = 0, headers } = response;
      bounded(response, mostBytes).then((received) => resolve({ status, headers, body: received }), reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function bounded(response: http.IncomingMessage, mostBytes: number | undefined): Promise<Buffer> {
  if (mostBytes === undefined) {
    response.destroy();
    return Buffer.alloc(0);
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response.iterator()) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    // Leaving the loop ends the connection.
    if (size > mostBytes) throw new AnswerTooLargeError();
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

/** As names are compared: without the dot at the end, and without the brackets of an IPv6 address. */
function hostOf(hostname: string): string {
  return hostname
    .toLowerCase()
    .replace(/\.$/, '')
    .replace(/^\[(.*)\]$/, '$1');
}
