// What a person sees while a mail server or a gateway is down, slow or refusing, or a budget is spent: an honest page, and another
// way in. What becomes of the messages themselves is delivery-faults.test.ts's.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { expect } from 'chai';
import type { SMTPServerOptions } from 'smtp-server';

import { accountsOf } from '../support/account-steps.ts';
import type { Accounts } from '../support/account-steps.ts';
import { createUserAgent, textOf } from '../support/browser-like-client.ts';
import type { Page, UserAgent } from '../support/browser-like-client.ts';
import { eventually } from '../support/eventually.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee, Organisation } from '../support/organisation.ts';
import { claimsOf, createApp, registration } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { choicesOn } from '../support/second-factor-steps.ts';
import { doorOf, enrol, givePassword, problemOn } from '../support/sign-in.ts';
import { startSmsGateway } from '../support/sms-gateway.ts';
import type { TestSmsGateway } from '../support/sms-gateway.ts';
import { startSmtp } from '../support/smtp.ts';
import type { TestSmtp } from '../support/smtp.ts';
import { selfSignedCertificate } from '../support/tls-certificate.ts';

type MailFault = 'down' | 'slow' | 'refusing';

interface Fault {
  of: 'email' | 'sms';
  begin(): void;
  tried(): Promise<unknown>;
  /** What the page says from then on. */
  says: string;
}

const answering = (code: number) => Object.assign(new Error('not now'), { responseCode: code });

