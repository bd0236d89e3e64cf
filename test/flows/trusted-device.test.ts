import { expect } from 'chai';

import { createUserAgent } from '../support/browser-like-client.ts';
import type { Page, UserAgent } from '../support/browser-like-client.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee, Organisation } from '../support/organisation.ts';
import { claimsOf, createApp, registration } from '../support/relying-party.ts';
import type { App } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { doorOf, givePassword, signIn } from '../support/sign-in.ts';

describe('a browser that its owner trusts', () => {
  let server: Sallyport;
  let organisation: Organisation;
  let app: App;
  let person: Employee;
  let people = 0;
  let browser: UserAgent;

  before(async () => {
    organisation = await createOrganisation('trusted');
    const tenant = (trustedDevices?: object) => ({
      name: 'Acme',
      policy: { trustedDevices },
      directories: { people: organisation.directory },
      clients: { orders: registration(), bank: registration({ minimumAcr: 'mfa' }) },
    });
    server = await startSallyport({ tenants: { acme: tenant({ days: 30 }), off: tenant() } });
    app = await createApp(server.issuer('acme'));
  });
  after(() => server.stop());
  beforeEach(async () => {
    browser = createUserAgent();
    person = await organisation.addPerson(`person${(people += 1)}`);
  });

  /** The browser's session is gone, its other cookies are not. */
  function closeBrowser(): void {
    for (const { name } of browser.cookies.all()) if (!name.includes('_device_')) browser.cookies.forget(name);
  }
  async function afterPassword(at = app, wishes = {}, who = person): Promise<Page> {
    return givePassword(browser, await browser.get((await at.begin(wishes)).url), who);
  }
  async function trust(): Promise<void> {
    await app.signIn(person);
    const page = await afterPassword();
    await browser.fillAndSubmit(page, { code: await person.authenticator?.code(), trust: 'yes' });
    closeBrowser();
  }

  it('is spared the second factor, and the acr says what was proven', async () => {
    await trust();
    const request = await app.begin();
    const page = await givePassword(browser, await browser.get(request.url), person);
    expect(claimsOf(await app.finish(request, page))).to.deep.include({ acr: 'sfa', amr: ['pwd'] });
  });

  it('has a cookie that no script reads, of this tenant alone', async () => {
    await trust();
    const [cookie] = browser.cookies.all();
    expect(cookie).to.include({ path: '/t/acme', httpOnly: true });
    expect(cookie?.name).to.match(/^acme_device_[0-9a-f]{16}$/);
  });

  it('is not spared it unless the box was ticked', async () => {
    await app.signIn(person);
    await app.signIn(person, { browser });
    closeBrowser();
    expect(doorOf(await afterPassword())).to.equal('code');
  });

  it('is not spared what the client or the request asks for', async () => {
    await trust();
    expect(doorOf(await afterPassword(app, { acr_values: 'mfa' }))).to.equal('code');
    closeBrowser();
    const bank = await createApp(server.issuer('acme'), { clientId: 'bank' });
    expect(doorOf(await afterPassword(bank))).to.equal('code');
  });

  it('is trusted by its owner alone', async () => {
    await trust();
    const other = await organisation.addPerson(`other${people}`);
    await app.signIn(other);
    expect(doorOf(await afterPassword(app, {}, other))).to.equal('code');
  });

  it('is trusted no more with a mark that somebody changed', async () => {
    await trust();
    for (const cookie of browser.cookies.all()) {
      if (!cookie.name.endsWith('.sig')) browser.cookies.put({ ...cookie, value: `${cookie.value}x` });
    }
    expect(doorOf(await afterPassword())).to.equal('code');
  });

  it('is not known to a tenant that wants none', async () => {
    const off = await createApp(server.issuer('off'));
    await off.signIn(person);
    const page = await afterPassword(off);
    expect(page.document.querySelector('[name=trust]')).to.equal(null);
    const end = await signIn(browser, page, person);
    expect(end.location?.searchParams.has('code')).to.equal(true);
    expect(browser.cookies.all().filter(({ name }) => name.includes('_device_'))).to.deep.equal([]);
  });
});
