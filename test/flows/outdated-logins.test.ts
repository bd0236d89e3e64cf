// Somebody has a person's password and a code of theirs, and keeps the login for later. What the person then does about it ends
// that login too, wherever it lies.

import { expect } from 'chai';

import { accountsOf, actionsOn, linksOn } from '../support/account-steps.ts';
import type { Accounts } from '../support/account-steps.ts';
import { createAuthenticator } from '../support/authenticator.ts';
import { createUserAgent } from '../support/browser-like-client.ts';
import type { Page, UserAgent } from '../support/browser-like-client.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee, Organisation } from '../support/organisation.ts';
import { claimsOf, createApp, refusalIn, refusalOf, registration, sentTo } from '../support/relying-party.ts';
import type { App } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { csrfOn, givePasskey } from '../support/second-factor-steps.ts';
import { doorOf, givePassword, signIn } from '../support/sign-in.ts';

describe('a login that was kept for later', () => {
  let server: Sallyport;
  let organisation: Organisation;
  let accounts: Accounts;
  let app: App;
  let mobile: App;
  let person: Employee;
  let people = 0;
  let owner: UserAgent;
  let thief: UserAgent;

  before(async () => {
    organisation = await createOrganisation('outdated');
    const acme = {
      name: 'Acme',
      policy: { secondFactors: { allowed: ['totp', 'passkey'] }, trustedDevices: {} },
      directories: { people: organisation.directory },
      clients: { orders: registration(), mobile: registration({ refreshOutlivesSession: true }) },
    };
    server = await startSallyport({ tenants: { acme } });
    accounts = accountsOf(server, 'acme');
    app = await createApp(server.issuer('acme'));
    mobile = await createApp(server.issuer('acme'), { clientId: 'mobile' });
  });
  after(async () => {
    await accounts.db.close();
    await server.stop();
  });
  beforeEach(async () => {
    person = await organisation.addPerson(`person${(people += 1)}`);
    [owner, thief] = [createUserAgent(), createUserAgent()];
    await app.signIn(person, { browser: owner });
  });

  /** Up to the second factor, whose form leads to what is kept: a page of the login, unless told. */
  async function keep(stopAt = server.publicUrl): Promise<URL> {
    const page = await givePassword(thief, await thief.get((await app.begin()).url), person);
    const code = (await person.authenticator?.code()) ?? '';
    return sentTo(await thief.fillAndSubmit(page, { code, trust: 'yes' }, { stopAt }));
  }
  const afterTheLastPage = () => keep(`${server.issuer('acme')}/auth/`);
  async function replaceTotpByPasskey(): Promise<void> {
    const page = await owner.get(accounts.at('add/passkey'));
    const account = await givePasskey(owner, page, createAuthenticator(server.publicUrl));
    const [remove = ''] = linksOn(account, /remove$/);
    await owner.fillAndSubmit(await owner.get(remove), {});
  }
  async function signOutElsewhere(): Promise<void> {
    await owner.fillAndSubmit(await owner.get(accounts.at('sessions/end')), {});
  }
  async function expectNothingIn(page: Page): Promise<void> {
    expect(doorOf(page)).to.equal('password');
    expect(await accounts.sessionsOf(person)).to.have.length(1);
    const devices = await accounts.db.query('select 1 from trusted_devices where user_id = $1', [
      await accounts.userId(person),
    ]);
    expect(devices).to.deep.equal([]);
  }

  it('begins again after the factors were changed', async () => {
    const kept = await keep();
    await replaceTotpByPasskey();
    await expectNothingIn(await thief.get(kept));
  });

  it('begins again after everybody else was signed out', async () => {
    const kept = await keep();
    await signOutElsewhere();
    await expectNothingIn(await thief.get(kept));
  });

  it('is asked again where its end was on the way to the app already', async () => {
    const kept = await afterTheLastPage();
    await replaceTotpByPasskey();
    const page = await thief.get(kept);
    expect(doorOf(page)).to.equal('password');
    expect(await accounts.sessionsOf(person)).to.have.length(1);
  });

  it('is asked again by the app that it was for, and its owner gets in', async () => {
    const request = await app.begin();
    const page = await givePassword(thief, await thief.get(request.url), person);
    const code = (await person.authenticator?.code()) ?? '';
    const kept = await thief.fillAndSubmit(page, { code }, { stopAt: `${server.issuer('acme')}/auth/` });
    await signOutElsewhere();
    const end = await signIn(thief, await thief.get(sentTo(kept)), person);
    expect(claimsOf(await app.finish(request, end)).acr).to.equal('mfa');
  });

  it('ends once, however often its last page is asked for at once', async () => {
    const kept = await keep();
    const pages = await Promise.all(
      Array.from({ length: 6 }, () => thief.get(kept, { stopAt: `${server.issuer('acme')}/auth/` })),
    );
    expect(new Set(pages.map((page) => sentTo(page).href)).size).to.equal(1);
    const events = await accounts.eventsOf(person);
    expect(events.filter((type) => type === 'device.trusted')).to.have.length(1);
    expect(events.filter((type) => type === 'login.succeeded')).to.have.length(2);
  });

  describe('so are refresh tokens that outlive a session', () => {
    const changes = {
      'after everybody else was signed out': signOutElsewhere,
      'after the factors were changed': replaceTotpByPasskey,
      async 'after the owner ended that session'() {
        const account = await owner.get(accounts.at());
        const [end = ''] = actionsOn(account, /sessions\/[\w-]+\/end$/);
        await owner.post(end, { csrf: csrfOn(account) }, { from: account });
      },
    };
    for (const [when, change] of Object.entries(changes)) {
      it(when, async () => {
        const { tokens } = await mobile.signIn(person, { browser: thief });
        const refreshed = await mobile.refresh(tokens);
        await change();
        expect(await refusalOf(mobile.refresh(refreshed))).to.equal('invalid_grant');
        expect(await accounts.sessionsOf(person)).to.have.length(1);
      });
    }
  });

  describe('in a browser that was trusted', () => {
    async function waived(): Promise<void> {
      await thief.get(await keep());
      for (const { name } of thief.cookies.all()) if (!name.includes('_device_')) thief.cookies.forget(name);
      const page = await givePassword(thief, await thief.get((await app.begin()).url), person);
      expect(sentTo(page).searchParams.has('code')).to.equal(true);
    }
    const silently = async (browser: UserAgent) =>
      refusalIn(await browser.get((await app.begin({ prompt: 'none' })).url));

    it('has no session any more once that is forgotten, and whoever forgot it has', async () => {
      await waived();
      expect(await silently(thief)).to.equal('a code');
      await owner.fillAndSubmit(await owner.get(accounts.at('devices/remove')), {});
      expect(await silently(thief)).to.equal('login_required');
      expect(await silently(owner)).to.equal('a code');
    });
  });
});
