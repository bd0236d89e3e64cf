import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { expect } from 'chai';
import Koa from 'koa';

import { createMessages } from '../../src/http/messages.ts';
import { createRenderer } from '../../src/http/render.ts';
import { securityHeaders } from '../../src/http/security-headers.ts';
import { createPageSender } from '../../src/http/send-page.ts';
import type { PageSender } from '../../src/http/send-page.ts';
import { listen } from '../../src/http/server.ts';
import type { Listener } from '../../src/http/server.ts';

const VIEWS = path.join(import.meta.dirname, '..', '..', 'views');

describe('A page sender', () => {
  let folder: string;
  let listener: Listener;
  let answer: (sender: PageSender, ctx: Koa.Context) => void;

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'messages-'));
    const english = path.join(VIEWS, 'messages', 'en.json');
    copyFileSync(english, path.join(folder, 'en.json'));
    const hebrew = readFileSync(english, 'utf8').replace('"ltr"', '"rtl"');
    writeFileSync(path.join(folder, 'he.json'), hebrew.replaceAll('"one":', '"two": "x", "one":'));
    const messages = createMessages(folder);
    const renderer = createRenderer({ viewsFolder: VIEWS, messages, assetUrl: (name) => `/assets/${name}` });
    const sender = createPageSender({
      renderer,
      messages,
      tenantOf: () => ({ name: 'Acme', branding: { colour: '#1f4e8c' }, homeUrl: '/home' }),
    });
    const app = new Koa();
    app.use(securityHeaders({ https: false }));
    app.use((ctx) => {
      answer(sender, ctx);
    });
    listener = await listen(app, { host: '127.0.0.1', port: 0 });
  });
  after(async () => {
    await listener.close(0);
    rmSync(folder, { recursive: true });
  });

  it('answers HTML with the status, the language and the nonce of the answer', async () => {
    answer = (sender, ctx) => {
      sender.sendPage(ctx, 'home', { apps: [] }, { status: 403 });
    };
    const response = await fetch(listener.url);
    expect(response.status).to.equal(403);
    expect(response.headers.get('content-type')).to.equal('text/html; charset=utf-8');
    expect(response.headers.get('content-language')).to.equal('en');
    expect(response.headers.get('vary')).to.equal('Accept-Language, Cookie');
    const nonce = /'nonce-([^']+)'/.exec(response.headers.get('content-security-policy') ?? '')?.[1];
    expect(await response.text()).to.contain(`<style nonce="${nonce ?? 'none'}">`);
  });

  it('finds the language in the query, the cookie, the header and the app’s wish', async () => {
    answer = (sender, ctx) => {
      sender.sendPage(ctx, 'home', { apps: [] }, { uiLocales: ctx.get('X-Ui-Locales') || undefined });
    };
    for (const [query, headers] of [
      ['?ui_locales=he', {}],
      ['', { cookie: 'language=he' }],
      ['', { 'accept-language': 'fr, he-IL' }],
      ['?ui_locales=en', { 'x-ui-locales': 'he' }],
    ] as const) {
      const response = await fetch(listener.url + query, { headers: { ...headers } });
      expect(response.headers.get('content-language')).to.equal('he');
      expect(await response.text()).to.contain('<html lang="he" dir="rtl">');
    }
  });

  it('leaves by a Refresh to the URL that the page shows', async () => {
    answer = (sender, ctx) => {
      sender.sendOnwards(ctx, { app: 'Orders', url: '/auth/1?a=1&b=2' });
    };
    const response = await fetch(listener.url);
    expect(response.headers.get('refresh')).to.equal('0; url=/auth/1?a=1&b=2');
    expect(await response.text()).to.contain('href="/auth/1?a=1&amp;b=2"');
  });

  it('leads on from an error: again after a fault, home after the rest', async () => {
    const facts = { code: 'internal_error', requestId: 'r', time: new Date() };
    for (const [method, status, link] of [
      ['GET', 500, '<a class="button" href="">'],
      ['POST', 500, '<a class="button" href="/home">'],
      ['GET', 404, '<a class="button" href="/home">'],
    ] as const) {
      answer = (sender, ctx) => {
        ctx.body = sender.renderErrorPage(ctx, { ...facts, status });
      };
      expect(await (await fetch(listener.url, { method })).text(), `${method} ${String(status)}`).to.contain(link);
    }
  });
});
