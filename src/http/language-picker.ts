// The languages at the foot of every page: plain links to the page itself, and the cookie that keeps what somebody picked there.

import type { Context } from 'koa';

import type { Messages } from './messages.ts';
import { pathIn, siteOf } from './tenant-context.ts';

export interface LanguageLink {
  /** RFC 5646. */
  tag: string;
  /** In the language itself. */
  name: string;
  direction: string;
  href: string;
  current: boolean;
}

const COOKIE = 'language';
const ONE_YEAR = 365 * 24 * 60 * 60 * 1000;

/** @param page its address, as a path or as a query alone. */
export function languageLinks(messages: Messages, page: string, current: string): LanguageLink[] {
  return messages.languages.map((tag) => {
    const t = messages.messagesFor(tag);
    const href = inLanguage(page, tag);
    return { tag, name: t('language.name'), direction: t('language.direction'), href, current: tag === current };
  });
}

/** The same address, whose page then speaks the language; undefined leaves it as it is. */
export function inLanguage(address: string, uiLocales: string | undefined): string {
  if (uiLocales === undefined) return address;
  const [path = ''] = address.split('?', 1);
  const params = new URLSearchParams(address.slice(path.length));
  params.set('ui_locales', uiLocales);
  return `${path}?${params.toString()}`;
}

/** What the address of this request asks for. */
export function uiLocalesOf({ query }: Pick<Context, 'query'>): string | undefined {
  return typeof query.ui_locales === 'string' ? query.ui_locales : undefined;
}

/** What was picked in this browser; `over` which language, where the person was known and had one of their own. */
interface Picked {
  tag: string | undefined;
  over: string | undefined;
}

export function pickedLanguage(ctx: Context): Picked {
  const [tag, over] = (ctx.cookies.get(COOKIE, { signed: false }) ?? '').split('~');
  return { tag, over };
}

/**
 * Keeps the language that a link of ours was followed for. An app's own wish comes from elsewhere, and leaves no trace.
 *
 * @param own the language of the person, once known: what they pick goes before it from then on.
 */
export function keepPickedLanguage(ctx: Context, languages: readonly string[], own: string | undefined): void {
  const tag = languages.find((one) => one === uiLocalesOf(ctx));
  if (tag === undefined || ctx.method !== 'GET' || !isFromHere(ctx)) return;
  const held = pickedLanguage(ctx);
  if (held.tag === tag && (own === undefined || held.over === own)) return;
  const site = siteOf(ctx);
  const path = (site && pathIn(site, '')) || '/';
  const value = own === undefined ? tag : `${tag}~${own}`;
  // TLS ends at a proxy: it is the issuer that tells how browsers come here.
  const secure = site?.issuer.startsWith('https:') ?? false;
  ctx.cookies.secure = secure;
  ctx.cookies.set(COOKIE, value, { path, maxAge: ONE_YEAR, sameSite: 'lax', httpOnly: true, signed: false, secure });
}

/** Browsers leave the header of Fetch Metadata out where neither end is trustworthy: plain HTTP to another machine. */
function isFromHere(ctx: Context): boolean {
  return ['', 'same-origin'].includes(ctx.get('Sec-Fetch-Site'));
}
