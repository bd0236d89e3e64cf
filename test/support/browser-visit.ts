// What must hold of every page that a browser meets, whatever it came for: nothing complained of, nothing sent elsewhere,
// accessible in light and dark, and no wider than a phone.

import { expect } from 'chai';
import type { BrowserContext, Page, Request } from 'playwright-core';

import { expectAccessible, openPage, screenshot } from './chromium.ts';

const DESK = { width: 1280, height: 800 };
const PHONE = { width: 360, height: 740 };
const NARROWEST = 320;

/** Where scripts are off, those of a test run nevertheless, but the browser calls nothing back. axe defers work by timers
 * without delay; those with one are its time-outs. */
const TIMERS_WITHOUT_SCRIPT = `window.setTimeout = (callback, delay = 0, ...args) => {
  if (delay < 1000) void Promise.resolve().then(() => callback(...args));
  return 0;
}`;

export interface VisitOptions {
  /** Where browsers may go. */
  origins: readonly string[];
  javaScriptEnabled: boolean;
}

export interface Visits {
  /** A browser profile of its own, on an empty page. */
  open(): Promise<Page>;
  /** Closes all that are open. @throws AssertionError for what any of them complained of since the last time. */
  end(): Promise<void>;
  /** Examines and photographs the page as it stands, once by each name. */
  look(page: Page, name: string): Promise<void>;
}

export function createVisits({ origins, javaScriptEnabled }: VisitOptions): Visits {
  const prefix = javaScriptEnabled ? 'login' : 'login-plain';
  const contexts: BrowserContext[] = [];
  const complaints: Promise<string | undefined>[] = [];
  const seen = new Set<string>();

  return {
    async open() {
      const page = await openPage({ javaScriptEnabled, viewport: DESK });
      const context = page.context();
      contexts.push(context);
      await context.grantPermissions(['clipboard-read', 'clipboard-write']);
      listen(context, origins, (complaint) => complaints.push(complaint));
      return page;
    },

    async end() {
      const heard = await Promise.all(complaints.splice(0));
      await Promise.all(contexts.splice(0).map((context) => context.close()));
      expect(heard.filter((complaint) => complaint !== undefined)).to.deep.equal([]);
    },

    async look(page, name) {
      if (seen.has(name)) return;
      seen.add(name);
      if (!javaScriptEnabled) await page.evaluate(TIMERS_WITHOUT_SCRIPT);
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

type Complain = (complaint: Promise<string | undefined>) => void;

function listen(context: BrowserContext, origins: readonly string[], complain: Complain): void {
  context.on('request', (request) => complain(misdirection(request, origins)));
  context.on('weberror', (error) => complain(Promise.resolve(error.error().message)));
  context.on('console', (message) => {
    // Chromium tells of a page that comes with the status of an error, as a form that was refused does.
    const isStatus = /^Failed to load resource: the server responded with a status of 4\d\d/.test(message.text());
    if (isStatus && message.location().url === message.page()?.url()) return;
    if (['error', 'warning'].includes(message.type())) complain(Promise.resolve(message.text()));
  });
}

/** From one origin to another leads only what the address bar shows, and it does not tell where it comes from. */
async function misdirection(request: Request, origins: readonly string[]): Promise<string | undefined> {
  const { protocol, origin } = new URL(request.url());
  if (protocol === 'data:') return undefined;
  const what = `${request.method()} ${request.url()}`;
  if (!origins.includes(origin)) return `${what} leaves`;
  const { origin: home } = new URL(request.frame().url());
  const isNavigation = request.isNavigationRequest();
  if (home !== 'null' && home !== origin && !(isNavigation && request.method() === 'GET'))
    return `${what} from ${home}`;
  const { referer } = isNavigation ? await request.allHeaders() : {};
  return referer === undefined ? undefined : `${what} tells ${referer}`;
}
