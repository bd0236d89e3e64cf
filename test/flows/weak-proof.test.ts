// Somebody with the password and the mailbox of a person who has an authenticator app: the mail's code signs in where the tenant
// takes it, and changes nothing about what the person owns.

import { expect } from 'chai';

import { accountsOf, linksOn } from '../support/account-steps.ts';
import type { Accounts } from '../support/account-steps.ts';
import { createUserAgent } from '../support/browser-like-client.ts';
import type { Page, UserAgent } from '../support/browser-like-client.ts';
import { startCodesSent } from '../support/codes-sent.ts';
import type { CodesSent } from '../support/codes-sent.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Organisation } from '../support/organisation.ts';
import { claimsOf, createApp, registration } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { below, choicesOn, csrfOn } from '../support/second-factor-steps.ts';
import { doorOf, enrol, giveCode, givePassword } from '../support/sign-in.ts';
import type { Person } from '../support/sign-in.ts';

describe('a code by mail of somebody who has an authenticator app', () => {
  let organisation: Organisation;
  let codes: CodesSent;
  let server: Sallyport;
  let accounts: Accounts;
  let owner: Person;
  let address: string;
  let people = 0;

  before(async () => {
    [organisation, codes] = await Promise.all([createOrganisation('weak-proof'), startCodesSent()]);
    server = await startSallyport({
      server: codes.settings,
      tenants: {
        acme: {
          name: 'Acme',
          policy: { secondFactors: { allowed: ['totp', 'passkey', 'email'] } },
          directories: { people: organisation.directory },
          clients: {
            orders: registration(),
            bank: registration({ minimumAcr: 'mfa' }),
            vault: registration({ minimumAcr: 'phr' }),
          },
        },
      },
    });
    accounts = accountsOf(server, 'acme');
  });
  after(async () => {
    await accounts.db.close();
    await Promise.all([server.stop(), codes.stop()]);
  });
  beforeEach(async () => {
    owner = await organisation.addPerson(`owner${++people}`);
    address = `${owner.username}@weak-proof.test`;
    const browser = createUserAgent();
    const page = await mailed(browser, await enter(browser, 'bank'));
    await enrol(browser, page, owner);
  });

  /** Through the first door of an app. */
  async function enter(browser: UserAgent, clientId: string): Promise<Page> {
    const { url } = await (await createApp(server.issuer('acme'), { clientId })).begin();
    return givePassword(browser, await browser.get(url), owner);
  }
  async function mailed(browser: UserAgent, page: Page): Promise<Page> {
    return browser.fillAndSubmit(page, { code: await codes.next(address) });
  }
  /** Takes the mail's code although another factor is asked for. */
  async function chooseMail(browser: UserAgent, page: Page): Promise<Page> {
    return browser.post(below(page, 'factor'), { csrf: csrfOn(page), factor: 'email' }, { from: page });
  }

  it('signs in where the tenant takes it', async () => {
    const app = await createApp(server.issuer('acme'));
    const browser = createUserAgent();
    const request = await app.begin();
    const asked = await chooseMail(browser, await givePassword(browser, await browser.get(request.url), owner));
    const tokens = await app.finish(request, await mailed(browser, asked));
    expect(claimsOf(tokens)).to.include({ acr: '2sv' });
  });

  it('adds no passkey, by which its owner would be somebody else', async () => {
    const browser = createUserAgent();
    const asked = await enter(browser, 'vault');
    expect(doorOf(asked)).to.equal('code');
    expect(asked.document.querySelector('a[href*="/factor"]')).to.equal(null);
    const still = await chooseMail(browser, asked);
    expect(choicesOn(still)).to.deep.equal([]);
    expect(codes.count(address)).to.equal(1);

    // A proof from before does not help either: the authenticator is asked for.
    const orders = await chooseMail(browser, await enter(browser, 'orders'));
    await mailed(browser, orders);
    const { url } = await (await createApp(server.issuer('acme'), { clientId: 'vault' })).begin();
    const again = await browser.get(url);
    expect(doorOf(again)).to.equal('code');
    const adding = await giveCode(browser, again, owner);
    expect(adding.document.querySelector('[data-passkey="enrol"]')).to.not.equal(null);
  });

  it('changes nothing in the account', async () => {
    const browser = createUserAgent();
    const orders = await chooseMail(browser, await enter(browser, 'orders'));
    await mailed(browser, orders);
    const [remove = ''] = linksOn(await browser.get(accounts.at()), /remove$/);
    const asked = await browser.get(remove);
    expect(doorOf(asked)).to.equal('code');
    const still = await chooseMail(browser, asked);
    expect(doorOf(still)).to.equal('code');
    expect(still.document.querySelector('.target')).to.equal(null);
    expect(await accounts.eventsOf(owner)).to.not.include('second_factor.removed');
  });
});
