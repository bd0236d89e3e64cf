import { exchange } from './http-exchange.ts';
import type { Answer } from './http-exchange.ts';
import type { UserAgent } from './browser-like-client.ts';

export interface RawRequest {
  /** GET unless told. */
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

export const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

/** A request as no browser would make it, with the cookies that this one holds. Follows nothing. */
export function rawRequest(browser: UserAgent, url: string | URL, request: RawRequest = {}): Promise<Answer> {
  const { method = 'GET', headers = {}, body } = request;
  const target = new URL(url);
  const cookie = browser.cookies.headerFor({ url: target, method: 'GET', crossSite: false });
  return exchange(target, undefined, { method, headers: { ...(cookie && { cookie }), ...headers } }, body);
}
