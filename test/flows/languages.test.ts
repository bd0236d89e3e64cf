import { expect } from 'chai';

import { createUserAgent, textOf } from '../support/browser-like-client.ts';
import type { Page, UserAgent } from '../support/browser-like-client.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Organisation } from '../support/organisation.ts';
import { createApp, registration } from '../support/relying-party.ts';
import type { App, Wishes } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { doorOf, givePassword, problemOn } from '../support/sign-in.ts';

describe('the language of a login', () => {
  let server: Sallyport;
  let organisation: Organisation;
  let survey: App;
  let browser: UserAgent;

  before(async () => {
    organisation = await createOrganisation('languages');
    server = await startSallyport({
      tenants: {
        acme: {
          name: 'Acme',
          language: 'de',
          policy: { secondFactors: { required: 'never' } },
          directories: { people: organisation.directory },
          clients: { survey: registration({ firstParty: false, client_name: 'Survey' }) },
        },
        globex: { name: 'Globex' },
      },
    });
    survey = await createApp(server.issuer('acme'), { clientId: 'survey' });
  });
  after(() => server.stop());
  beforeEach(() => {
    browser = createUserAgent();
  });

  const languageOf = (page: Page) => page.document.querySelector('html')?.getAttribute('lang');
  const begin = async (wishes: Wishes = {}) => browser.get((await survey.begin(wishes)).url);

  it('is the tenant’s where nobody asks for another', async () => {
    browser = createUserAgent({ headers: { 'accept-language': 'sw' } });
    const page = await begin();
    expect(textOf(page, 'h1')).to.equal('Bei Survey anmelden');
    expect(page.headers.get('content-language')).to.equal('de');
    expect(languageOf(await browser.get(`${server.issuer('globex')}/`))).to.equal('en');
  });

  it('is what the person picks to the end of the login, whatever the app asks for', async () => {
    const person = await organisation.addPerson('fran', { preferredLanguage: 'ar' });
    let page = await begin({ ui_locales: 'es' });
    expect(languageOf(page)).to.equal('es');
    page = await browser.click(page, 'Français');
    expect(languageOf(page)).to.equal('fr');

    const refused = await givePassword(browser, page, { ...person, password: 'wrong' });
    expect(problemOn(refused)).to.equal(
      'Ce nom d’utilisateur et ce mot de passe ne correspondent pas. Vérifiez les deux.',
    );
    page = await browser.click(refused, 'English');
    expect([page.status, doorOf(page), languageOf(page)]).to.deep.equal([200, 'password', 'en']);
    page = await browser.click(page, 'Français');

    page = await givePassword(browser, page, person);
    expect(textOf(page, 'h1')).to.equal('Autoriser Survey à utiliser votre compte ?');
  });

  it('is the picked one at the next login too, unless the app asks for another', async () => {
    await browser.click(await begin(), 'Français');
    expect(browser.cookies.find('language')).to.include({
      value: 'fr',
      path: '/t/acme',
      httpOnly: true,
      sameSite: 'lax',
    });
    expect(languageOf(await begin())).to.equal('fr');
    expect(languageOf(await begin({ ui_locales: 'es' }))).to.equal('es');
    expect(browser.cookies.find('language')?.value).to.equal('fr');
    expect(languageOf(await browser.get(`${server.issuer('globex')}/`))).to.equal('en');
  });

  it('is the person’s own as soon as they are known', async () => {
    const person = await organisation.addPerson('amal', { preferredLanguage: 'fr;q=0.5, ar-EG' });
    const page = await givePassword(browser, await begin(), person);
    expect([doorOf(page), languageOf(page)]).to.deep.equal(['consent', 'ar']);
    expect(page.document.querySelector('html')?.getAttribute('dir')).to.equal('rtl');
    // Picked now, it goes before the directory's.
    const inSpanish = await browser.click(page, 'Español');
    expect([doorOf(inSpanish), languageOf(inSpanish)]).to.deep.equal(['consent', 'es']);
    expect(browser.cookies.find('language')?.value).to.equal('es~ar');
    expect(languageOf(await begin())).to.equal('es');
  });

  it('is told on error pages as well', async () => {
    const page = await browser.get(`${server.issuer('acme')}/nowhere?ui_locales=ar`);
    expect([page.status, languageOf(page)]).to.deep.equal([404, 'ar']);
  });
});
