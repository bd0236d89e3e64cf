// A browser with JavaScript turned off, as far as a server can tell: it keeps cookies, follows redirects and `Refresh: 0`,
// submits the forms that are on the page, and sends the Origin and Sec-Fetch headers that a browser adds by itself.
// It never leaves this machine: a redirect to anywhere else is where a navigation ends, and `Page.location` tells it.

import type { OutgoingHttpHeaders } from 'node:http';

import { parse } from 'node-html-parser';
import type { HTMLElement } from 'node-html-parser';

import { createCookieJar } from './cookie-jar.ts';
import type { CookieJar } from './cookie-jar.ts';
import { submissionOf } from './html-form.ts';
import type { FormValues } from './html-form.ts';
import { exchange } from './http-exchange.ts';
import type { Answer } from './http-exchange.ts';

export interface Page {
  url: URL;
  status: number;
  headers: Headers;
  body: string;
  document: HTMLElement;
  /** Where this answer leads, when that was not followed. */
  location: URL | undefined;
  /** Every answer of this navigation, this one last. */
  trail: readonly Step[];
}

export interface Step {
  method: string;
  url: URL;
  status: number;
}

export interface NavigationOptions {
  headers?: Record<string, string>;
  /** The page whose link or form this is. Without it the address was typed. */
  from?: Page;
  /** A redirect to a URL that begins so is not followed: the callback of an app that nobody runs. */
  stopAt?: string;
}

export interface SubmitOptions extends NavigationOptions {
  /** CSS selector of the form, where it is not the first one with all the fields and a submit button. */
  form?: string;
}

export interface UserAgent {
  readonly cookies: CookieJar;
  get(url: string | URL, options?: NavigationOptions): Promise<Page>;
  /** Posts fields that no form had to offer. */
  post(url: string | URL, fields: Record<string, string>, options?: NavigationOptions): Promise<Page>;
  /** Fills in a form of the page and presses its first `button[type=submit]`. Hidden fields go along. */
  fillAndSubmit(page: Page, values?: FormValues, options?: SubmitOptions): Promise<Page>;
  /** Follows the link, or presses the button, of which the text is exactly this. */
  click(page: Page, text: string, options?: NavigationOptions): Promise<Page>;
}

export interface UserAgentOptions {
  /** Sent with every request, as `accept-language`. */
  headers?: Record<string, string>;
  /** Origins served by another one, as behind a proxy that ends TLS: `{ 'https://id.example.com': 'http://127.0.0.1:4000' }`. */
  proxied?: Record<string, string>;
  /** Those of another window of the same browser; a browser of its own if left out. */
  cookies?: CookieJar;
}

interface Navigation extends NavigationOptions {
  method: string;
  url: URL;
  fields?: URLSearchParams;
}

const REDIRECTS = [301, 302, 303, 307, 308];
const MAX_STEPS = 25;

export function createUserAgent(options: UserAgentOptions = {}): UserAgent {
  const { headers = {}, proxied = {}, cookies = createCookieJar() } = options;

  async function request(navigation: Navigation, site: Site): Promise<Answer> {
    const { method, url, fields, from } = navigation;
    const sent: OutgoingHttpHeaders = { ...browserHeaders(navigation, site), ...headers, ...navigation.headers };
    const crossSite = relation(from?.url, url) === 'cross-site';
    sent.cookie = cookies.headerFor({ url, method, crossSite });
    if (sent.cookie === undefined) delete sent.cookie;
    const answer = await exchange(url, proxied[url.origin], { method, headers: sent }, fields?.toString());
    for (const header of answer.headers.getSetCookie()) cookies.receive(header, url);
    return answer;
  }

  async function navigate(start: Navigation): Promise<Page> {
    if (!reachable(start.url)) throw new Error(`${start.url.origin} is not on this machine`);
    const trail: Step[] = [];
    let navigation = start;
    let site = relation(start.from?.url, start.url);
    while (trail.length < MAX_STEPS) {
      const { method, url } = navigation;
      const { status, headers, body } = await request(navigation, site);
      trail.push({ method, url, status });
      const document = parse(body, { blockTextElements: { script: true, style: true } });
      const location = leadsTo(url, status, headers, document);
      const page: Page = { url, status, headers, body, document, location, trail };
      if (!location || !reachable(location) || (start.stopAt && location.href.startsWith(start.stopAt))) return page;
      navigation = onwards(navigation, page, location);
      site = worse(site, relation(url, location));
    }
    throw new Error(`Redirected in circles: ${trail.map((step) => step.url.href).join(' → ')}`);
  }

  function reachable(url: URL): boolean {
    return url.origin in proxied || (url.protocol === 'http:' && isLoopback(url.hostname));
  }

  function submit(page: Page, form: HTMLElement, button: HTMLElement, values: FormValues, options: NavigationOptions) {
    const { method, action, fields } = submissionOf(form, button, values, page.url);
    if (method === 'POST') return navigate({ ...options, method, url: action, fields, from: page });
    action.search = fields.toString();
    return navigate({ ...options, method, url: action, from: page });
  }

  return {
    cookies,
    get: (url, options) => navigate({ ...options, method: 'GET', url: new URL(url) }),
    post: (url, fields, options) =>
      navigate({ ...options, method: 'POST', url: new URL(url), fields: new URLSearchParams(fields) }),
    fillAndSubmit(page, values = {}, { form: selector, ...options } = {}) {
      const { form, button } = formWith(page, Object.keys(values), selector);
      return submit(page, form, button, values, options);
    },
    click(page, text, options = {}) {
      const target = byText(page, text);
      if (target.tagName === 'A') {
        return navigate({ ...options, method: 'GET', url: hrefOf(target, page), from: page });
      }
      const form = target.closest('form') ?? page.document.getElementById(target.getAttribute('form') ?? '');
      if (!form) throw new Error(`The button “${text}” belongs to no form`);
      return submit(page, form, target, {}, options);
    },
  };
}

