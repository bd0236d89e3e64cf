// A POST that is sent again with the same Idempotency-Key is answered again and not done again: what a network that broke off
// leaves open, the caller settles by asking once more.

import { sha256 } from '../../security/sha256.ts';
import type { Caller } from '../caller.ts';
import { Problem } from '../problem.ts';
import type { AdminRoute, Answer } from '../route.ts';

/** How long an answer is kept. Its rows go by db/expiry.ts. */
export const IDEMPOTENCY_HOURS = 24;

export interface IdempotentRequest {
  caller: Pick<Caller, 'kind' | 'id' | 'tenant'>;
  key: string;
  /** Of everything that makes it this request and no other. */
  requestHash: string;
}

export interface Idempotency {
  /**
   * Runs `work` and keeps its answer, in one unit of work; or answers what is kept. Of two at once the second waits for the
   * first. Work that fails leaves nothing behind.
   *
   * @throws Problem `idempotency-key-reused` where the key belongs to another request.
   */
  once(request: IdempotentRequest, work: () => Promise<Answer>): Promise<Answer & { replayed: boolean }>;
}

const KEY = /^[\x21-\x7e]{1,255}$/;

/** Whether an `Idempotency-Key` means something to this route. */
export function isRepeatable({ method, safe, takes, gives }: AdminRoute): boolean {
  return method === 'POST' && !safe && takes === undefined && gives === undefined;
}

/** @throws Problem for a key that is none. */
export function assertKey(key: string): void {
  if (KEY.test(key)) return;
  throw new Problem('invalid-request', 'Something in the request is missing or wrong.', {
    errors: [{ parameter: 'Idempotency-Key', detail: 'is 1 to 255 visible ASCII characters' }],
  });
}

export function requestHashOf(method: string, url: string, body: unknown): string {
  return sha256(JSON.stringify([method, url, body ?? null]));
}
