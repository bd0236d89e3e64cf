// What an error page says for each code: what happened, in a plain sentence, and what to do next. Codes are our own
// (errors.ts) and the protocol's (RFC 6749 4.1.2.1, OpenID Connect Core 3.1.2.6) as oidc-provider answers them.

import type { ErrorCode } from '../errors.ts';
import type { MessageId } from './messages.ts';
import type { Pages } from './pages.ts';

export interface ErrorWords {
  title: MessageId;
  message: MessageId;
  next: MessageId;
}

/** The data of the error page. A code that nobody knows reads as a faulty request of the app's. */
export function errorPage(facts: Omit<Pages['error'], 'words'>): Pages['error'] {
  return { ...facts, words: wordsFor(facts.code) };
}

function wordsFor(code: string): ErrorWords {
  return OURS.get(code) ?? PROTOCOL.get(code) ?? FAULTY_REQUEST;
}

const FAULTY_REQUEST: ErrorWords = {
  title: 'error.protocol.request.title',
  message: 'error.protocol.request.message',
  next: 'error.next.tellApp',
};

const UNKNOWN_CLIENT: ErrorWords = {
  title: 'error.protocol.client.title',
  message: 'error.protocol.client.message',
  next: 'error.next.tellApp',
};

const INTERNAL: ErrorWords = {
  title: 'error.internal.title',
  message: 'error.internal.message',
  next: 'error.internal.next',
};

const UNAVAILABLE: ErrorWords = {
  title: 'error.unavailable.title',
  message: 'error.unavailable.message',
  next: 'error.next.waitAMinute',
};

const PROTOCOL: ReadonlyMap<string, ErrorWords> = new Map([
  ['invalid_client', UNKNOWN_CLIENT],
  ['unauthorized_client', UNKNOWN_CLIENT],
  [
    'invalid_redirect_uri',
    {
      title: 'error.protocol.redirect.title',
      message: 'error.protocol.redirect.message',
      next: 'error.next.tellApp',
    },
  ],
  [
    'access_denied',
    { title: 'error.protocol.denied.title', message: 'error.protocol.denied.message', next: 'error.next.openApp' },
  ],
  ['temporarily_unavailable', UNAVAILABLE],
  ['server_error', INTERNAL],
]);

/** A record first, so that a code without words is an error of types. */
const WORDS: Record<ErrorCode, ErrorWords> = {
  bad_request: {
    title: 'error.badRequest.title',
    message: 'error.badRequest.message',
    next: 'error.next.goBack',
  },
  forbidden_origin: {
    title: 'error.forbiddenOrigin.title',
    message: 'error.forbiddenOrigin.message',
    next: 'error.next.openApp',
  },
  invalid_form: {
    title: 'error.invalidForm.title',
    message: 'error.invalidForm.message',
    next: 'error.invalidForm.next',
  },
  not_found: { title: 'error.notFound.title', message: 'error.notFound.message', next: 'error.next.checkAddress' },
  method_not_allowed: {
    title: 'error.methodNotAllowed.title',
    message: 'error.methodNotAllowed.message',
    next: 'error.next.goBack',
  },
  payload_too_large: {
    title: 'error.payloadTooLarge.title',
    message: 'error.payloadTooLarge.message',
    next: 'error.payloadTooLarge.next',
  },
  too_many_attempts: {
    title: 'error.tooManyAttempts.title',
    message: 'error.tooManyAttempts.message',
    next: 'error.tooManyAttempts.next',
  },
  wrong_host: { title: 'error.wrongHost.title', message: 'error.wrongHost.message', next: 'error.next.checkAddress' },
  unknown_tenant: {
    title: 'error.unknownTenant.title',
    message: 'error.unknownTenant.message',
    next: 'error.next.checkAddress',
  },
  tenant_suspended: {
    title: 'error.tenantSuspended.title',
    message: 'error.tenantSuspended.message',
    next: 'error.next.askAdministrator',
  },
  link_unusable: {
    title: 'error.linkUnusable.title',
    message: 'error.linkUnusable.message',
    next: 'error.linkUnusable.next',
  },
  login_expired: {
    title: 'error.loginExpired.title',
    message: 'error.loginExpired.message',
    next: 'error.next.openApp',
  },
  directory_unavailable: {
    title: 'error.directoryUnavailable.title',
    message: 'error.directoryUnavailable.message',
    next: 'error.next.waitAMinute',
  },
  storage_unavailable: UNAVAILABLE,
  overloaded: { title: 'error.overloaded.title', message: 'error.overloaded.message', next: 'error.next.waitAMinute' },
  invalid_token: FAULTY_REQUEST,
  invalid_configuration: {
    title: 'error.configuration.title',
    message: 'error.configuration.message',
    next: 'error.next.askAdministrator',
  },
  internal_error: INTERNAL,
};
const OURS: ReadonlyMap<string, ErrorWords> = new Map(Object.entries(WORDS));
