import { expect } from 'chai';

import { createUserAgent, textOf } from '../support/browser-like-client.ts';
import type { Page, UserAgent } from '../support/browser-like-client.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee } from '../support/organisation.ts';
import { CALLBACK, createApp, registration } from '../support/relying-party.ts';
import type { App } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { givePassword } from '../support/sign-in.ts';

const NATIVE = 'com.example.app:/callback';

describe('an answer that is posted to the app', () => {
  let server: Sallyport;
  let orders: App;
  let kim: Employee;
  let browser: UserAgent;

  before(async () => {
    const organisation = await createOrganisation('formpost');
    kim = await organisation.addPerson('kim');
    server = await startSallyport({
      tenants: {
        acme: {
          name: 'Acme',
          policy: { secondFactors: { required: 'never' } },
          directories: { people: organisation.directory },
          clients: {
            orders: registration(),
            phone: registration({ application_type: 'native', redirect_uris: [NATIVE] }),
          },
        },
      },
    });
    orders = await createApp(server.issuer('acme'));
  });
  after(() => server.stop());
  beforeEach(() => {
    browser = createUserAgent();
  });

  /** Where the page's forms may lead, as the Content-Security-Policy has it. */
  function formTargets(page: Page): string[] {
    const directives = page.headers.get('content-security-policy')?.split(/;\s*/) ?? [];
    return directives.filter((one) => one.startsWith('form-action ')).flatMap((one) => one.split(' ').slice(1));
  }
  async function signedIn(wishes: Record<string, string>, app = orders): Promise<Page> {
    const { url } = await app.begin({ response_mode: 'form_post', ...wishes });
    return givePassword(browser, await browser.get(url), kim);
  }

  it('may leave the page for the app, and for nowhere else', async () => {
    const page = await signedIn({});
    const form = page.document.querySelector('form');
    expect(form?.getAttribute('action')).to.equal(CALLBACK);
    expect(form?.querySelector('[name=code]')).not.to.equal(null);
    expect(formTargets(page)).to.deep.equal(["'self'", 'https://app.example.com']);
  });

  it('may leave it with an error as well', async () => {
    const { url } = await orders.begin({ response_mode: 'form_post', prompt: 'none' });
    const page = await browser.get(url);
    expect(page.document.querySelector('[name=error]')?.getAttribute('value')).to.equal('login_required');
    expect(formTargets(page)).to.deep.equal(["'self'", 'https://app.example.com']);
  });

  it('may leave it for the private scheme of an app on a phone', async () => {
    const phone = await createApp(server.issuer('acme'), { clientId: 'phone' });
    expect(formTargets(await signedIn({ redirect_uri: NATIVE }, phone))).to.deep.equal(["'self'", 'com.example.app:']);
  });

  it('goes to no address that is not registered', async () => {
    const { url } = await orders.begin({ response_mode: 'form_post', redirect_uri: 'https://evil.example.com/' });
    const page = await browser.get(url);
    expect(textOf(page, 'h1')).to.equal('This app’s address is not registered');
    expect(formTargets(page)).to.deep.equal(["'self'"]);
  });
});
