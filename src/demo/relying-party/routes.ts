// The addresses of one app: its page, the way to the provider and back, and its buttons.

import { Router } from '@koa/router';
import type { Context, Middleware } from 'koa';

import { readFormBody } from '../../http/body.ts';
import { allowFormTarget } from '../../http/security-headers.ts';
import { assertSameOrigin } from '../../security/browser-protection.ts';
import type { DemoApp, DemoPages } from '../demo-pages.ts';
import { createAppActions } from './actions.ts';
import type { ProviderClient, Wish } from './client.ts';
import { hasEnded, problemFrom } from './problems.ts';
import { assertCsrf } from './sessions.ts';
import type { Session, Sessions } from './sessions.ts';
import { tokenView } from './token-view.ts';

export interface AppRoutesOptions {
  app: DemoApp;
  /** Of all the apps, as a browser reaches them. */
  publicUrl: string;
  client: ProviderClient;
  sessions: Sessions;
  pages: DemoPages;
}

type Work = (session: Session, ctx: Context) => Promise<string | undefined>;

export function appRoutes({ app, publicUrl, client, sessions, pages }: AppRoutesOptions): Router {
  const actions = createAppActions(app.path, client);

  /** Does something with the provider and leads on, or back to the app's page, which tells what went wrong. */
  async function lead(ctx: Context, session: Session, work: Work): Promise<void> {
    let onwards: string | undefined;
    try {
      onwards = await work(session, ctx);
    } catch (error) {
      session.notices.set(app.path, problemFrom(error));
      if (hasEnded(error)) session.signedIn.delete(app.path);
    }
    ctx.redirect(onwards ?? app.path);
    ctx.status = 303;
  }

  const got =
    (work: Work): Middleware =>
    (ctx) =>
      lead(ctx, sessions.of(ctx), work);

  const posted =
    (work: Work): Middleware =>
    async (ctx) => {
      assertSameOrigin(ctx.req, new URL(publicUrl).origin);
      const session = sessions.of(ctx);
      assertCsrf(session, (await readFormBody(ctx)).csrf);
      await lead(ctx, session, work);
    };

  async function show(ctx: Context): Promise<void> {
    const { notices, signedIn, csrf } = sessions.of(ctx);
    const notice = notices.get(app.path);
    notices.delete(app.path);
    const current = signedIn.get(app.path);
    if (!current) {
      pages.send(ctx, 'signed-out', { app, notice });
      return;
    }
    // The form that signs out is answered with a redirect to the provider.
    allowFormTarget(ctx, app.issuer);
    const { end_session_endpoint: endSession } = await client.metadata();
    pages.send(ctx, 'signed-in', { app, notice, csrf, endSession, view: tokenView(current) });
  }

  const router = new Router({ prefix: app.path });
  router.get('/', show);
  router.get(
    '/sign-in',
    got((session, ctx) => actions.begin(session, wishOf(ctx.query.ask))),
  );
  router.get(
    '/callback',
    got(async (session, ctx) => {
      await actions.finish(session, new URL(ctx.originalUrl, publicUrl));
      sessions.renew(ctx);
      return undefined;
    }),
  );
  router.post('/refresh', posted(actions.refresh));
  router.post('/userinfo', posted(actions.askUserinfo));
  router.post('/sign-out', posted(actions.signOut));
  router.get(
    '/signed-out',
    got(async (session) => sayGoodbye(session, app.path)),
  );
  return router;
}

/** Anybody can link here, so it is said only where it is true. */
function sayGoodbye({ signedIn, notices }: Session, path: string): undefined {
  if (signedIn.has(path)) return;
  notices.set(path, { kind: 'note', title: 'Signed out', text: 'You are signed out here and at the provider.' });
}

function wishOf(asked: unknown): Wish {
  return asked === 'fresh' || asked === 'step-up' ? asked : 'sign-in';
}
