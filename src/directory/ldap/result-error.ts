// An LDAP result that is not success, as an error, and what it says of the server that sent it.

import { resultInWords } from './exchange.ts';
import type { LdapResult, ResultOperation } from './responses.ts';
import { isServed } from './result-codes.ts';

/** The server answered, and the answer was not success. The connection is as good as before. */
export class LdapResultError extends Error {
  readonly code: number;
  readonly #said: readonly [ResultOperation, LdapResult];

  constructor(operation: ResultOperation, result: LdapResult, server?: string) {
    super(`${server === undefined ? '' : `${server}: `}${operation}: ${resultInWords(result)}`);
    this.name = 'LdapResultError';
    this.code = result.code;
    this.#said = [operation, result];
  }

  /** The same, telling who said it. */
  by(server: string): LdapResultError {
    return new LdapResultError(...this.#said, server);
  }
}

/** Whether the server answered what it was asked, be it with a refusal: another server would say the same. */
export function isAnswer(error: unknown): error is LdapResultError {
  return error instanceof LdapResultError && isServed(error.code);
}

/** What a search finds. What the server does not show is not there; that it serves nobody is a fault. */
export async function whatIsShown<T>(searched: Promise<T[]>): Promise<T[]> {
  try {
    return await searched;
  } catch (error) {
    if (isAnswer(error)) return [];
    throw error;
  }
}
