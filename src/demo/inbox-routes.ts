import { Router } from '@koa/router';

import type { DemoPages } from './demo-pages.ts';
import type { Inbox } from './inbox.ts';

const REFRESH_SECONDS = 5;

/** The messages as a page, and as JSON for programs. */
export function inboxRoutes(inbox: Inbox, pages: DemoPages): Router {
  const router = new Router();
  router.get('/inbox', (ctx) => {
    // Who reads slowly, or by ear, can stop it (WCAG 2.2.1).
    const live = ctx.query.still === undefined;
    if (live) ctx.set('Refresh', String(REFRESH_SECONDS));
    pages.send(ctx, 'inbox', { messages: inbox.messages(), live });
  });
  router.get('/inbox.json', (ctx) => {
    ctx.body = inbox.messages();
  });
  return router;
}
