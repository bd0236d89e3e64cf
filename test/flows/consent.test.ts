import { expect } from 'chai';

import { createUserAgent, textOf } from '../support/browser-like-client.ts';
import type { Page, UserAgent } from '../support/browser-like-client.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee, Organisation } from '../support/organisation.ts';
import { claimsOf, createApp, refusalIn, registration, sentTo } from '../support/relying-party.ts';
import type { App, SignInRequest } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { doorOf, givePassword } from '../support/sign-in.ts';

const API = 'https://api.example.com';

describe('consent for an app of somebody else’s', () => {
  let server: Sallyport;
  let organisation: Organisation;
  let survey: App;
  let person: Employee;
  let people = 0;
  let browser: UserAgent;

  before(async () => {
    organisation = await createOrganisation('consent');
    const thirdParty = { firstParty: false, client_name: 'Survey', client_uri: 'https://survey.example.com/' };
    server = await startSallyport({
      tenants: {
        acme: {
          name: 'Acme',
          policy: { secondFactors: { required: 'never' } },
          directories: { people: organisation.directory },
          resources: { [API]: { scopes: ['invoices.read'] } },
          clients: { survey: registration(thirdParty), poll: registration({ ...thirdParty, client_name: 'Poll' }) },
        },
      },
    });
    survey = await createApp(server.issuer('acme'), { clientId: 'survey' });
  });
  after(() => server.stop());
  beforeEach(async () => {
    browser = createUserAgent();
    person = await organisation.addPerson(`person${(people += 1)}`);
  });

  /** As far as the page that asks. */
  async function askedFor(request: SignInRequest): Promise<Page> {
    const page = await browser.get(request.url);
    return doorOf(page) === 'password' ? givePassword(browser, page, person) : page;
  }
  function scopesOn(page: Page): (string | undefined)[] {
    return page.document.querySelectorAll('ul.list li').map((item) => item.childNodes[0]?.text.trim());
  }

  it('names the app and what it wants, in plain words', async () => {
    const page = await askedFor(await survey.begin({ scope: 'openid profile email phone groups roles' }));
    expect(textOf(page, 'h1')).to.equal('Allow Survey to use your account?');
    expect(textOf(page)).to.contain('Survey (survey.example.com) would like to:');
    expect(textOf(page)).to.contain(`You are signed in as ${person.username}.`);
    expect(scopesOn(page)).to.deep.equal([
      'Know that it is you',
      'See your profile',
      'See your e-mail address',
      'See your phone number',
      'See your groups',
      'See your roles',
    ]);
  });

  it('given lets the app have that, and is remembered for the next sign-in', async () => {
    const scope = 'openid email';
    const request = await survey.begin({ scope });
    const page = await browser.click(await askedFor(request), 'Allow');
    expect(claimsOf(await survey.finish(request, page)).email).to.equal(`${person.username}@consent.test`);

    const { claims } = await survey.signIn(person, { browser: createUserAgent(), wishes: { scope } });
    expect(claims.email).to.equal(`${person.username}@consent.test`);
  });

  it('refused is told to the app, and asked again the next time', async () => {
    const request = await survey.begin();
    const refused = await browser.click(await askedFor(request), 'Deny');
    expect(refusalIn(refused)).to.equal('access_denied');
    expect(sentTo(refused).searchParams.get('state')).to.equal(request.checks.expectedState);
    expect(doorOf(await askedFor(await survey.begin()))).to.equal('consent');
  });

  it('is asked only for what is new', async () => {
    await browser.click(await askedFor(await survey.begin({ scope: 'openid email' })), 'Allow');
    const request = await survey.begin({ scope: 'openid email groups' });
    const page = await askedFor(request);
    expect(scopesOn(page)).to.deep.equal(['See your groups']);
    const claims = claimsOf(await survey.finish(request, await browser.click(page, 'Allow')));
    expect(claims).to.include.keys('email', 'groups');
  });

  it('is asked for a single claim and for an API, too', async () => {
    const claims = JSON.stringify({ userinfo: { phone_number: { essential: true } } });
    const page = await askedFor(await survey.begin({ scope: 'openid invoices.read', resource: API, claims }));
    expect(scopesOn(page)).to.include('Use “invoices.read”');
    expect(textOf(page)).to.contain(`A permission at ${API}`);
    expect(textOf(page).toLowerCase()).to.contain('phone');
  });

  it('of one app is none for another, nor of one person for another', async () => {
    await browser.click(await askedFor(await survey.begin()), 'Allow');
    const poll = await createApp(server.issuer('acme'), { clientId: 'poll' });
    expect(textOf(await askedFor(await poll.begin()), 'h1')).to.equal('Allow Poll to use your account?');

    browser = createUserAgent();
    person = await organisation.addPerson(`person${(people += 1)}`);
    expect(doorOf(await askedFor(await survey.begin()))).to.equal('consent');
  });

  it('is not asked for silently', async () => {
    await browser.click(await askedFor(await survey.begin()), 'Allow');
    expect(refusalIn(await browser.get((await survey.begin({ prompt: 'none' })).url))).to.equal('a code');
    const more = await survey.begin({ prompt: 'none', scope: 'openid email' });
    expect(refusalIn(await browser.get(more.url))).to.equal('consent_required');
  });

  it('is asked again where the app wishes so, and kept when it is given', async () => {
    await browser.click(await askedFor(await survey.begin()), 'Allow');
    const request = await survey.begin({ prompt: 'consent', scope: 'openid offline_access' });
    const page = await askedFor(request);
    expect(scopesOn(page)).to.include('Keep its access while you are away');
    const tokens = await survey.finish(request, await browser.click(page, 'Allow'));
    expect(tokens.scope).to.equal('openid offline_access');
    expect((await survey.refresh(tokens)).access_token).to.be.a('string');
  });

  it('takes no other answer than allow and deny', async () => {
    const page = await askedFor(await survey.begin());
    const csrf = page.document.querySelector('[name=csrf]')?.getAttribute('value') ?? '';
    const action = new URL(page.document.querySelector('form')?.getAttribute('action') ?? '', page.url);
    expect((await browser.post(action, { csrf, decision: 'perhaps' }, { from: page })).status).to.equal(400);
    expect((await browser.post(action, { csrf }, { from: page })).status).to.equal(400);
    expect((await browser.post(action, { decision: 'allow' }, { from: page })).status).to.equal(403);
  });
});
