// Answers a request with a page: in the language that fits, with the tenant's look, under the answer's nonce.

import type { Context } from 'koa';

import { errorPage } from './error-page.ts';
import { keepPickedLanguage, languageLinks, pickedLanguage, uiLocalesOf } from './language-picker.ts';
import { chooseLanguage } from './language.ts';
import type { Messages } from './messages.ts';
import type { ErrorLink, PageName, Pages } from './pages.ts';
import type { Renderer, TenantLook } from './render.ts';

export interface PageSenderOptions {
  renderer: Renderer;
  messages: Messages;
  /** The tenant that a request is for; undefined outside any. */
  tenantOf: (ctx: Context) => ServedTenant | undefined;
}

export interface ServedTenant extends TenantLook {
  homeUrl?: string | undefined;
  /** Its default. */
  language?: string | undefined;
}

export interface LanguageHints {
  /** The app's `ui_locales`. What the page's own address asks for goes first. */
  uiLocales?: string | undefined;
  /** Of the person, once known (users/users.ts, profile). */
  locale?: string | undefined;
}

/** What an answer is besides the page. */
export interface Answer {
  /** 200 unless told. */
  status?: number | undefined;
  /** Seconds. */
  retryAfter?: number | undefined;
}

export interface SendOptions extends LanguageHints, Answer {
  /** Where a page that answers a form can be had again, in another language: a path. Without it none is offered there. */
  address?: string | undefined;
}

/** What an error page tells besides its words; http/error-handler.ts has all of it. */
export type ErrorFacts = Omit<Pages['error'], 'words' | 'link'> & { status: number };

export interface PageSender {
  /** The language that this request is answered in: for what is sent along with a page. */
  languageOf(ctx: Context, hints?: LanguageHints): string;
  sendPage<N extends PageName>(ctx: Context, name: N, data: Pages[N], options?: SendOptions): void;
  /** The last step of a login: leaves by a `Refresh`, since Chromium holds `form-action` against redirects after a post. */
  sendOnwards(ctx: Context, data: Pages['login/continue'], options?: SendOptions): void;
  /** The page without its status and type, which the error handler sets. */
  renderErrorPage(ctx: Context, facts: ErrorFacts): string;
}

export function createPageSender({ renderer, messages, tenantOf }: PageSenderOptions): PageSender {
  function ownLanguage({ locale }: LanguageHints): string | undefined {
    return locale === undefined ? undefined : chooseLanguage(messages.languages, { locale });
  }

  function languageOf(ctx: Context, hints: LanguageHints = {}): string {
    const { tag, over } = pickedLanguage(ctx);
    const isPickedOverOwn = over !== undefined && over === ownLanguage(hints);
    return chooseLanguage(messages.languages, {
      uiLocales: [uiLocalesOf(ctx), hints.uiLocales],
      locale: isPickedOverOwn ? undefined : hints.locale,
      cookie: tag,
      acceptLanguage: ctx.get('Accept-Language'),
      tenant: tenantOf(ctx)?.language,
    });
  }

  function render<N extends PageName>(ctx: Context, name: N, data: Pages[N], options: SendOptions = {}): string {
    const language = languageOf(ctx, options);
    // A query alone: a path that begins with two slashes would lead to another host.
    const address = ctx.method === 'GET' ? `?${ctx.querystring}` : options.address;
    const isLeft = name === 'login/continue';
    const languages = isLeft || address === undefined ? [] : languageLinks(messages, address, language);
    keepPickedLanguage(ctx, messages.languages, ownLanguage(options));
    ctx.set('Content-Language', language);
    ctx.vary('Accept-Language, Cookie');
    return renderer.page(name, { tenant: tenantOf(ctx), language, languages, nonce: nonceOf(ctx) }, data);
  }

  function sendPage<N extends PageName>(ctx: Context, name: N, data: Pages[N], options: SendOptions = {}): void {
    const html = render(ctx, name, data, options);
    ctx.status = options.status ?? 200;
    if (options.retryAfter !== undefined) ctx.set('Retry-After', String(options.retryAfter));
    ctx.type = 'html';
    ctx.body = html;
  }

  return {
    languageOf,
    sendPage,
    sendOnwards(ctx, data, options) {
      sendPage(ctx, 'login/continue', data, options);
      ctx.set('Refresh', `0; url=${data.url}`);
    },
    renderErrorPage(ctx, facts) {
      return render(ctx, 'error', errorPage({ ...facts, link: wayOut(ctx, facts.status, tenantOf(ctx)?.homeUrl) }));
    },
  };
}

/** Where the error page of this request leads on to, if it comes to one. */
export function leadOnTo(ctx: Context, link: ErrorLink): void {
  ctx.state.wayOut = link;
}

/** After a fault the same page may work; an empty `href` is the page's own address, whatever that is. */
function wayOut(ctx: Context, status: number, homeUrl: string | undefined): ErrorLink | undefined {
  const link: ErrorLink | undefined = ctx.state.wayOut;
  if (link) return link;
  if (status >= 500 && ctx.method === 'GET') return { to: 'retry', href: '' };
  return homeUrl === undefined ? undefined : { to: 'home', href: homeUrl };
}

function nonceOf(ctx: Context): string {
  const nonce: unknown = ctx.state.cspNonce;
  if (typeof nonce !== 'string') throw new Error('A page is rendered where no securityHeaders ran');
  return nonce;
}
