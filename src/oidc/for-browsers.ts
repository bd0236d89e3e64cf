// What stands around the library because of browsers: their cookie rules, their Content-Security-Policy, and pages of the
// library's that ours take the place of.

import type { Context, Middleware } from 'koa';
import type { KoaContextWithOIDC, Provider } from 'oidc-provider';

import { readFormPairs } from '../http/body.ts';
import { allowFormTarget } from '../http/security-headers.ts';
import type { PageSender } from '../http/send-page.ts';
import { siteOf } from '../http/tenant-context.ts';

export function forBrowsers(provider: Provider, sender: PageSender): Middleware[] {
  return [
    getInsteadOfPost,
    leaveByRefresh(sender),
    letFormsReachApps,
    signOutFirstPerson(sender),
    signOutNobody,
    keepSessionCookie(provider),
  ];
}

type OIDC = KoaContextWithOIDC['oidc'];

/** Undefined where no route of the library matched. */
function oidcOf(ctx: Context): OIDC | undefined {
  const oidc: OIDC | undefined = ctx.oidc;
  return oidc;
}

/** Bytes. It becomes a URL, and a request's head may have 16 KiB. */
const LONGEST_POST = 8 * 1024;

/**
 * Core 3.1.2.1 and RP-Initiated Logout 2 want POST answered here, but a cookie that came along with another site's POST could
 * not be SameSite=Lax.
 */
const getInsteadOfPost: Middleware = async (ctx, next) => {
  const site = siteOf(ctx);
  if (!site || ctx.method !== 'POST' || !(ctx.path === '/auth' || ctx.path === '/session/end')) return next();
  // `resource` may repeat (RFC 8707 2); what else may not is the library's to say.
  const params = await readFormPairs(ctx, LONGEST_POST);
  ctx.status = 303;
  ctx.redirect(`${site.issuer}${ctx.path}?${params.toString()}`);
};

/** Chromium holds `form-action` against redirects that follow a form: a confirmed logout leaves by a page. */
function leaveByRefresh(sender: PageSender): Middleware {
  return async (ctx, next) => {
    await next();
    const location = ctx.response.get('Location');
    if (ctx.method !== 'POST' || ctx.status !== 303 || location === '') return;
    ctx.remove('Location');
    sender.sendOnwards(ctx, { app: undefined, url: location });
  };
}

/** `response_mode=form_post`: the library's page posts the answer to the app, by itself where scripts run. */
const letFormsReachApps: Middleware = async (ctx, next) => {
  await next();
  const oidc = oidcOf(ctx);
  if (!oidc?.client || ctx.type !== 'text/html') return;
  const { response_mode: mode, redirect_uri: uri } = oidc.params ?? {};
  if (mode === 'form_post' && typeof uri === 'string' && oidc.client.redirectUriAllowed(uri)) allowFormTarget(ctx, uri);
};

/**
 * Somebody else signed in to a session: the library signs the first one out by a page that it does not let us style, before it
 * goes on with the request, of which it does not know the parameters yet.
 */
function signOutFirstPerson(sender: PageSender): Middleware {
  return async (ctx, next) => {
    await next();
    const oidc = oidcOf(ctx);
    const state = oidc?.session?.state;
    if (oidc?.route !== 'resume' || ctx.status !== 200 || oidc.params || !state) return;
    const action = oidc.urlFor('end_session_confirm');
    sender.sendPage(ctx, 'logout/confirm', { action, xsrf: String(state.secret), confirmed: true });
  };
}

/** Where nobody is signed in there is nothing to confirm. The library has checked where the app wants the browser to go. */
const signOutNobody: Middleware = async (ctx, next) => {
  await next();
  const oidc = oidcOf(ctx);
  if (oidc?.route !== 'end_session' || ctx.status !== 200 || oidc.session?.accountId !== undefined) return;
  const { post_logout_redirect_uri: registered, state } = oidc.params ?? {};
  const url = new URL(typeof registered === 'string' ? registered : oidc.urlFor('end_session_success'));
  if (typeof registered === 'string' && typeof state === 'string') url.searchParams.set('state', state);
  if (registered === undefined && oidc.client) url.searchParams.set('client_id', oidc.client.clientId);
  ctx.status = 303;
  ctx.redirect(url.href);
};

/**
 * Leaves the browser's session cookie alone where there is nothing new to say: a slow answer that repeats an old id would undo
 * the rotation that another answer has brought, and a session of nobody needs no cookie.
 */
function keepSessionCookie(provider: Provider): Middleware {
  const name = provider.cookieName('session');
  return async (ctx, next) => {
    const held = ctx.cookies.get(name);
    await next();
    const session = oidcOf(ctx)?.session;
    if (!session || ('destroyed' in session && session.destroyed)) return;
    if (session.accountId !== undefined && session.jti !== held) return;
    const cookies = [ctx.res.getHeader('Set-Cookie') ?? []].flat().map(String);
    const others = cookies.filter((cookie) => !cookie.startsWith(`${name}=`) && !cookie.startsWith(`${name}.sig=`));
    if (others.length > 0) ctx.set('Set-Cookie', others);
    else ctx.remove('Set-Cookie');
  };
}
