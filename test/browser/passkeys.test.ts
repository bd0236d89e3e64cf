// Passkeys on the real pages, with the authenticator that Chromium's DevTools have: set up, used as the second factor and alone,
// and refused. What the script does in each corner is passkey-script.test.ts's.

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';

import { expect } from 'chai';
import * as oidc from 'openid-client';
import type { BrowserContextOptions, Page } from 'playwright-core';

import { givePassword, press, problemOn } from '../support/browser-steps.ts';
import { openPage } from '../support/chromium.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee, Organisation } from '../support/organisation.ts';
import { freePort } from '../support/ports.ts';
import { createApp, registration } from '../support/relying-party.ts';
import type { App, SignInRequest } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { addAuthenticator } from '../support/virtual-authenticator.ts';
import type { VirtualAuthenticator } from '../support/virtual-authenticator.ts';

describe('A passkey in a browser', () => {
  let organisation: Organisation;
  let server: Sallyport;
  let orders: App;
  let app: Server;
  let callback: string;
  let page: Page;
  let authenticator: VirtualAuthenticator;
  let people = 0;

  before(async () => {
    const port = await freePort();
    callback = `http://localhost:${port}/callback`;
    app = createServer((_request, response) => response.end('The app has it.')).listen(port, 'localhost');
    await once(app, 'listening');
    organisation = await createOrganisation('passkeysbrowser');
    const tenant = {
      name: 'Acme',
      policy: { secondFactors: { allowed: ['passkey'] } },
      directories: { people: organisation.directory },
      clients: { orders: registration({ redirect_uris: [callback] }) },
    };
    server = await startSallyport({ tenants: { acme: tenant, globex: { ...tenant, name: 'Globex' } } });
    orders = await createApp(server.issuer('acme'));
  });
  afterEach(() => page.context().close());
  after(async () => {
    app.closeAllConnections();
    app.close();
    await server.stop();
  });

  /** A browser with an authenticator. Chromium's takes the first passkey of the list at once, where a person would be asked. */
  async function openBrowser({ hasList = false, ...options }: BrowserContextOptions & { hasList?: boolean } = {}) {
    page = await openPage(options);
    authenticator = await addAuthenticator(page);
    if (!hasList) await page.addInitScript('delete window.PublicKeyCredential?.isConditionalMediationAvailable');
  }

  async function begin(of = orders): Promise<SignInRequest> {
    await page.context().clearCookies();
    const request = await of.begin({ redirect_uri: callback });
    await page.goto(request.url.href);
    return request;
  }

  /** What the app is told of the sign-in. */
  async function claimsOf({ checks }: SignInRequest): Promise<oidc.IDToken | undefined> {
    await page.getByText('The app has it.').waitFor();
    return (await oidc.authorizationCodeGrant(orders.config, new URL(page.url()), checks)).claims();
  }

  const heading = (name: string) => page.getByRole('heading', { name, exact: true }).waitFor();

  /** Somebody new, who sets up a passkey after the password. */
  async function enrolled(): Promise<Employee & { claims: oidc.IDToken | undefined }> {
    const person = await organisation.addPerson(`kim${++people}`);
    const request = await begin();
    await givePassword(page, person.username, person.password);
    await heading('Create a passkey');
    await press(page, 'Create a passkey');
    return { ...person, claims: await claimsOf(request) };
  }

  it('is set up after the password, and proves what it can', async () => {
    await openBrowser();
    const { claims } = await enrolled();
    expect(claims).to.include({ acr: 'phr' });
    expect(claims?.amr).to.include.members(['pwd', 'user', 'mfa']);
    const [credential] = await authenticator.credentials();
    expect(credential).to.include({ rpId: 'localhost', isResidentCredential: true });
  });

  it('is the second factor after the password', async () => {
    await openBrowser();
    const { username, password } = await enrolled();
    const request = await begin();
    await givePassword(page, username, password);
    await heading('Use your passkey');
    await press(page, 'Use a passkey');
    expect(await claimsOf(request)).to.include({ acr: 'phr' });
  });

  it('signs in alone, by the button', async () => {
    await openBrowser();
    const { claims: before } = await enrolled();
    const request = await begin();
    await press(page, 'Sign in with a passkey');
    const claims = await claimsOf(request);
    expect(claims).to.include({ acr: 'phr', sub: before?.sub });
    expect(claims?.amr).to.include.members(['user', 'mfa']).and.not.include('pwd');
  });

  it('signs in alone, from the list of the user name', async () => {
    await openBrowser({ hasList: true });
    const { claims: before } = await enrolled();
    expect(await claimsOf(await begin())).to.include({ acr: 'phr', sub: before?.sub });
  });

  it('that is a copy is refused, as its counter tells', async () => {
    await openBrowser();
    await enrolled();
    const [copy] = await authenticator.credentials();
    if (!copy) throw new Error('there is no passkey');
    const first = await begin();
    await press(page, 'Sign in with a passkey');
    await claimsOf(first);
    await authenticator.remove(copy.credentialId);
    await authenticator.add(copy);
    await begin();
    await press(page, 'Sign in with a passkey');
    expect(await problemOn(page)).to.contain('The passkey did not work');
  });

  it('of another tenant on the same host is not known', async () => {
    await openBrowser();
    await enrolled();
    await begin(await createApp(server.issuer('globex')));
    await press(page, 'Sign in with a passkey');
    expect(await problemOn(page)).to.contain('We do not know that passkey');
    // Its own tenant knows it still, so the browser must not be told to forget it.
    expect(await page.locator('[data-unknown]').count()).to.equal(0);
    expect(await authenticator.credentials()).to.have.lengthOf(1);
  });

  it('of somebody who is not recognised proves nothing, and the page says so', async () => {
    await openBrowser();
    await enrolled();
    await authenticator.setUserVerified(false);
    await begin();
    await press(page, 'Sign in with a passkey');
    await page.getByText('The passkey was not used.').waitFor();
  });

  it('cannot be set up without JavaScript, and the page says why', async () => {
    await openBrowser({ javaScriptEnabled: false });
    const { username, password } = await organisation.addPerson(`kim${++people}`);
    await begin();
    expect(await page.getByRole('button', { name: 'Sign in with a passkey' }).isVisible()).to.equal(false);
    await givePassword(page, username, password);
    await heading('Create a passkey');
    expect(await page.getByRole('button', { name: 'Create a passkey' }).isVisible()).to.equal(false);
    await page.getByText('Passkeys need JavaScript').waitFor();
  });
});
