import { fileURLToPath } from 'node:url';

import { expect } from 'chai';
import { z } from 'zod';

import { apiClient } from '../support/admin-http.ts';
import { createUserAgent, textOf } from '../support/browser-like-client.ts';
import type { Page, UserAgent } from '../support/browser-like-client.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/ports.ts';
import { startProcess } from '../support/processes.ts';
import type { TestProcess } from '../support/processes.ts';
import { doorOf, givePassword, problemOn, signIn } from '../support/sign-in.ts';
import type { Person } from '../support/sign-in.ts';
import { createAuthenticator } from '../support/totp.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

const facts = z.object({
  issuers: z.record(z.string(), z.url()),
  app: z.url(),
  inbox: z.url(),
  admin: z.object({ docs: z.url(), apiKey: z.string() }),
  users: z.array(
    z.object({
      tenant: z.string(),
      username: z.string(),
      password: z.string(),
      totpSecret: z.string().optional(),
    }),
  ),
});

const messages = z.array(
  z.object({
    to: z.string(),
    subject: z.string().optional(),
    text: z.string(),
    copyable: z.array(z.object({ kind: z.string(), value: z.string() })),
  }),
);

describe('the demo, with everything embedded', () => {
  let demo: TestProcess;
  let told: z.infer<typeof facts>;
  let browser: UserAgent;

  before(async () => {
    const [port, appPort] = [await freePort(), await freePort()];
    demo = await startProcess(process.execPath, [MAIN, 'demo', '--json'], {
      ready: /^\{.*"issuers".*\}$/m,
      env: { PORT: `${port}`, DEMO_APP_PORT: `${appPort}` },
    });
    told = facts.parse(JSON.parse(/^\{.*"issuers".*\}$/m.exec(demo.output())?.[0] ?? ''));
    expect(told.issuers).to.deep.equal({
      acme: `http://localhost:${port}/t/acme`,
      globex: `http://localhost:${port}/t/globex`,
    });
    expect(told.app).to.equal(`http://localhost:${appPort}`);
  });
  after(() => demo.stop());
  beforeEach(() => {
    browser = createUserAgent();
  });

  function person(tenant: string, username: string): Person {
    const user = told.users.find((one) => one.tenant === tenant && one.username === username);
    if (!user) throw new Error(`the demo tells of no ${username} at ${tenant}`);
    const { password, totpSecret: secret } = user;
    return { username, password, ...(secret !== undefined && { authenticator: createAuthenticator({ secret }) }) };
  }
  /** From an app of the demo to the provider's first page. */
  async function door(app: string): Promise<Page> {
    return browser.click(await browser.get(`${told.app}/${app}`), 'Sign in');
  }
  async function inbox(): Promise<z.infer<typeof messages>> {
    return messages.parse(JSON.parse((await browser.get(`${told.inbox}.json`)).body));
  }
  function claimOn(page: Page, name: string, caption = 'Claims of the ID token'): string | undefined {
    const table = page.document.querySelectorAll('table').find((one) => one.querySelector('caption')?.text === caption);
    const row = table?.querySelectorAll('tbody tr').find((one) => one.querySelector('th')?.text === name);
    return row?.querySelector('td')?.text;
  }

  it('signs tom in with his code, refreshes, and signs him out', async () => {
    const page = await signIn(browser, await door('acme/orders'), person('acme', 'tom'));
    expect(textOf(page, 'h1')).to.equal('Hello Tom Tanaka');
    expect(claimOn(page, 'iss')).to.equal(told.issuers.acme);
    expect(claimOn(page, 'acr')).to.equal('mfa');
    expect(claimOn(page, 'amr')).to.equal('pwd, otp, mfa');
    expect(claimOn(page, 'groups')).to.equal('admins, finance, managers, staff');
    expect(claimOn(page, 'roles')).to.equal('administrator, staff');
    expect(claimOn(page, 'email', 'Answer of the userinfo endpoint')).to.equal('tom@acme.test');

    const refreshed = await browser.click(page, 'Refresh');
    expect(textOf(refreshed, '.note')).to.contain('Refreshed');
    expect(claimOn(refreshed, 'sub')).to.equal(claimOn(page, 'sub'));

    const done = await browser.fillAndSubmit(await browser.click(refreshed, 'Sign out'));
    expect(done.url.href).to.equal(`${told.app}/acme/orders`);
    expect(textOf(done)).to.contain('You are not signed in.');
    expect(doorOf(await browser.click(done, 'Sign in'))).to.equal('password');
  });

  it('lets ann set up a second step, tells her by mail, and asks before another app sees her', async () => {
    const ann = person('acme', 'ann');
    const page = await signIn(browser, await door('acme/orders'), ann);
    expect(textOf(page, 'h1')).to.equal('Hello Ann Anderson');
    expect(claimOn(page, 'roles')).to.equal('engineer, staff');

    const subjects = await eventually('the mails about it', async () => {
      const mails = (await inbox()).filter(({ to }) => to === 'ann@acme.test');
      return mails.length === 2 ? mails.map(({ subject = '' }) => subject).sort() : undefined;
    });
    expect(subjects).to.deep.equal([
      'A second step was added to your account at Acme',
      'There are new recovery codes for your account at Acme',
    ]);
    for (const subject of subjects) expect(textOf(await browser.get(told.inbox))).to.contain(subject);

    const consent = await door('acme/wiki');
    expect(textOf(consent, 'h1')).to.equal('Allow Wiki to use your account?');
    const atWiki = await browser.click(consent, 'Allow');
    expect(claimOn(atWiki, 'aud')).to.equal('wiki');
    expect(claimOn(atWiki, 'sub')).to.equal(claimOn(page, 'sub'));
  });

  it('tells lou no more than that name and password do not match', async () => {
    const page = await givePassword(browser, await door('acme/orders'), person('acme', 'lou'));
    expect(page.status).to.equal(401);
    expect(problemOn(page)).to.equal('That user name and password do not match. Check both.');
  });

  it('tells max to change his password', async () => {
    const page = await givePassword(browser, await door('acme/orders'), person('acme', 'max'));
    expect(textOf(page, 'h1')).to.equal('Your password must be changed');
  });

  it('sends gail a code, and asks gus for the password alone', async () => {
    const asked = await givePassword(browser, await door('globex/orders'), person('globex', 'gail'));
    expect(textOf(asked)).to.contain('+1 *** *** **20');
    const code = await eventually('the text message', async () => {
      const sms = (await inbox()).find(({ to }) => to === '+12025550120');
      return sms?.copyable.map(({ value }) => value).join();
    });
    const page = await browser.fillAndSubmit(asked, { code });
    expect(claimOn(page, 'acr')).to.equal('mfa');
    expect(claimOn(page, 'amr')).to.equal('pwd, otp, sms, mfa');

    browser = createUserAgent();
    const atOnce = await givePassword(browser, await door('globex/orders'), person('globex', 'gus'));
    expect(textOf(atOnce, 'h1')).to.equal('Hello Gus Grønland');
    expect(claimOn(atOnce, 'acr')).to.equal('sfa');
  });

  it('lets the administrator in, whose account lives here', async () => {
    const page = await signIn(browser, await door('acme/orders'), person('acme', 'admin@local'));
    expect(claimOn(page, 'roles')).to.equal('administrator, staff');
  });

  it('shows whoever administers it the API, and lets them in by its key', async () => {
    const docs = await browser.get(told.admin.docs);
    expect(docs.status).to.equal(200);
    expect(textOf(docs, 'title')).to.equal('Sallyport admin API');
    const api = apiClient(new URL(told.admin.docs).origin, told.admin.apiKey);
    const { body } = await api('/tenants?sort=slug');
    expect(body.items?.map(({ slug }) => slug)).to.deep.equal(['acme', 'globex', 'root']);
    const made = await api('/tenants/acme/users', { json: { userName: 'bob' } });
    expect(made.status, made.text).to.equal(201);
  });

  it('ends at SIGTERM, without a word of complaint', async () => {
    demo.signal('SIGTERM');
    expect(await demo.exited).to.equal(0);
    expect(demo.output().trim().split('\n').length, demo.output()).to.equal(1);
    expect(await fetch(told.app).catch(() => 'gone')).to.equal('gone');
  });
});
