import { Router } from '@koa/router';

import type { DemoPages } from './demo-pages.ts';
import type { Inbox } from './inbox.ts';

/** The messages as a page, and as JSON for programs. */
export function inboxRoutes(inbox: Inbox, pages: DemoPages): Router {
  const router = new Router();
  router.get('/inbox', (ctx) => pages.send(ctx, 'inbox', { messages: inbox.messages() }));
  router.get('/inbox.json', (ctx) => {
    ctx.body = inbox.messages();
  });
  return router;
}
