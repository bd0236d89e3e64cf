import { expect } from 'chai';

import { createUserAgent, textOf } from '../support/browser-like-client.ts';
import type { UserAgent } from '../support/browser-like-client.ts';
import { eventually } from '../support/eventually.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee, Organisation } from '../support/organisation.ts';
import { claimsOf, createApp, refusalIn, registration } from '../support/relying-party.ts';
import type { App, Wishes } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { doorOf, enrol, giveCode, givePassword, problemOn, signIn } from '../support/sign-in.ts';

/** The claims parameter of a client that insists on one of some values (OpenID Connect Core 5.5.1.1). */
function insisting(...values: string[]): Wishes {
  return { claims: JSON.stringify({ id_token: { acr: { essential: true, values } } }) };
}

const WISHES: [string, Wishes][] = [
  ['acr_values', { acr_values: 'mfa' }],
  ['acr_values, of which one is out of reach', { acr_values: 'phr mfa' }],
  ['an essential acr claim', insisting('mfa')],
  ['an essential acr claim, of which one value is out of reach', insisting('phr', 'mfa')],
];

describe('asking for more than the password', () => {
  let server: Sallyport;
  let organisation: Organisation;
  let orders: App;
  let bank: App;
  let director: Employee;
  let admins: { dn: string };
  let person: Employee;
  let people = 0;
  let browser: UserAgent;

  before(async () => {
    organisation = await createOrganisation('stepup');
    const tenant = (required: unknown) => ({
      name: 'Acme',
      policy: { secondFactors: { required }, directoryFreshness: '1s' },
      directories: { people: organisation.directory },
      clients: {
        orders: registration(),
        bank: registration({ client_name: 'Bank', minimumAcr: 'mfa' }),
        vault: registration({ client_name: 'Vault', minimumAcr: 'phr' }),
      },
    });
    director = await organisation.addPerson('director');
    admins = await organisation.addGroup('Admins', [await organisation.addGroup('directors', [director])]);
    server = await startSallyport({ tenants: { acme: tenant('never'), grouped: tenant({ groups: ['admins'] }) } });
    orders = await createApp(server.issuer('acme'));
    bank = await createApp(server.issuer('acme'), { clientId: 'bank' });
  });
  after(() => server.stop());
  beforeEach(async () => {
    browser = createUserAgent();
    person = await organisation.addPerson(`person${(people += 1)}`);
  });

  /** The person sets up an authenticator, in a browser that is forgotten. */
  async function giveThemAFactor(): Promise<void> {
    await orders.signIn(person, { wishes: { acr_values: 'mfa' } });
  }

  describe('by nobody', () => {
    it('leaves it at the password', async () => {
      const { claims } = await orders.signIn(person, { browser });
      expect(claims.acr).to.equal('sfa');
      expect(claims.amr).to.deep.equal(['pwd']);
      expect(person.authenticator).to.equal(undefined);
    });

    it('leaves it at the password of somebody who has a second factor', async () => {
      await giveThemAFactor();
      const request = await orders.begin();
      const page = await givePassword(browser, await browser.get(request.url), person);
      expect(claimsOf(await orders.finish(request, page))).to.include({ acr: 'sfa' });
    });

    it('tells of no more than was proven, and of no more than was asked', async () => {
      const weak = await orders.signIn(person, { browser, wishes: { acr_values: 'sfa mfa' } });
      expect(weak.claims.acr).to.equal('sfa');
      const unknown = await orders.signIn(person, { browser, wishes: { acr_values: 'urn:unknown:level' } });
      expect(unknown.claims.acr).to.equal('sfa');

      const strong = await orders.signIn(person, { wishes: { acr_values: 'mfa' } });
      const again = async (acr_values: string) =>
        (await orders.signIn(person, { browser: strong.browser, wishes: { acr_values } })).claims;
      expect((await again('sfa mfa')).acr).to.equal('mfa');
      expect((await again('sfa')).acr).to.equal('sfa');
      expect((await again('sfa')).amr).to.deep.equal(['pwd', 'otp', 'mfa']);
    });
  });

  describe('by the app', () => {
    for (const [how, wishes] of WISHES) {
      it(`with ${how} asks for a second factor at the first sign-in`, async () => {
        const { claims } = await orders.signIn(person, { browser, wishes });
        expect(claims.acr).to.equal('mfa');
        expect(claims.amr).to.deep.equal(['pwd', 'otp', 'mfa']);
      });

      it(`with ${how} asks a signed-in person for the code alone, and leaves auth_time`, async () => {
        await giveThemAFactor();
        const weak = await orders.signIn(person, { browser });
        await eventually('the next second', () => Date.now() / 1000 >= (weak.claims.auth_time ?? 0) + 1);

        const request = await orders.begin(wishes);
        const door = await browser.get(request.url);
        expect(doorOf(door)).to.equal('code');
        expect(textOf(door)).to.contain(`Signing in as ${person.username}.`);
        const claims = claimsOf(await orders.finish(request, await giveCode(browser, door, person)));
        const { sub, auth_time } = weak.claims;
        expect(claims).to.deep.include({ sub, auth_time, acr: 'mfa', amr: ['pwd', 'otp', 'mfa'] });
      });
    }

    it('asks somebody without a factor for the password again before one is set up', async () => {
      await orders.signIn(person, { browser });
      const request = await orders.begin({ acr_values: 'mfa' });
      const door = await browser.get(request.url);
      expect(doorOf(door)).to.equal('password');
      expect(textOf(door, '.note')).to.equal('You are signed in already. To go on, confirm that it is you.');
      const enrolment = await givePassword(browser, door, person);
      expect(doorOf(enrolment)).to.equal('enrol');
      const page = await enrol(browser, enrolment, person);
      expect(claimsOf(await orders.finish(request, page)).acr).to.equal('mfa');
    });

    it('takes a wrong code for no code', async () => {
      await giveThemAFactor();
      await orders.signIn(person, { browser });
      const door = await browser.get((await orders.begin({ acr_values: 'mfa' })).url);
      const wrong = await browser.fillAndSubmit(door, { code: person.authenticator?.wrongCode() });
      expect(wrong.status).to.equal(400);
      expect(problemOn(wrong)).to.equal('That code is not right. Check it, or use a newer one.');
      expect(refusalIn(await browser.get((await orders.begin({ acr_values: 'mfa', prompt: 'none' })).url))).to.equal(
        'unmet_authentication_requirements',
      );
    });

    it('is over once it was answered: another app gets what was proven', async () => {
      await giveThemAFactor();
      const weak = await orders.signIn(person, { browser });
      await orders.signIn(person, { browser, wishes: { acr_values: 'mfa' } });
      const request = await bank.begin({ prompt: 'none' });
      const claims = claimsOf(await bank.finish(request, await browser.get(request.url)));
      expect(claims).to.include({ acr: 'mfa', sub: weak.claims.sub });
    });

    it('signs in whoever’s password is given, and never with the former person’s proofs', async () => {
      const other = await organisation.addPerson(`other${(people += 1)}`);
      const first = await orders.signIn(person, { browser });
      const request = await orders.begin({ acr_values: 'mfa' });
      const enrolment = await givePassword(browser, await browser.get(request.url), other);
      const page = await browser.fillAndSubmit(await enrol(browser, enrolment, other));
      const claims = claimsOf(await orders.finish(request, page));
      expect(claims).to.include({ acr: 'mfa' });
      expect(claims.sub).not.to.equal(first.claims.sub);
    });

    it('can be left to somebody else, who begins with the password', async () => {
      await giveThemAFactor();
      await orders.signIn(person, { browser });
      const door = await browser.get((await orders.begin({ acr_values: 'mfa' })).url);
      expect(doorOf(await browser.click(door, 'Not you? Start over'))).to.equal('password');
    });
  });

  describe('by the client’s registration', () => {
    it('is asked although the app does not say so', async () => {
      const { claims } = await bank.signIn(person, { browser });
      expect(claims.acr).to.equal('mfa');
    });

    it('is asked of a session that another app was content with', async () => {
      await giveThemAFactor();
      await orders.signIn(person, { browser });
      expect(doorOf(await browser.get((await bank.begin()).url))).to.equal('code');
    });

    it('is not lowered by what the app asks', async () => {
      const { claims } = await bank.signIn(person, { browser, wishes: { acr_values: 'sfa' } });
      expect(claims.amr).to.deep.equal(['pwd', 'otp', 'mfa']);
    });
  });

  describe('silently', () => {
    it('errs where the session is too weak', async () => {
      await orders.signIn(person, { browser });
      for (const [how, wishes] of WISHES) {
        const page = await browser.get((await orders.begin({ ...wishes, prompt: 'none' })).url);
        expect(refusalIn(page), how).to.equal('unmet_authentication_requirements');
      }
      const registered = await browser.get((await bank.begin({ prompt: 'none' })).url);
      expect(refusalIn(registered)).to.equal('unmet_authentication_requirements');
    });
  });

  describe('that nobody here can prove', () => {
    for (const [how, wishes] of [
      ['acr_values', { acr_values: 'phr' }],
      ['an essential acr claim', insisting('phr')],
      ['an essential acr claim of an unknown value', insisting('urn:unknown:level')],
    ] as const) {
      it(`is told the app that asks with ${how}, whether somebody is signed in or not`, async () => {
        const before = await browser.get((await orders.begin(wishes)).url);
        expect(refusalIn(before)).to.equal('unmet_authentication_requirements');
        await orders.signIn(person, { browser });
        const after = await browser.get((await orders.begin(wishes)).url);
        expect(refusalIn(after)).to.equal('unmet_authentication_requirements');
      });
    }

    it('is told the app whose essential claim cannot be read, which may have asked for anything', async () => {
      const claims = JSON.stringify({ id_token: { acr: { essential: true, values: 'mfa' } } });
      expect(refusalIn(await browser.get((await orders.begin({ claims })).url))).to.equal('invalid_request');
      await orders.signIn(person, { browser });
      const { url } = await orders.begin({ claims, prompt: 'none' });
      expect(refusalIn(await browser.get(url))).to.equal('invalid_request');
    });

    it('is told an app that is registered so', async () => {
      const vault = await createApp(server.issuer('acme'), { clientId: 'vault' });
      const page = await browser.get((await vault.begin()).url);
      expect(refusalIn(page)).to.equal('unmet_authentication_requirements');
    });
  });

  describe('by the tenant, of members of a group', () => {
    let grouped: App;

    before(async () => {
      grouped = await createApp(server.issuer('grouped'));
    });

    it('asks these, nested ones included, and nobody else', async () => {
      expect((await grouped.signIn(director, { browser })).claims.acr).to.equal('mfa');
      expect((await grouped.signIn(person)).claims.acr).to.equal('sfa');
    });

    it('asks somebody who has become a member, in the session that they have', async () => {
      const { claims } = await grouped.signIn(person, { browser });
      expect(claims.acr).to.equal('sfa');
      const group = await organisation.addGroup(`unit${people}`, [person]);
      await organisation.addMember(admins, group);
      const request = await grouped.begin();
      const door = await eventually('the membership to be known', async () => {
        const page = await browser.get(request.url);
        return page.location ? undefined : page;
      });
      const page = await signIn(browser, door, person);
      expect(claimsOf(await grouped.finish(request, page)).acr).to.equal('mfa');
    });
  });

  it('ends the person’s other sessions when a factor is added by it', async () => {
    const elsewhere = await orders.signIn(person);
    await orders.signIn(person, { browser, wishes: { acr_values: 'mfa' } });
    const page = await elsewhere.browser.get((await orders.begin({ prompt: 'none' })).url);
    expect(refusalIn(page)).to.equal('login_required');
    expect(await orders.refresh(elsewhere.tokens).catch((error: unknown) => error)).to.include({
      error: 'invalid_grant',
    });
  });
});
