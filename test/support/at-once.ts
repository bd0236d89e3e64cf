// Many of the same thing at once.

import { randomUUID } from 'node:crypto';

import { errors } from 'oidc-provider';

/** Something that nobody used before. */
export function freshId(): string {
  return `id-${randomUUID()}`;
}

/** What each call came to: undefined, or the OAuth error code with which it was refused. @throws whatever else one threw. */
export function outcomesOf(calls: readonly Promise<unknown>[]): Promise<(string | undefined)[]> {
  return Promise.all(
    calls.map((call) =>
      call.then(
        () => undefined,
        (error: unknown) => {
          if (error instanceof errors.OIDCProviderError) return error.error;
          throw error;
        },
      ),
    ),
  );
}
