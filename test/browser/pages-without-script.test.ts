import { expect } from 'chai';
import type { Page } from 'playwright-core';

import { openPage, screenshot } from '../support/chromium.ts';
import { LEAVES_BY_ITSELF, posted, serveGallery } from '../support/gallery.ts';

const csrf = 'csrf-of-this-form';

describe('The pages without a script', () => {
  let origin: string;
  let page: Page;

  before(async () => {
    origin = await serveGallery();
    page = await openPage({ javaScriptEnabled: false });
  });
  after(() => page.context().close());

  async function expectPosted(button: string, fields: object): Promise<void> {
    await page.getByRole('button', { name: button, exact: true }).click();
    expect(await posted(page), button).to.deep.equal(fields);
  }

  it('sign in', async () => {
    await page.goto(`${origin}/acme/password`);
    await page.getByLabel('User name').fill('ann');
    await page.getByLabel('Password', { exact: true }).fill('correct horse');
    await expectPosted('Sign in', { csrf, username: 'ann', password: 'correct horse' });
  });

  it('take a code with spaces, and nothing besides', async () => {
    for (const [name, label, button] of [
      ['totp', 'Code', 'Sign in'],
      ['sms', 'Code', 'Sign in'],
      ['recovery-code', 'Code', 'Sign in'],
      ['enrol', 'Type the code that it shows', 'Finish'],
      ['enrol-number-code', 'Code', 'Finish'],
    ] as const) {
      await page.goto(`${origin}/acme/${name}`);
      await page.getByLabel(label).fill('123 456');
      await expectPosted(button, { csrf, code: '123 456' });
    }
  });

  it('take recovery codes from a keyboard with letters, all others from one with digits', async () => {
    await page.goto(`${origin}/acme/recovery-code`);
    expect(await page.getAttribute('#code', 'inputmode')).to.equal(null);
    expect(await page.getAttribute('#code', 'autocomplete')).to.equal('off');
    await page.goto(`${origin}/acme/sms`);
    expect(await page.getAttribute('#code', 'inputmode')).to.equal('numeric');
    expect(await page.getAttribute('#code', 'autocomplete')).to.equal('one-time-code');
  });

  it('trust a browser only when the box is ticked', async () => {
    await page.goto(`${origin}/acme/totp`);
    await page.getByLabel('Code').fill('123456');
    await page.getByLabel('Do not ask for this again in this browser for 30 days').check();
    await expectPosted('Sign in', { csrf, code: '123456', trust: 'yes' });
    await page.goto(`${origin}/acme/totp-plain`);
    expect(await page.getByRole('checkbox').count()).to.equal(0);
  });

  it('say when another code can be asked for, and ask for it', async () => {
    await page.goto(`${origin}/acme/sms`);
    expect(await page.getByText('You can ask for another code in 30 seconds.').isVisible()).to.equal(true);
    await expectPosted('Send another code', { csrf });
    expect(page.url()).to.contain('?resend');
    await page.goto(`${origin}/acme/sms-waiting`);
    expect(await page.getByText('You can ask for another code in 2 minutes.').isVisible()).to.equal(true);
    await page.goto(`${origin}/acme/sms-failed`);
    expect(await page.getByText('You can ask').count()).to.equal(0);
  });

  it('choose the factor that was used last unless told otherwise', async () => {
    await page.goto(`${origin}/acme/choose`);
    await expectPosted('Continue', { csrf, factor: '1' });
    await page.goto(`${origin}/acme/choose`);
    await page.getByRole('radio', { name: 'Text message' }).check();
    await expectPosted('Continue', { csrf, factor: '4' });
  });

  it('set up factors, or put that off', async () => {
    await page.goto(`${origin}/acme/enrol-number`);
    await page.getByLabel('Phone number').fill('+44 7700 900123');
    await expectPosted('Send a code', { csrf, contact: '+44 7700 900123' });
    await page.goto(`${origin}/acme/enrol-number`);
    await expectPosted('Not now', { csrf });
    await page.goto(`${origin}/acme/enrol-address-code`);
    await page.getByLabel('Code').fill('123456');
    await page.getByLabel('Name').fill('Home');
    await expectPosted('Finish', { csrf, code: '123456', name: 'Home' });
    await page.goto(`${origin}/acme/codes`);
    await page.getByLabel('I have saved them in a safe place').check();
    await expectPosted('Continue', { csrf, code: 'saved' });
  });

  it('change the account', async () => {
    for (const [name, button, fields] of [
      ['account', 'Sign out of Unknown browser', { csrf }],
      ['account', 'Stop trusting Safari on iPhone', { csrf }],
      ['rename', 'Save', { csrf, name: 'Laptop' }],
      ['remove-factor', 'Remove', { csrf }],
      ['remove-devices', 'Stop trusting all', { csrf }],
      ['end-sessions', 'Sign out everywhere else', { csrf }],
      ['not-allowed', 'Go back', { csrf }],
    ] as const) {
      await page.goto(`${origin}/acme/${name}`);
      await expectPosted(button, fields);
    }
    await page.goto(`${origin}/acme/account`);
    expect(await page.locator('time').first().textContent()).to.equal('Feb 1, 2026, 9:41 AM UTC');
  });

  it('say why a passkey cannot be used, and offer no button for it', async () => {
    for (const name of ['passkey', 'enrol-passkey']) {
      await page.goto(`${origin}/acme/${name}`);
      expect(await page.getByText('Passkeys need JavaScript').isVisible(), name).to.equal(true);
      expect(await page.getByRole('button', { name: 'passkey' }).count(), name).to.equal(0);
      await screenshot(page, `${name}-without-script`);
    }
    await page.goto(`${origin}/acme/password`);
    expect(await page.getByText('passkey').filter({ visible: true }).count()).to.equal(0);
  });

  it('allow, deny, sign out and stay', async () => {
    for (const [name, button, fields] of [
      ['consent', 'Allow', { csrf, decision: 'allow' }],
      ['consent', 'Deny', { csrf, decision: 'deny' }],
      ['notice', 'Continue', { csrf }],
      ['notice-change', 'Change it now', { csrf, change: 'yes' }],
      ['logout-confirm', 'Sign out', { xsrf: 'x', logout: 'yes' }],
      [LEAVES_BY_ITSELF, 'Sign out', { xsrf: 'x', logout: 'yes' }],
    ] as const) {
      await page.goto(`${origin}/acme/${name}`);
      await expectPosted(button, fields);
    }
    await page.goto(`${origin}/acme/logout-confirm`);
    await page.getByRole('link', { name: 'Stay signed in' }).click();
    expect(page.url()).to.equal(`${origin}/acme/home`);
  });

  it('wait to be sent where one would leave by itself', async () => {
    await page.goto(`${origin}/acme/${LEAVES_BY_ITSELF}`);
    await screenshot(page, LEAVES_BY_ITSELF);
  });

  it('show no button that would do nothing', async () => {
    for (const [name, buttons] of [
      ['enrol', ['Finish']],
      ['codes', ['Continue', 'Not now']],
    ] as const) {
      await page.goto(`${origin}/acme/${name}`);
      expect(await page.getByRole('button').allTextContents(), name).to.deep.equal(buttons);
      await screenshot(page, `${name}-without-script`);
    }
  });
});
