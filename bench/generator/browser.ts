// As little of a browser as a sign-in needs: cookies, redirects, `Refresh`, and forms with one hidden field.

import { createCookieJar } from '../../test/support/cookie-jar.ts';
import type { Answer, HttpClient, Request } from './http-client.ts';

export interface Page {
  url: URL;
  body: string;
}

/** Where a visit ends: on a page, or with the address of an app, which is not visited. */
export type Landing = { page: Page } | { app: URL };

export interface Browser {
  visit(url: URL): Promise<Landing>;
  /** Fills in the form of a page that posts to an address that ends in `door`. @throws Error where there is none. */
  submit(page: Page, door: string, fields: Record<string, string>): Promise<Landing>;
}

const MOST_REDIRECTS = 10;

/** @param address of the person who sits there: limits are kept by it. */
export function createBrowser(send: HttpClient, origin: string, address: string): Browser {
  const jar = createCookieJar();

  async function follow(first: Pick<Request, 'method' | 'url' | 'body'>): Promise<Landing> {
    let request = first;
    for (let hop = 0; hop < MOST_REDIRECTS; hop++) {
      const { method, url } = request;
      const cookie = jar.headerFor({ url, method, crossSite: false });
      const answer = await send({ ...request, address, ...(cookie !== undefined && { headers: { cookie } }) });
      for (const header of answer.cookies) jar.receive(header, url);
      const next = nextAddress(answer, url);
      if (next === undefined) return { page: { url, body: answer.body } };
      if (next.origin !== origin) return { app: next };
      request = { method: 'GET', url: next };
    }
    throw new Error(`${first.url.pathname} redirects in a circle`);
  }

  return {
    visit: (url) => follow({ method: 'GET', url }),
    submit(page, door, fields) {
      const { action, csrf } = formOf(page, door);
      return follow({ method: 'POST', url: action, body: new URLSearchParams({ csrf, ...fields }) });
    },
  };
}

function nextAddress({ status, location, refresh, body }: Answer, url: URL): URL | undefined {
  const next = location ?? /^0; url=(.*)$/.exec(refresh ?? '')?.[1];
  if (next !== undefined) return new URL(next, url);
  if (status === 200) return undefined;
  throw new Error(`${url.pathname} answered ${status}: ${headingOf(body) ?? body.slice(0, 200)}`);
}

const FORM = /<form method="post" action="([^"]+)">\s*<input type="hidden" name="csrf" value="([^"]+)">/g;

function formOf({ url, body }: Page, door: string): { action: URL; csrf: string } {
  for (const [, escaped = '', csrf = ''] of body.matchAll(FORM)) {
    const action = new URL(escaped.replaceAll('&amp;', '&'), url);
    if (action.pathname.endsWith(`/${door}`)) return { action, csrf };
  }
  throw new Error(`${url.pathname} has no form for ${door}, and says: ${headingOf(body) ?? 'nothing'}`);
}

function headingOf(body: string): string | undefined {
  return /<h1[^>]*>([^<]*)/.exec(body)?.[1];
}
