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
import { eventually } from '../support/eventually.ts';
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
  /** Of a tenant that has a host to itself. */
  let ownHost: string;
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
    const serverPort = await freePort();
    ownHost = `initech.localhost:${serverPort}`;
    server = await startSallyport({
      port: serverPort,
      tenants: {
        acme: tenant,
        globex: { ...tenant, name: 'Globex' },
        initech: { ...tenant, name: 'Initech', host: ownHost },
      },
    });
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

  it('is called after the browser that it was set up in', async () => {
    await openBrowser({ userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' });
    await enrolled();
    await page.goto(`${server.issuer('acme')}/account`);
    expect(await page.locator('[aria-labelledby=factors] li b').allTextContents()).to.deep.equal([
      'Passkey: Firefox, Linux',
    ]);
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

  describe('whose answer was made on a page', () => {
    /** Another port is another origin, and may ask for the same passkeys nevertheless: they belong to the host. */
    const pages: Record<string, { url: () => string; becomes: () => Promise<unknown> }> = {
      'of the server': {
        url: () => server.publicUrl,
        becomes: () => page.getByText('The app has it.').waitFor(),
      },
      'of somebody else': {
        url: () => callback,
        becomes: async () => expect(await problemOn(page)).to.contain('The passkey did not work'),
      },
    };
    for (const [whose, { url, becomes }] of Object.entries(pages)) {
      it(`${whose} is ${whose === 'of the server' ? 'taken' : 'refused'}`, async () => {
        await openBrowser();
        await enrolled();
        await begin();
        const options = await page.locator('[data-passkey]').getAttribute('data-options');
        const login = page.url();
        await page.goto(url());
        const credential = await page.evaluate<string>(
          `navigator.credentials
             .get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(${options ?? ''}) })
             .then((credential) => JSON.stringify(credential))`,
        );
        await page.goto(login);
        await page.locator('[data-passkey] [name=credential]').evaluate((field, answer) => {
          field.setAttribute('value', answer);
          field.closest('form')?.submit();
        }, credential);
        await becomes();
      });
    }
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

  it('of a tenant with a host of its own is forgotten by the browser once nobody has it', async () => {
    await openBrowser();
    await enrolled();
    const [known] = await authenticator.credentials();
    if (!known) throw new Error('there is no passkey');
    await authenticator.add({ ...known, credentialId: btoa('removed'), rpId: 'initech.localhost' });
    const { url } = await orders.begin({ redirect_uri: callback });
    await page.goto(`http://${ownHost}/auth${url.search}`);
    await press(page, 'Sign in with a passkey');
    expect(await problemOn(page)).to.contain('We do not know that passkey');
    expect(await page.locator('[data-unknown]').getAttribute('data-unknown')).to.equal('cmVtb3ZlZA');
    await eventually('the passkey is gone', async () => (await authenticator.credentials()).length === 1);
    expect((await authenticator.credentials())[0]).to.include({ rpId: 'localhost' });
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
