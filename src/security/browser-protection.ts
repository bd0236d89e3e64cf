// Against forms that another site sends in a visitor's name: a token in every form of ours, and a look at where the browser
// says that the request comes from. Cookies are SameSite=Lax besides.

import { createHmac, timingSafeEqual } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { AppError } from '../errors.ts';

/**
 * The token for the forms of one context.
 *
 * @param key the tenant's CSRF key, at least 256 bits.
 * @param context what the form belongs to and only its visitor's cookie proves: the interaction's or the session's uid.
 */
export function csrfToken(key: KeyObject, context: string): string {
  return createHmac('sha256', key).update(`csrf\0${context}`).digest('base64url');
}

/** @throws AppError `invalid_form` (403) unless `token` is the one of this context. Compares in constant time. */
export function assertCsrf(key: KeyObject, context: string, token: string): void {
  const expected = Buffer.from(csrfToken(key, context));
  const given = Buffer.from(token);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new AppError('invalid_form', 403, 'This form is out of date or was not made for you.');
  }
}

/**
 * Refuses a request that its browser says another site has caused (W3C Fetch Metadata; RFC 6454 7). A program that sends
 * neither header passes here: the token decides alone.
 *
 * `Origin: null` says nothing either: with `Referrer-Policy: no-referrer`, which our pages have, browsers send it for our own
 * forms too (Fetch, "append a request Origin header"), and plain http has no Sec-Fetch-Site to go with it.
 *
 * @param origin the issuer's origin, as `URL.origin` has it.
 * @throws AppError `forbidden_origin` (403).
 */
export function assertSameOrigin({ headers }: { headers: IncomingHttpHeaders }, origin: string): void {
  const site = headers['sec-fetch-site'];
  const siteIsOurs = site === undefined || site === 'same-origin' || site === 'none';
  const originIsOurs = headers.origin === undefined || headers.origin === 'null' || headers.origin === origin;
  if (!siteIsOurs || !originIsOurs) {
    throw new AppError('forbidden_origin', 403, 'This form was sent from another site.');
  }
}
