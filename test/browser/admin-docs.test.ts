import { expect } from 'chai';
import type { Page } from 'playwright-core';

import { apiKeyOf } from '../support/admin-http.ts';
import { expectAccessible, openPage, screenshot, watch } from '../support/chromium.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';

describe('the documentation of the admin API', function () {
  this.timeout(120_000);
  let sallyport: Sallyport;

  before(async () => {
    sallyport = await startSallyport({ tenants: { acme: { name: 'Acme' } } });
  });
  after(() => sallyport.stop());

  async function open(path: string, options: Parameters<typeof openPage>[0] = {}): Promise<Page> {
    const page = await openPage(options);
    await page.goto(`${sallyport.publicUrl}${path}`);
    return page;
  }

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1280, 360]) {
      it(`shows every operation, from here alone and within the policy, in ${colorScheme} at ${String(width)} px`, async () => {
        const page = await openPage({ colorScheme, viewport: { width, height: 800 } });
        const complaints = watch(page);
        await page.goto(`${sallyport.publicUrl}/admin/docs`);
        await page.locator('.opblock-tag').first().waitFor();
        await page.locator('.opblock-tag', { hasText: 'Groups' }).first().click();
        await page.locator('#operations-Groups-listGroups .opblock-summary-control').click();
        await page
          .getByText('A filter in SCIM’s grammar')
          .or(page.getByText("A filter in SCIM's grammar"))
          .first()
          .waitFor();
        await screenshot(page, `admin-docs-${colorScheme}-${String(width)}`);
        const overflow = await page.evaluate('document.documentElement.scrollWidth - window.innerWidth');
        expect(overflow).to.be.at.most(0);
        expect(complaints).to.deep.equal([]);
        await page.context().close();
      });
    }
  }

  it('can be used with a key', async () => {
    const key = await apiKeyOf(sallyport, 'acme');
    const page = await open('/admin/docs');
    const complaints = watch(page);
    await page.locator('.btn.authorize').click();
    const form = page.locator('.auth-container', { hasText: 'apiKey' });
    await form.locator('input').fill(key);
    await form.locator('button[type=submit]').click();
    await page.locator('.btn-done').first().click();
    await page.locator('.opblock-tag', { hasText: 'Groups' }).first().click();
    const operation = page.locator('#operations-Groups-listGroups');
    await operation.locator('.opblock-summary-control').click();
    await operation.locator('.try-out__btn').click();
    await operation.locator('tr[data-param-name=tenant] input').fill('acme');
    await operation.locator('.execute').click();
    await operation.locator('.live-responses-table .response-col_status', { hasText: '200' }).waitFor();
    expect(complaints).to.deep.equal([]);
    await page.context().close();
  });

  it('has a page for each problem', async () => {
    const page = await open('/admin/problems', { viewport: { width: 360, height: 800 } });
    await expectAccessible(page);
    await screenshot(page, 'admin-problems-light-360');
    await page.getByRole('link', { name: 'It has changed in between' }).click();
    await page.getByRole('heading', { name: 'It has changed in between' }).waitFor();
    await expectAccessible(page);
    await screenshot(page, 'admin-problem-light-360');
    expect(page.url()).to.equal(`${sallyport.publicUrl}/admin/problems/precondition-failed`);
    await page.context().close();
  });

  it('is kept apart from pages that open it, and its files for ever', async () => {
    const docs = await fetch(`${sallyport.publicUrl}/admin/docs`);
    expect(docs.headers.get('Cross-Origin-Opener-Policy')).to.equal('same-origin');
    expect(docs.headers.get('Content-Security-Policy')).not.to.contain('unsafe');
    const [, script = ''] = /src="(\/admin\/docs\/[^"]+\.js)"/.exec(await docs.text()) ?? [];
    for (const encoding of ['gzip', 'identity']) {
      const file = await fetch(sallyport.publicUrl + script, { headers: { 'Accept-Encoding': encoding } });
      expect(file.headers.get('Cache-Control')).to.contain('immutable');
      expect((await file.text()).length).to.be.greaterThan(1_000_000);
    }
    for (const path of [
      '/admin/docs/0.0.0/swagger-ui.css',
      `${script}.map`,
      '/admin/docs/1/..%2fpackage.json',
      '/admin/problems/none',
    ]) {
      expect((await fetch(sallyport.publicUrl + path)).status, path).to.equal(404);
    }
  });
});
