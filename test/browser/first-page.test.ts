// The page that everybody meets first, as the demo serves it to a browser that has never been there.

import { expect } from 'chai';
import type { Page, Request } from 'playwright-core';

import { sharedDemo } from '../support/browser-demo.ts';
import { arrive } from '../support/browser-steps.ts';
import { openPage } from '../support/chromium.ts';

const HEAVIEST = 50_000;

describe('The first page', () => {
  let page: Page;
  const requests: Request[] = [];

  before(async () => {
    const demo = await sharedDemo('JavaScript on');
    page = await openPage();
    const provider = new URL(demo.issuers.acme).origin;
    page.on('requestfinished', (request) => {
      if (new URL(request.url()).origin === provider) requests.push(request);
    });
    await page.goto(`${demo.app}/acme/orders/sign-in`, { waitUntil: 'networkidle' });
    await arrive(page, 'Sign in to Orders');
  });
  after(() => page.context().close());

  it('moves nothing while it is painted', async () => {
    expect(await page.evaluate<number>('performance.getEntriesByType("paint").length')).to.be.at.least(1);
    expect(await layoutShifts()).to.equal(0);
  });

  it('weighs less than 50 kB, headers and all', async () => {
    const answered = requests.map((request) => new URL(request.url()).pathname.replace(/.*[/.](?=\w+$)/, ''));
    expect(answered).to.include.members(['css', 'js', 'svg']);
    const sizes = await Promise.all(requests.map((request) => request.sizes()));
    const weight = sizes.reduce((sum, size) => sum + size.responseHeadersSize + size.responseBodySize, 0);
    expect(weight).to.be.within(5_000, HEAVIEST);
  });

  /** Layout Instability API, which Node's types do not know. */
  function layoutShifts(): Promise<number> {
    return page.evaluate<number>(`new Promise((resolve) => {
      const observer = new PerformanceObserver((list) => resolve(list.getEntries().length));
      observer.observe({ type: 'layout-shift', buffered: true });
      setTimeout(resolve, 100, 0);
    })`);
  }
});
