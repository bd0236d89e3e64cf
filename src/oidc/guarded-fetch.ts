import type { GuardedRequest } from '../security/guarded-request.ts';

/** Far more than any document that a client's registration may point to. Bytes. */
const MOST_BYTES = 1_048_576;
/** A Response of these takes no body. */
const BODILESS = [204, 205, 304];

/** What the library fetches for a client, through the guard that everything goes through which somebody else points to. */
export function createGuardedFetch(guard: Pick<GuardedRequest, 'send'>): typeof fetch {
  return async (input, init) => {
    const asked = new Request(input, init);
    const sending = guard.send(new URL(asked.url), {
      method: asked.method === 'POST' ? 'POST' : 'GET',
      headers: Object.fromEntries(asked.headers),
      body: asked.body === null ? undefined : await asked.text(),
      signal: asked.signal,
      mostBytes: MOST_BYTES,
    });
    const { status, headers, body } = await sending.catch((cause: unknown) => {
      // As fetch itself fails.
      throw new TypeError('fetch failed', { cause });
    });
    const received = Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]);
    return new Response(BODILESS.includes(status) ? null : new Uint8Array(body), { status, headers: received });
  };
}
