import { expect } from 'chai';
import { z } from 'zod';

import { createAuthenticator } from '../support/authenticator.ts';
import { createUserAgent, textOf } from '../support/browser-like-client.ts';
import type { Page, UserAgent } from '../support/browser-like-client.ts';
import { startCodesSent } from '../support/codes-sent.ts';
import type { CodesSent } from '../support/codes-sent.ts';
import { eventually } from '../support/eventually.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee, Organisation } from '../support/organisation.ts';
import { claimsOf, createApp, registration } from '../support/relying-party.ts';
import type { App, SignInRequest } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import {
  below,
  choicesOn,
  givePasskey,
  passkeyOptionsOn,
  press,
  recoveryCodesOn,
  usePasskey,
} from '../support/second-factor-steps.ts';
import { doorOf, enrol, giveCode, givePassword, problemOn } from '../support/sign-in.ts';

describe('a second factor in a login', () => {
  let server: Sallyport;
  let organisation: Organisation;
  let codes: CodesSent;
  let person: Employee;
  let people = 0;
  let browser: UserAgent;

  before(async () => {
    [organisation, codes] = await Promise.all([createOrganisation('factors'), startCodesSent()]);
    const tenant = (allowed: string[], policy: object = {}) => ({
      name: 'Acme',
      policy: { secondFactors: { allowed }, sms: { country: 'CH' }, ...policy },
      directories: { people: organisation.directory },
      clients: { orders: registration() },
    });
    server = await startSallyport({
      server: codes.settings,
      tenants: {
        totp: tenant(['totp', 'recovery-code']),
        sms: tenant(['sms'], { sms: { country: 'CH', countries: ['CH'] } }),
        email: tenant(['email']),
        own: tenant(['email'], { trustDirectoryContacts: false }),
        passkey: tenant(['passkey']),
        several: tenant(['totp', 'sms', 'email']),
      },
    });
  });
  after(async () => {
    await Promise.all([server.stop(), codes.stop()]);
  });
  beforeEach(async () => {
    browser = createUserAgent();
    person = await organisation.addPerson(`person${(people += 1)}`);
  });

  interface Begun {
    app: App;
    request: SignInRequest;
    /** What comes after the password. */
    page: Page;
  }

  async function begin(tenant: string, wishes = {}, who = person): Promise<Begun> {
    const app = await createApp(server.issuer(tenant));
    const request = await app.begin(wishes);
    return { app, request, page: await givePassword(browser, await browser.get(request.url), who) };
  }
  async function claims({ app, request }: Begun, page: Page) {
    return claimsOf(await app.finish(request, page));
  }

  describe('by SMS', () => {
    const number = () => `+4179123${String(4000 + people)}`;

    async function addNumber(): Promise<void> {
      const begun = await begin('sms');
      const asked = await browser.fillAndSubmit(begun.page, { contact: number().replace('+41', '0') });
      expect(textOf(asked, '.target')).to.equal(number());
      const end = await browser.fillAndSubmit(asked, { code: await codes.next(number()) });
      expect(await claims(begun, end)).to.deep.include({ acr: 'mfa', amr: ['pwd', 'otp', 'sms', 'mfa'] });
    }

    it('is set up with a number that its code proves', async () => {
      const { page } = await begin('sms');
      expect(doorOf(page)).to.equal('contact');
      await addNumber();
    });

    it('is asked for at the number, which is masked', async () => {
      await addNumber();
      browser = createUserAgent();
      const begun = await begin('sms');
      expect(doorOf(begun.page)).to.equal('code');
      expect(textOf(begun.page, '.target')).to.equal(`+41 ** *** ** ${number().slice(-2)}`);
      const code = await codes.next(number());
      expect(codes.sns.published.at(-1)?.text).to.match(new RegExp(`@localhost(:\\d+)? #${code}$`));
      const wrong = await browser.fillAndSubmit(begun.page, { code: code === '000000' ? '000001' : '000000' });
      expect(wrong.status).to.equal(400);
      expect((await claims(begun, await browser.fillAndSubmit(wrong, { code }))).acr).to.equal('mfa');
    });

    it('sends another code only when its time has come, and none at a reload', async () => {
      await addNumber();
      browser = createUserAgent();
      const { page } = await begin('sms');
      await codes.next(number());
      const sent = codes.count(number());
      expect(doorOf(await press(browser, page, 'resend'))).to.equal('code');
      await browser.get(page.url);
      expect(codes.count(number())).to.equal(sent);
    });

    it('refuses what is no number, and where nothing is sent to', async () => {
      const { page } = await begin('sms');
      const malformed = await browser.fillAndSubmit(page, { contact: 'none' });
      expect(malformed.status).to.equal(400);
      const foreign = await browser.fillAndSubmit(page, { contact: '+447400123456' });
      expect(foreign.status).to.equal(400);
      expect(problemOn(foreign)).not.to.equal(problemOn(malformed));
      expect(foreign.document.querySelector('#contact')?.getAttribute('value')).to.equal('+447400123456');
    });

    it('lets the number be changed before it is proven', async () => {
      const { page } = await begin('sms');
      const asked = await browser.fillAndSubmit(page, { contact: number() });
      const link = asked.document.querySelector('a[href*="change"]')?.getAttribute('href') ?? '';
      const again = await browser.get(new URL(link, asked.url), { from: asked });
      expect(doorOf(again)).to.equal('contact');
    });

    it('says honestly when the message could not be delivered', async () => {
      codes.sns.fail((to) => (to === number() ? { status: 400, code: 'OptedOutException' } : undefined));
      const { page } = await begin('sms');
      const asked = await browser.fillAndSubmit(page, { contact: number() });
      const failed = await eventually('a page that says so', async () => {
        const reloaded = await browser.get(asked.url);
        return reloaded.document.querySelector('.sent.note') !== null && reloaded;
      });
      expect(failed.status).to.equal(200);
      codes.sns.fail(undefined);
    });
  });

  describe('by mail', () => {
    it('goes to the address that the directory vouches for', async () => {
      const begun = await begin('email');
      expect(doorOf(begun.page)).to.equal('code');
      expect(textOf(begun.page, '.target')).to.equal('p***@factors.test');
      const code = await codes.next(`${person.username}@factors.test`);
      const end = await browser.fillAndSubmit(begun.page, { code });
      expect(await claims(begun, end)).to.deep.include({ acr: '2sv', amr: ['pwd', 'otp'] });
    });

    it('goes to an address of the person’s own where the tenant does not trust the directory’s', async () => {
      const begun = await begin('own');
      expect(doorOf(begun.page)).to.equal('contact');
      const field = begun.page.document.querySelector('#contact');
      expect(field?.getAttribute('value') ?? '', 'the address in the directory').to.equal('');
      const address = `${person.username}@elsewhere.test`;
      const asked = await browser.fillAndSubmit(begun.page, { contact: address });
      const end = await browser.fillAndSubmit(asked, { code: await codes.next(address) });
      expect((await claims(begun, end)).acr).to.equal('2sv');
    });

    it('is good in its own login only', async () => {
      const first = await begin('email');
      const code = await codes.next(`${person.username}@factors.test`);
      browser = createUserAgent();
      const second = await begin('email');
      expect((await browser.fillAndSubmit(second.page, { code })).status).to.equal(400);
      expect(first.page.url.pathname).not.to.equal(second.page.url.pathname);
    });
  });

  describe('by an authenticator app, with recovery codes', () => {
    async function setUp(): Promise<string[]> {
      const begun = await begin('totp');
      const page = await enrol(browser, begun.page, person);
      expect(doorOf(page)).to.equal('enrol');
      const shown = recoveryCodesOn(page);
      expect(shown).to.have.lengthOf(10);
      expect(recoveryCodesOn(await browser.get(page.url)), 'a reload').to.deep.equal(shown);
      const file = await browser.get(below(page, 'recovery-codes.txt'));
      expect(file.headers.get('content-disposition')).to.match(/^attachment;/);
      expect(file.headers.get('content-type')).to.match(/^text\/plain/);
      expect(file.body.trim().split('\n')).to.deep.equal(shown);

      const unsaved = await browser.fillAndSubmit(page);
      expect(unsaved.status).to.equal(400);
      expect(recoveryCodesOn(unsaved)).to.deep.equal(shown);
      const end = await browser.fillAndSubmit(page, { code: 'saved' });
      expect(await claims(begun, end)).to.deep.include({ acr: 'mfa', amr: ['pwd', 'otp', 'mfa'] });
      return shown;
    }

    it('lets its owner in by a recovery code, once', async () => {
      const [code = ''] = await setUp();
      for (const status of [200, 400]) {
        browser = createUserAgent();
        const begun = await begin('totp');
        expect(doorOf(begun.page)).to.equal('code');
        const choice = await browser.get(below(begun.page, 'factor'));
        expect(choicesOn(choice)).to.deep.equal(['totp', 'recovery-code']);
        const asked = await browser.fillAndSubmit(choice, { factor: 'recovery-code' });
        const end = await browser.fillAndSubmit(asked, { code });
        if (status === 200) expect((await claims(begun, end)).acr).to.equal('mfa');
        else expect(end.status).to.equal(status);
      }
    });

    it('hands the recovery codes out no more once they are saved', async () => {
      await setUp();
      browser = createUserAgent();
      const { page } = await begin('totp');
      expect(recoveryCodesOn(await browser.get(below(page, 'recovery-codes.txt')))).to.deep.equal([]);
      expect(doorOf(await giveCode(browser, page, person))).to.equal(undefined);
    });
  });

  describe('by a passkey', () => {
    it('is set up after the password, and opens the second door from then on', async () => {
      const authenticator = createAuthenticator(server.publicUrl);
      const first = await begin('passkey');
      expect(doorOf(first.page)).to.equal('enrol');
      expect((await claims(first, await givePasskey(browser, first.page, authenticator))).acr).to.equal('phr');

      browser = createUserAgent();
      const again = await begin('passkey');
      expect(doorOf(again.page)).to.equal('passkey');
      const end = await usePasskey(browser, again.page, authenticator);
      expect(await claims(again, end)).to.deep.include({ acr: 'phr', amr: ['pwd', 'hwk', 'user', 'mfa'] });
    });

    it('is refused where it is somebody else’s', async () => {
      const [mine, theirs] = [createAuthenticator(server.publicUrl), createAuthenticator(server.publicUrl)];
      await givePasskey(browser, (await begin('passkey')).page, mine);
      const other = await organisation.addPerson(`other${people}`);
      browser = createUserAgent();
      await givePasskey(browser, (await begin('passkey', {}, other)).page, theirs);

      browser = createUserAgent();
      const { page } = await begin('passkey');
      const anybodys = { ...z.looseObject({}).parse(JSON.parse(passkeyOptionsOn(page))), allowCredentials: [] };
      const credential = theirs.assert(JSON.stringify(anybodys));
      const refused = await browser.fillAndSubmit(page, { credential }, { form: '[data-passkey]' });
      expect(refused.status).to.equal(400);
      expect(refused.location).to.equal(undefined);
    });
  });

  it('that is weaker than what is asked leads to one that is not, after it is proven', async () => {
    const begun = await begin('several', { acr_values: 'mfa' });
    expect(textOf(begun.page, '.target')).to.equal('p***@factors.test');
    const code = await codes.next(`${person.username}@factors.test`);
    const choice = await browser.fillAndSubmit(begun.page, { code });
    expect(doorOf(choice)).to.equal('enrol');
    expect(choicesOn(await browser.get(below(choice, 'factor')))).to.deep.equal(['totp', 'sms']);
    expect((await claims(begun, await enrol(browser, choice, person))).acr).to.equal('mfa');
  });
});