describe('a code that does not arrive', () => {
  let folder: string;
  let server: Sallyport;
  let organisation: Organisation;
  let smtp: TestSmtp;
  let gateway: TestSmsGateway;
  let accounts: Accounts;
  let mailFault: MailFault | undefined;
  /** Mails that the slow server has not gone on with. */
  const held: (() => void)[] = [];
  let person: Employee;
  let people = 0;
  let browser: UserAgent;

  const mailServer: SMTPServerOptions = {
    authOptional: false,
    onMailFrom(_address, _session, done) {
      if (mailFault === 'slow') held.push(done);
      else done(mailFault === 'down' ? answering(421) : null);
    },
    onRcptTo: (_address, _session, done) => done(mailFault === 'refusing' ? answering(550) : null),
  };

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'sallyport-undelivered-'));
    const certificate = await selfSignedCertificate();
    const caFile = path.join(folder, 'ca.pem');
    await writeFile(caFile, certificate.cert);
    [organisation, smtp, gateway] = await Promise.all([
      createOrganisation('undelivered'),
      startSmtp({ ...certificate, ...mailServer }),
      startSmsGateway(certificate),
    ]);
    const tenant = (allowed: string[], policy: object = {}) => ({
      name: 'Acme',
      policy: { secondFactors: { allowed }, sms: { country: 'CH' }, ...policy },
      directories: { people: organisation.directory },
      clients: { orders: registration() },
    });
    server = await startSallyport({
      server: {
        mail: { from: 'id@example.com', url: `smtp://mailer:secret@localhost:${smtp.port}`, caFile },
        sms: gateway.settings,
      },
      env: { NODE_EXTRA_CA_CERTS: caFile },
      tenants: {
        acme: tenant(['sms', 'email']),
        spent: tenant(['sms', 'email'], { sms: { country: 'CH', perDay: 1 } }),
        enrolling: tenant(['sms', 'totp'], { sms: { country: 'CH', perDay: 1 }, trustDirectoryContacts: false }),
      },
    });
    accounts = accountsOf(server, 'acme');
  });
  after(async () => {
    await Promise.all([server.stop(), accounts.db.close(), gateway.stop()]);
    await Promise.all([smtp.stop(), rm(folder, { recursive: true })]);
  });
  beforeEach(async () => {
    mailFault = undefined;
    gateway.answer(202);
    person = await newPerson();
  });

  afterEach(() => {
    for (const goOn of held.splice(0)) goOn();
  });

  const number = () => `+417912370${String(people).padStart(2, '0')}`;
  const address = () => `${person.username}@undelivered.test`;
  function newPerson(): Promise<Employee> {
    people += 1;
    return organisation.addPerson(`person${people}`, { telephoneNumber: number() });
  }

  const mailedCode = () =>
    eventually('a code by mail', () => {
      const mail = smtp.received.find(({ to }) => to.includes(address()));
      return /^(\d{6})\r?$/m.exec(mail?.raw ?? '')?.[1];
    });
  const textedCode = () =>
    eventually('a code by text message', () => {
      const sms = gateway.received.find(({ to }) => to === number());
      return / #(\d{6})$/.exec(sms?.text ?? '')?.[1];
    });
  const codeBy = { email: mailedCode, sms: textedCode };

  async function begin(tenant: string) {
    browser = createUserAgent();
    const app = await createApp(server.issuer(tenant));
    const request = await app.begin();
    const page = await givePassword(browser, await browser.get(request.url), person);
    const finish = async (end: Page) => claimsOf(await app.finish(request, end));
    return { page, finish };
  }
  type Finish = Awaited<ReturnType<typeof begin>>['finish'];

  /** Somebody to whom a code is sent this way. */
  async function asked(factor: 'email' | 'sms') {
    const { page, finish } = await begin('acme');
    if (factor === 'sms') return { page, finish };
    const chosen = await browser.fillAndSubmit(await otherWays(page), { factor: 'directory-email' });
    return { page: chosen, finish };
  }

  /** From the page of choices. */
  async function signInBy(factor: 'email' | 'sms', choice: Page, finish: Finish): Promise<void> {
    const page = await browser.fillAndSubmit(choice, { factor: `directory-${factor}` });
    const end = await browser.fillAndSubmit(page, { code: await codeBy[factor]() });
    expect((await finish(end)).acr).to.equal(factor === 'sms' ? 'mfa' : '2sv');
  }
  async function otherWays(page: Page): Promise<Page> {
    const link = page.document.querySelector('a[href*="/factor"]')?.getAttribute('href') ?? '';
    return browser.get(new URL(link, page.url), { from: page });
  }
  const sentence = (page: Page) => textOf(page, '.sent p');
  /** The newest message was tried, in vain. */
  const tried = () =>
    eventually('an attempt', async () => {
      const sql = 'select last_error as reason from outbox order by created_at desc limit 1';
      return (await accounts.db.one<{ reason: string | null }>(sql))?.reason ?? undefined;
    });

  it('arrives by mail over STARTTLS, where nothing is wrong', async () => {
    const { page, finish } = await asked('email');
    const end = await browser.fillAndSubmit(page, { code: await mailedCode() });
    expect((await finish(end)).acr).to.equal('2sv');
    expect(smtp.received.at(-1)).to.include({ secure: true, user: 'mailer' });
  });

  it('arrives by the HTTPS gateway, where nothing is wrong', async () => {
    const { page, finish } = await asked('sms');
    const code = await textedCode();
    expect((await finish(await browser.fillAndSubmit(page, { code }))).acr).to.equal('mfa');
    expect(gateway.received.at(-1)?.text).to.match(new RegExp(`@localhost(:\\d+)? #${code}$`));
  });

  const faults: Record<string, Fault> = {
    'the mail server is down': {
      of: 'email',
      begin: () => (mailFault = 'down'),
      tried,
      says: 'We are sending a code by e-mail to:',
    },
    'the mail server is slow': {
      of: 'email',
      begin: () => (mailFault = 'slow'),
      tried: () => eventually('a mail that hangs', () => held.length > 0),
      says: 'We are sending a code by e-mail to:',
    },
    'the mail server refuses the address': {
      of: 'email',
      begin: () => (mailFault = 'refusing'),
      tried,
      says: 'We could not send an e-mail to:',
    },
    'the gateway is down': {
      of: 'sms',
      begin: () => gateway.answer(503),
      tried,
      says: 'We are sending a code by text message to:',
    },
    'the gateway refuses the number': {
      of: 'sms',
      begin: () => gateway.answer(400),
      tried,
      says: 'We could not send a text message to:',
    },
  };
  for (const [what, fault] of Object.entries(faults)) {
    it(`is not said to be sent where ${what}, and there is another way`, async () => {
      fault.begin();
      const { page, finish } = await asked(fault.of);
      await fault.tried();
      const reloaded = await eventually('the page that says so', async () => {
        const shown = await browser.get(page.url);
        return sentence(shown) === fault.says && shown;
      });
      expect(doorOf(reloaded)).to.equal('code');
      const choice = await otherWays(reloaded);
      await signInBy(fault.of === 'email' ? 'sms' : 'email', choice, finish);
    });
  }

  describe('because the tenant has sent enough for a day', () => {
    const enough = 'Too many codes were sent today.';

    it('is told at once to who signs in, with the other ways', async () => {
      const first = await begin('spent');
      await first.finish(await browser.fillAndSubmit(first.page, { code: await textedCode() }));
      person = await newPerson();
      const { page, finish } = await begin('spent');
      expect(page.status).to.equal(429);
      expect(problemOn(page)).to.contain(enough);
      expect(choicesOn(page)).to.include('directory-email');
      await signInBy('email', page, finish);
    });

    it('is told to who sets a number up, and another factor can be', async () => {
      const first = await begin('enrolling');
      await browser.fillAndSubmit(first.page, { contact: number() });
      person = await newPerson();
      const { page, finish } = await begin('enrolling');
      const refused = await browser.fillAndSubmit(page, { contact: number() });
      expect(refused.status).to.equal(429);
      expect(problemOn(refused)).to.contain(enough);
      expect(refused.document.querySelector('#contact')?.getAttribute('value')).to.equal(number());
      const chosen = await browser.fillAndSubmit(await otherWays(refused), { factor: 'totp' });
      expect((await finish(await enrol(browser, chosen, person))).acr).to.equal('mfa');
    });
  });
});
