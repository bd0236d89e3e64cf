// What must hold of every page that a browser meets, whatever it came for: no complaint, nothing sent elsewhere, accessible in
// light and dark, and as wide as a phone.

import { expect } from 'chai';
import type { BrowserContext, Page, Request } from 'playwright-core';

import { expectAccessible, openPage, screenshot } from './chromium.ts';

const DESK = { width: 1280, height: 800 };
const PHONE = { width: 360, height: 740 };
const NARROWEST = 320;

export interface Visits {
  /** A browser profile of its own, on an empty page. */
  open(): Promise<Page>;
  /** Ends all that were opened. @throws AssertionError for what any of them complained of. */
  end(): Promise<void>;
  /** The page as it stands, once by each name: for axe in light and dark, at 320 px, and in pictures. */
  look(page: Page, name: string): Promise<void>;
}

/** Browsers that may go to `origins` and nowhere else. Pictures are named with `prefix`. */
export function createVisits(options: {
  origins: readonly string[];
  javaScriptEnabled: boolean;
  prefix: string;
}): Visits {
  const { origins, javaScriptEnabled, prefix } = options;
  const contexts: BrowserContext[] = [];
  const complaints: string[] = [];
  const seen = new Set<string>();

  return {
    async open() {
      const page = await openPage({ javaScriptEnabled, viewport: DESK });
      const context = page.context();
      contexts.push(context);
      if (javaScriptEnabled) await context.grantPermissions(['clipboard-read', 'clipboard-write']);
      listen(context, origins, (complaint) => complaints.push(complaint));
      return page;
    },

    async end() {
      await Promise.all(contexts.splice(0).map((context) => context.close()));
      expect(complaints.splice(0)).to.deep.equal([]);
    },

    async look(page, name) {
      if (seen.has(name)) return;
      seen.add(name);
      for (const colorScheme of ['dark', 'light'] as const) {
        await page.emulateMedia({ colorScheme });
        await expectAccessible(page);
        await screenshot(page, `${prefix}-${name}-${colorScheme}`);
      }
      await page.setViewportSize(PHONE);
      await screenshot(page, `${prefix}-${name}-phone`);
      await page.setViewportSize({ ...PHONE, width: NARROWEST });
      expect(await page.locator('html').evaluate((html) => html.scrollWidth), name).to.equal(NARROWEST);
      await page.setViewportSize(DESK);
    },
  };
}

function listen(context: BrowserContext, origins: readonly string[], complain: (complaint: string) => void): void {
  context.on('request', (request) => {
    const wrong = misdirection(request, origins);
    if (wrong !== undefined) complain(`${wrong}: ${request.method()} ${request.url()}`);
  });
  context.on('console', (message) => {
    // Chromium reports a page that comes with an error's status, as a refused form does.
    const isStatus = /^Failed to load resource: the server responded with a status of 4\d\d/.test(message.text());
    if (isStatus && message.location().url === message.page()?.url()) return;
    if (['error', 'warning'].includes(message.type())) complain(message.text());
  });
  context.on('weberror', (error) => complain(error.error().message));
}

/** What is wrong about a request, if anything. Only a link or a redirect may lead from one origin to another, and it tells nothing. */
function misdirection(request: Request, origins: readonly string[]): string | undefined {
  const { protocol, origin } = new URL(request.url());
  if (protocol === 'data:') return undefined;
  if (!origins.includes(origin)) return 'sent elsewhere';
  if (request.headers().referer !== undefined) return 'names the page that it comes from';
  const from = request.frame().url();
  if (from === 'about:blank' || new URL(from).origin === origin) return undefined;
  return request.isNavigationRequest() && request.method() === 'GET' ? undefined : 'sent to another origin';
}

/** How often the page has moved since it began to load (Layout Instability API, which Node's types do not know). */
export function layoutShifts(page: Page): Promise<number> {
  return page.evaluate<number>(`new Promise((resolve) => {
    const observer = new PerformanceObserver((list) => resolve(list.getEntries().length));
    observer.observe({ type: 'layout-shift', buffered: true });
    setTimeout(resolve, 100, 0);
  })`);
}
