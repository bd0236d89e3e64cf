// Every page with sample data, served as production serves it, at /<look>/<sample>. Forms post to /posted, which shows what came.

import path from 'node:path';

import { expect } from 'chai';
import Koa from 'koa';
import type { Page } from 'playwright-core';

import { readFormBody } from '../../src/http/body.ts';
import { createMessages } from '../../src/http/messages.ts';
import { createRenderer } from '../../src/http/render.ts';
import { securityHeaders } from '../../src/http/security-headers.ts';
import { createPageSender } from '../../src/http/send-page.ts';
import { listen } from '../../src/http/server.ts';
import { loadStaticFiles } from '../../src/http/static-files.ts';
import { atEnd } from './global-teardown.ts';
import { ACCOUNT_SAMPLES } from './samples/account.ts';
import { ENROL_SAMPLES } from './samples/enrol.ts';
import { LOGIN_SAMPLES } from './samples/login.ts';
import { OTHER_SAMPLES } from './samples/others.ts';
import type { Samples } from './samples/sample.ts';

export { LEAVES_BY_ITSELF } from './samples/others.ts';

export const VIEWS = path.join(import.meta.dirname, '..', '..', 'views');

const LOGO = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><path fill="#1f4e8c" d="M20 3 37 37H27l-7-15-7 15H3z"/></svg>`;

/** Acme has a logo and an ordinary colour, Globex a pale colour and no logo. */
const LOOKS = {
  acme: {
    name: 'Acme',
    branding: { colour: '#1f4e8c', logo: `data:image/svg+xml;base64,${Buffer.from(LOGO).toString('base64')}` },
    homeUrl: '/acme/home',
  },
  globex: { name: 'Globex', branding: { colour: '#ffd23f' } },
} as const;

export const SAMPLES: Samples = { ...LOGIN_SAMPLES, ...ENROL_SAMPLES, ...ACCOUNT_SAMPLES, ...OTHER_SAMPLES };

/** Starts the gallery on a free loopback port; answers its origin. */
export async function serveGallery(): Promise<string> {
  const messages = createMessages(path.join(VIEWS, 'messages'));
  const files = await loadStaticFiles(path.join(VIEWS, 'assets'));
  const renderer = createRenderer({ viewsFolder: VIEWS, messages, assetUrl: (name) => files.assetUrl(name) });
  const tenantOf = (ctx: Koa.Context) => new Map(Object.entries(LOOKS)).get(ctx.path.split('/')[1] ?? '');
  const sender = createPageSender({ renderer, messages, tenantOf });

  const app = new Koa();
  app.use(securityHeaders({ https: false }));
  app.use((ctx, next) => files.serve(ctx, next));
  app.use(async (ctx) => {
    if (ctx.path === '/posted' && ctx.method === 'POST') ctx.body = await readFormBody(ctx);
    else SAMPLES[ctx.path.split('/')[2] ?? '']?.send(sender, ctx);
  });
  const { url, close } = await listen(app, { host: '127.0.0.1', port: 0 });
  atEnd(() => close(0));
  return url;
}

/** What a form of the gallery posted. */
export async function posted(page: Page): Promise<unknown> {
  expect(new URL(page.url()).pathname).to.equal('/posted');
  return JSON.parse((await page.locator('body').textContent()) ?? '');
}
