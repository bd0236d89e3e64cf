// What a provider refused, in words for a page.

import * as oidc from 'openid-client';

import type { Notice } from './sessions.ts';

export function problemFrom(error: unknown): Notice {
  if (error instanceof oidc.AuthorizationResponseError) {
    const title = error.error === 'access_denied' ? 'You were not let in' : 'The provider refused the sign-in';
    return problem(title, sentence(error.error, error.error_description));
  }
  if (error instanceof oidc.ResponseBodyError) {
    return problem('The provider refused', sentence(error.error, error.error_description));
  }
  if (error instanceof oidc.WWWAuthenticateChallengeError) {
    const { error: code, error_description: description } = error.cause[0]?.parameters ?? {};
    return problem('The provider refused', sentence(code ?? String(error.status), description));
  }
  if (error instanceof oidc.ClientError && error.code !== undefined) {
    return problem('The answer of the provider was not accepted', sentence(error.code, innermost(error)));
  }
  return problem('That did not work', innermost(error));
}

/** The grant behind the tokens has ended: signed out elsewhere, revoked, or expired (RFC 6749 5.2). */
export function hasEnded(error: unknown): boolean {
  return error instanceof oidc.ResponseBodyError && error.error === 'invalid_grant';
}

function problem(title: string, text: string): Notice {
  return { kind: 'problem', title, text };
}

function sentence(code: string, description?: string): string {
  return description ? `${code}: ${description}` : code;
}

function innermost(error: unknown): string {
  if (!(error instanceof Error)) return 'Unknown error';
  return error.cause instanceof Error ? innermost(error.cause) : error.message;
}
