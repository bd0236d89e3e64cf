import { expect } from 'chai';
import type { Page } from 'playwright-core';

import { createInbox } from '../../src/demo/inbox.ts';
import type { Inbox } from '../../src/demo/inbox.ts';
import { startRelyingParty } from '../../src/demo/relying-party.ts';
import type { RelyingParty } from '../../src/demo/relying-party.ts';
import { startBareProvider } from '../support/bare-provider.ts';
import type { BareProvider } from '../support/bare-provider.ts';
import { expectAccessible, openPage, screenshot, watch } from '../support/chromium.ts';
import { freePort } from '../support/ports.ts';

const SECRET = 'a client secret for nothing but tests';

describe('The demo’s apps, in a browser', () => {
  let provider: BareProvider;
  let apps: RelyingParty;
  let inbox: Inbox;
  let page: Page;

  before(async () => {
    const port = await freePort();
    const app = { clientId: 'orders', clientSecret: SECRET, name: 'Orders', path: '/acme/orders' };
    provider = await startBareProvider([
      {
        client_id: app.clientId,
        client_secret: SECRET,
        redirect_uris: [`http://localhost:${port}${app.path}/callback`],
        post_logout_redirect_uris: [`http://localhost:${port}${app.path}/signed-out`],
        grant_types: ['authorization_code', 'refresh_token'],
      },
    ]);
    inbox = createInbox();
    const tenants = [{ slug: 'acme', name: 'Acme', issuer: provider.issuer, apps: [app] }];
    apps = await startRelyingParty({ host: 'localhost', port, tenants, inbox });
    page = await openPage({ permissions: ['clipboard-read', 'clipboard-write'] });
  });
  after(async () => {
    await page.context().close();
    await apps.close();
    await provider.close();
  });

  async function expectWellMade(name: string): Promise<void> {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      for (const width of [1280, 360]) {
        await page.setViewportSize({ width, height: 800 });
        await expectAccessible(page);
        await screenshot(page, `demo-${name}-${colorScheme}-${width}`);
      }
    }
    await page.setViewportSize({ width: 320, height: 800 });
    expect(await page.locator('html').evaluate((html) => html.scrollWidth)).to.equal(320);
  }

  it('signs in, refreshes and signs out, through the content policy', async () => {
    await page.goto(apps.url);
    await expectWellMade('start');
    await page.getByRole('link', { name: 'Orders' }).click();
    await expectWellMade('signed-out');
    await page.getByRole('link', { name: 'Sign in' }).click();
    await page.locator('[name=username]').fill('multi');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Hello multi Example' }).waitFor();
    await page.getByRole('button', { name: 'Refresh' }).click();
    await page.getByRole('status').waitFor();
    for (const summary of await page.locator('summary').all()) await summary.click();
    await expectWellMade('signed-in');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Yes' }).click();
    await page.getByRole('status').waitFor();
    expect(await page.getByRole('status').textContent()).to.contain('Signed out');
  });

  it('shows an inbox whose codes and links can be copied', async () => {
    const message = { to: 'ann@acme.example', subject: 'Your code', html: '' };
    const text =
      'Your code is 123 456.\n\nOr open https://id.acme.example/a-link-that-is-rather-long-for-a-phone?token=abcdefgh.';
    await inbox.send({ ...message, text }, 'm1', AbortSignal.timeout(60_000));
    const complaints = watch(page);
    await page.goto(`${apps.url}/inbox`);
    await page.getByRole('button', { name: 'Copy the code' }).click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    expect(await page.evaluate<string>('navigator.clipboard.readText()')).to.equal('123456');
    await expectWellMade('inbox');
    expect(complaints).to.deep.equal([]);
  });
});
