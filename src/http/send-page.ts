// Answers a request with a page: in the language that fits, with the tenant's look, under the answer's nonce.

import type { Context } from 'koa';

import { errorPage } from './error-page.ts';
import { chooseLanguage } from './language.ts';
import type { Messages } from './messages.ts';
import type { ErrorLink, PageName, Pages } from './pages.ts';
import type { Renderer, TenantLook } from './render.ts';

const LANGUAGE_COOKIE = 'language';

export interface PageSenderOptions {
  renderer: Renderer;
  messages: Messages;
  /** The tenant that a request is for; undefined outside any. */
  tenantOf: (ctx: Context) => (TenantLook & { homeUrl?: string | undefined }) | undefined;
}

export interface SendOptions {
  /** 200 unless told. */
  status?: number;
  /** The app's `ui_locales`, where the request itself does not carry it. */
  uiLocales?: string | undefined;
}

/** What an error page tells besides its words; http/error-handler.ts has all of it. */
export type ErrorFacts = Omit<Pages['error'], 'words' | 'link'> & { status: number };

export interface PageSender {
  sendPage<N extends PageName>(ctx: Context, name: N, data: Pages[N], options?: SendOptions): void;
  /** The last step of a login: leaves by a `Refresh`, since Chromium holds `form-action` against redirects after a post. */
  sendOnwards(ctx: Context, data: Pages['login/continue'], options?: SendOptions): void;
  /** The page without its status and type, which the error handler sets. */
  renderErrorPage(ctx: Context, facts: ErrorFacts): string;
}

export function createPageSender({ renderer, messages, tenantOf }: PageSenderOptions): PageSender {
  function render<N extends PageName>(ctx: Context, name: N, data: Pages[N], uiLocales?: string): string {
    const tenant = tenantOf(ctx);
    const language = chooseLanguage(messages.languages, {
      uiLocales: uiLocales ?? singleValue(ctx.query.ui_locales),
      cookie: ctx.cookies.get(LANGUAGE_COOKIE),
      acceptLanguage: ctx.get('Accept-Language'),
    });
    ctx.set('Content-Language', language);
    ctx.vary('Accept-Language, Cookie');
    return renderer.page(name, { tenant, language, nonce: nonceOf(ctx) }, data);
  }

  function sendPage<N extends PageName>(ctx: Context, name: N, data: Pages[N], options: SendOptions = {}): void {
    const html = render(ctx, name, data, options.uiLocales);
    ctx.status = options.status ?? 200;
    ctx.type = 'html';
    ctx.body = html;
  }

  return {
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

function singleValue(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function nonceOf(ctx: Context): string {
  const nonce: unknown = ctx.state.cspNonce;
  if (typeof nonce !== 'string') throw new Error('A page is rendered where no securityHeaders ran');
  return nonce;
}
