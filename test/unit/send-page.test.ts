import path from 'node:path';

import { expect } from 'chai';
import Koa from 'koa';
import { parse } from 'node-html-parser';

import { createMessages } from '../../src/http/messages.ts';
import { createRenderer } from '../../src/http/render.ts';
import { securityHeaders } from '../../src/http/security-headers.ts';
import { createPageSender } from '../../src/http/send-page.ts';
import type { PageSender } from '../../src/http/send-page.ts';
import { listen } from '../../src/http/server.ts';
import type { Listener } from '../../src/http/server.ts';

const VIEWS = path.join(import.meta.dirname, '..', '..', 'views');

describe('A page sender', () => {
  let listener: Listener;
  let answer: (sender: PageSender, ctx: Koa.Context) => void;

  before(async () => {
    const messages = createMessages(path.join(VIEWS, 'messages'));
    const renderer = createRenderer({ viewsFolder: VIEWS, messages, assetUrl: (name) => `/assets/${name}` });
    const sender = createPageSender({
      renderer,
      messages,
      tenantOf: () => ({ name: 'Acme', branding: { colour: '#1f4e8c' }, homeUrl: '/home', language: 'fr' }),
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
  });

  it('answers HTML with the status, the language and the nonce of the answer', async () => {
    answer = (sender, ctx) => {
      sender.sendPage(ctx, 'home', { apps: [] }, { status: 403 });
    };
    const response = await fetch(listener.url);
    expect(response.status).to.equal(403);
    expect(response.headers.get('content-type')).to.equal('text/html; charset=utf-8');
    expect(response.headers.get('content-language')).to.equal('fr');
    expect(response.headers.get('vary')).to.equal('Accept-Language, Cookie');
    const nonce = /'nonce-([^']+)'/.exec(response.headers.get('content-security-policy') ?? '')?.[1];
    expect(await response.text()).to.contain(`<style nonce="${nonce ?? 'none'}">`);
  });

  it('finds the language in the query, the app’s wish, the person, the cookie and the header', async () => {
    answer = (sender, ctx) => {
      const hints = { uiLocales: ctx.get('X-App') || undefined, locale: ctx.get('X-Person') || undefined };
      sender.sendPage(ctx, 'home', { apps: [] }, hints);
      ctx.set('X-Language', sender.languageOf(ctx, hints));
    };
    for (const [query, headers] of [
      ['?ui_locales=ar', { 'x-app': 'de', 'x-person': 'de', cookie: 'language=de', 'accept-language': 'de' }],
      ['?ui_locales=xx', { 'x-app': 'ar', 'x-person': 'de', cookie: 'language=de', 'accept-language': 'de' }],
      ['', { 'x-person': 'ar', cookie: 'language=de', 'accept-language': 'de' }],
      ['', { 'x-person': 'de', cookie: 'language=ar~de', 'accept-language': 'de' }],
      ['', { cookie: 'language=ar', 'accept-language': 'de' }],
      ['', { 'accept-language': 'xx, ar-EG' }],
    ] as const) {
      const response = await fetch(listener.url + query, { headers: { ...headers } });
      expect(response.headers.get('content-language')).to.equal('ar');
      expect(response.headers.get('x-language')).to.equal('ar');
      expect(await response.text()).to.contain('<html lang="ar" dir="rtl">');
    }
  });

  describe('The languages to pick', () => {
    const home = (sender: PageSender, ctx: Koa.Context) => {
      const locale = ctx.get('X-Person') || undefined;
      if (ctx.get('X-Issuer')) ctx.state.site = { issuer: ctx.get('X-Issuer') };
      sender.sendPage(ctx, 'home', { apps: [] }, { locale, address: ctx.get('X-Address') || undefined });
    };
    beforeEach(() => {
      answer = home;
    });

    async function cookieOf(
      query: string,
      headers: Record<string, string> = {},
      method = 'GET',
    ): Promise<string | null> {
      return (await fetch(`${listener.url}/${query}`, { method, headers })).headers.get('set-cookie');
    }

    it('lead to the page itself, each named in its own language', async () => {
      const html = await (await fetch(`${listener.url}//elsewhere.example/?a=1&ui_locales=de`)).text();
      const links = parse(html).querySelectorAll('.languages a');
      expect(links.map((link) => link.getAttribute('href')).sort()).to.deep.equal(
        ['ar', 'de', 'en', 'es', 'fr'].map((tag) => `?a=1&ui_locales=${tag}`),
      );
      expect(links.map((link) => link.text).sort()).to.deep.equal([
        'Deutsch',
        'English',
        'Español',
        'Français',
        'العربية',
      ]);
      expect(links.filter((link) => link.hasAttribute('aria-current')).map((link) => link.text)).to.deep.equal([
        'Deutsch',
      ]);
    });

    it('lead from the answer to a form to where it can be had again, or are not there', async () => {
      const hrefs = async (headers: Record<string, string>) =>
        parse(await (await fetch(listener.url, { method: 'POST', headers })).text())
          .querySelectorAll('.languages a')
          .map((link) => link.getAttribute('href'));
      expect(await hrefs({ 'x-address': '/t/acme/interaction/1?client_id=a%26b' })).to.include(
        '/t/acme/interaction/1?client_id=a%26b&ui_locales=ar',
      );
      expect(await hrefs({})).to.deep.equal([]);
    });

    it('are kept for a year by a cookie that no script reads', async () => {
      const cookie = await cookieOf('?ui_locales=ar');
      expect(cookie).to.match(/^language=ar; path=\/; expires=[^;]+; samesite=lax; httponly$/);
      const expires = Date.parse(/expires=([^;]+)/.exec(cookie ?? '')?.[1] ?? '');
      expect(expires - Date.now()).to.be.within(364 * 86_400_000, 366 * 86_400_000);
    });

    it('are kept for the tenant’s own path, and where its issuer is https, for https only', async () => {
      const [https, http] = await Promise.all(
        ['https://id.example.com/t/acme', 'http://localhost/t/acme'].map((issuer) =>
          cookieOf('?ui_locales=ar', { 'x-issuer': issuer }),
        ),
      );
      expect(https).to.match(/^language=ar; path=\/t\/acme; .*secure/);
      expect(http)
        .to.match(/^language=ar; path=\/t\/acme; /)
        .and.not.match(/secure/);
    });

    it('go before the person’s own language once that is known', async () => {
      expect(await cookieOf('?ui_locales=ar', { 'x-person': 'de-CH', cookie: 'language=ar' })).to.match(
        /^language=ar~de;/,
      );
      expect(await cookieOf('?ui_locales=ar', { 'x-person': 'de-CH', cookie: 'language=ar~de' })).to.equal(null);
    });

    it('leave no cookie for an app’s wish, an unknown language, a form, and nothing new', async () => {
      expect(await cookieOf('?ui_locales=ar', { 'sec-fetch-site': 'same-origin' })).to.match(/^language=ar;/);
      expect(await cookieOf('?ui_locales=ar', { 'sec-fetch-site': 'cross-site' })).to.equal(null);
      expect(await cookieOf('?ui_locales=ar', { 'sec-fetch-site': 'none' })).to.equal(null);
      expect(await cookieOf('?ui_locales=xx')).to.equal(null);
      expect(await cookieOf('?ui_locales=de%20ar')).to.equal(null);
      expect(await cookieOf('?ui_locales=ar', {}, 'POST')).to.equal(null);
      expect(await cookieOf('?ui_locales=ar', { cookie: 'language=ar' })).to.equal(null);
    });
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