/** Readable text of the page, with white space as a person sees it. */
export function textOf(page: Page, selector = 'body'): string {
  const element = page.document.querySelector(selector);
  return (element ?? page.document).structuredText.replace(/\s+/g, ' ').trim();
}

function formWith(page: Page, names: readonly string[], selector = 'form'): Record<'form' | 'button', HTMLElement> {
  for (const form of page.document.querySelectorAll(selector)) {
    const button =
      form.querySelector('button[type=submit]') ??
      page.document.querySelector(`button[type=submit][form="${form.id}"]`);
    if (button && names.every((name) => form.querySelector(`[name="${name}"]`))) return { form, button };
  }
  throw new Error(`${describe(page)} has no form ${selector} with a submit button and [${names.join(', ')}]`);
}

function byText(page: Page, text: string): HTMLElement {
  const matches = page.document
    .querySelectorAll('a[href], button')
    .filter((element) => element.text.replace(/\s+/g, ' ').trim() === text);
  const [first, second] = matches;
  if (!first) throw new Error(`${describe(page)} has no link or button “${text}”`);
  if (second) throw new Error(`${describe(page)} has ${String(matches.length)} links or buttons “${text}”`);
  return first;
}

function hrefOf(link: HTMLElement, page: Page): URL {
  return new URL(link.getAttribute('href') ?? '', page.url);
}

function describe(page: Page): string {
  return `${page.url.href} (${String(page.status)}, “${page.document.querySelector('title')?.text.trim() ?? ''}”)`;
}

/** Where an answer leads at once: a redirect, or a refresh without delay by header or by `meta`. */
function leadsTo(url: URL, status: number, headers: Headers, document: HTMLElement): URL | undefined {
  const location = headers.get('location');
  if (REDIRECTS.includes(status) && location) return new URL(location, url);
  const meta = document.querySelector('meta[http-equiv=refresh]')?.getAttribute('content');
  const refresh = /^\s*0\s*;\s*url\s*=\s*(.+)$/i.exec(headers.get('refresh') ?? meta ?? '');
  return refresh?.[1] ? new URL(refresh[1].trim().replace(/^(['"])(.*)\1$/, '$2'), url) : undefined;
}

/** Fetch 4.4: only 307 and 308 repeat a POST, and a redirect stays a navigation of the page that began it. */
function onwards(previous: Navigation, page: Page, url: URL): Navigation {
  const { headers, from, fields, method } = previous;
  const common = { url, ...(headers && { headers }) };
  if (!REDIRECTS.includes(page.status)) return { ...common, method: 'GET', from: page };
  const begun = { ...common, ...(from && { from }) };
  return [307, 308].includes(page.status)
    ? { ...begun, method, ...(fields && { fields }) }
    : { ...begun, method: 'GET' };
}

// The headers that tell a server who asks (Fetch Metadata; Fetch 3.2).

const SITES = ['none', 'same-origin', 'same-site', 'cross-site'] as const;
type Site = (typeof SITES)[number];

function relation(from: URL | undefined, to: URL): Site {
  if (!from) return 'none';
  if (from.origin === to.origin) return 'same-origin';
  return from.protocol === to.protocol && siteOf(from.hostname) === siteOf(to.hostname) ? 'same-site' : 'cross-site';
}

/** The last two labels stand in for the registrable domain; an address stands for itself. */
function siteOf(hostname: string): string {
  return /^[\d.]+$|^\[/.test(hostname) ? hostname : hostname.split('.').slice(-2).join('.');
}

/** A chain of redirects is as foreign as its most foreign step; a typed address stays one. */
function worse(sofar: Site, next: Site): Site {
  return sofar === 'none' || SITES.indexOf(next) < SITES.indexOf(sofar) ? sofar : next;
}

function browserHeaders({ method, fields, from }: Navigation, site: Site): OutgoingHttpHeaders {
  return {
    accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
    'accept-language': 'en',
    'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) BrowserLikeClient/1.0',
    'sec-fetch-site': site,
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
    'sec-fetch-user': '?1',
    ...(method === 'POST' && from && { origin: originSentBy(from) }),
    ...(fields && { 'content-type': 'application/x-www-form-urlencoded' }),
  };
}

/** A page that sends no referrer posts its forms with `Origin: null` (Fetch, "append a request Origin header"). */
function originSentBy(page: Page): string {
  const policy = page.headers.get('referrer-policy')?.split(',').at(-1)?.trim();
  return policy === 'no-referrer' ? 'null' : page.url.origin;
}

function isLoopback(hostname: string): boolean {
  return /^(?:(?:.+\.)?localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
}
