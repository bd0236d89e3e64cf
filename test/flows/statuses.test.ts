// Whoever is not active gets in by no way, and what they had is good no more: the status alone decides that, whatever else was done
// to the account.

import { expect } from 'chai';
import * as oidc from 'openid-client';

import { accountsOf } from '../support/account-steps.ts';
import type { Accounts } from '../support/account-steps.ts';
import { createAuthenticator } from '../support/authenticator.ts';
import type { Authenticator } from '../support/authenticator.ts';
import { createUserAgent } from '../support/browser-like-client.ts';
import type { Page, UserAgent } from '../support/browser-like-client.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee, Organisation } from '../support/organisation.ts';
import { claimsOf, createApp, refusalIn, refusalOf, registration } from '../support/relying-party.ts';
import type { App, SignInRequest, Tokens } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { givePasskey, usePasskey } from '../support/second-factor-steps.ts';
import { doorOf, givePassword } from '../support/sign-in.ts';

const STATUSES = ['pending', 'complete', 'disabled', 'rejected'] as const;

describe('somebody who is not active', () => {
  let server: Sallyport;
  let organisation: Organisation;
  let accounts: Accounts;
  let app: App;
  let person: Employee;
  let authenticator: Authenticator;
  let browser: UserAgent;
  let tokens: Tokens;
  let people = 0;

  before(async () => {
    organisation = await createOrganisation('statuses');
    server = await startSallyport({
      tenants: {
        acme: {
          name: 'Acme',
          policy: { secondFactors: { allowed: ['passkey'] } },
          directories: { people: organisation.directory },
          clients: { orders: registration() },
        },
      },
    });
    accounts = accountsOf(server, 'acme');
    app = await createApp(server.issuer('acme'));
  });
  after(async () => {
    await Promise.all([server.stop(), accounts.db.close()]);
  });

  beforeEach(async () => {
    person = await organisation.addPerson(`person${(people += 1)}`);
    authenticator = createAuthenticator(server.publicUrl);
    browser = createUserAgent();
    const { request, page } = await begin(browser);
    tokens = await app.finish(
      request,
      await givePasskey(browser, await givePassword(browser, page, person), authenticator),
    );
  });

  async function begin(by: UserAgent): Promise<{ request: SignInRequest; page: Page }> {
    const request = await app.begin();
    return { request, page: await by.get(request.url) };
  }
  const become = async (status: string) =>
    accounts.db.query('update users set status = $2 where id = $1', [await accounts.userId(person), status]);

  for (const status of STATUSES) {
    it(`but ${status}, is not let in by password or passkey, nor half-way through`, async () => {
      const underway = createUserAgent();
      const halfWay = await givePassword(underway, (await begin(underway)).page, person);
      expect(doorOf(halfWay)).to.equal('passkey');
      await become(status);
      const answers = [await usePasskey(underway, halfWay, authenticator)];
      for (const give of [givePassword, usePasskey]) {
        const anew = createUserAgent();
        const { page } = await begin(anew);
        answers.push(
          give === givePassword ? await givePassword(anew, page, person) : await usePasskey(anew, page, authenticator),
        );
      }
      expect(answers.map((answer) => answer.status)).to.deep.equal([403, 403, 403]);
      for (const answer of answers) expect(answer.location).to.equal(undefined);
    });

    it(`but ${status}, refreshes nothing, is told nothing about, and has no session to go on with`, async () => {
      expect(await app.userinfo(tokens)).to.include({ sub: claimsOf(tokens).sub });
      const silent = async () => refusalIn(await browser.get((await app.begin({ prompt: 'none' })).url));
      expect(await silent()).to.equal('a code');
      await become(status);
      expect(await refusalOf(app.userinfo(tokens))).to.equal('invalid_token');
      expect(await oidc.tokenIntrospection(app.config, tokens.access_token)).to.deep.equal({ active: false });
      expect(await silent()).to.equal('login_required');
      expect(await refusalOf(app.refresh(tokens))).to.equal('invalid_grant');
    });
  }
});
