import { expect } from 'chai';
import pg from 'pg';

import { createUserAgent } from '../support/browser-like-client.ts';
import type { Page, UserAgent } from '../support/browser-like-client.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee, Organisation } from '../support/organisation.ts';
import { claimsOf, createApp, registration } from '../support/relying-party.ts';
import type { App } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { doorOf, givePassword, problemOn, signIn } from '../support/sign-in.ts';
import { testSlapd } from '../support/slapd.ts';

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

  async function rows<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    const client = new pg.Client({ connectionString: server.databaseUrl });
    await client.connect();
    try {
      return (await client.query<Row>(text, values)).rows;
    } finally {
      await client.end();
    }
  }
  async function userId(): Promise<string | undefined> {
    const [user] = await rows<{ id: string }>(
      `select users.id from users join tenants t on t.id = tenant_id where username = $1 and slug = 'acme'`,
      [person.username],
    );
    return user?.id;
  }
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

  describe('while others have used up the guesses', () => {
    const guess = async (username: string, visitor = createUserAgent()) =>
      visitor.fillAndSubmit(await visitor.get((await app.begin()).url), { username, password: 'a guess' });

    /** What is left for browsers that nobody trusts: three of the four that the directory bears. */
    async function guessedBlocked(username: string): Promise<void> {
      for (let time = 0; time < 3; time++) expect((await guess(username)).status).to.equal(401);
      expect((await guess(username)).status).to.equal(429);
    }

    it('gets its owner in, time and again, and nobody else', async () => {
      await trust();
      await guessedBlocked(person.username);
      const stranger = createUserAgent();
      const door = await stranger.get((await app.begin()).url);
      expect((await givePassword(stranger, door, person)).status).to.equal(429);
      for (let time = 0; time < 2; time++) {
        const end = await afterPassword();
        expect(end.location?.searchParams.has('code')).to.equal(true);
        closeBrowser();
      }
      expect((await guess(person.username)).status, 'still').to.equal(429);
    });

    it('is no way to guess on', async () => {
      await trust();
      await guessedBlocked(person.username);
      expect((await guess(person.username, browser)).status).to.equal(401);
      const blocked = await guess(person.username, browser);
      expect(blocked.status).to.equal(429);
      expect(Number(blocked.headers.get('retry-after'))).to.be.within(880, 915);
      expect((await afterPassword()).status).to.equal(429);
    });

    it('tells nobody who exists, whatever marks they have', async () => {
      await trust();
      const other = await organisation.addPerson(`stranger${people}`);
      await app.signIn(other);
      await guessedBlocked(other.username);
      await guessedBlocked(`nobody${people}`);
      const answers = [await guess(other.username, browser), await guess(`nobody${people}`, browser)];
      expect(answers.map(({ status }) => status)).to.deep.equal([429, 429]);
      expect(new Set(answers.map(problemOn)).size).to.equal(1);
      for (const cookie of browser.cookies.all()) {
        if (cookie.name.endsWith('.sig')) browser.cookies.put({ ...cookie, value: `${cookie.value}x` });
      }
      await guessedBlocked(person.username);
      expect((await afterPassword()).status, 'with a mark that nobody signed').to.equal(429);
    });
  });

  it('is trusted no more once the password was changed in the directory', async () => {
    await trust();
    const id = await userId();
    const events = () =>
      rows(`select reason, detail from audit_events where type = 'device.forgotten' and subject_id = $1`, [id]);
    expect(await events()).to.deep.equal([]);
    const slapd = await testSlapd();
    const password = `another-of-${person.username}`;
    await slapd.modify(`dn: ${person.dn}\nchangetype: modify\nreplace: userPassword\nuserPassword: ${password}\n`);
    await slapd.modify(`dn: ${person.dn}\nchangetype: modify\ndelete: pwdReset\n`);
    person = { ...person, password };
    expect(doorOf(await afterPassword())).to.equal('code');
    expect(await events()).to.deep.equal([{ reason: 'password-changed', detail: { devices: 1 } }]);
    expect(await rows('select id from trusted_devices where user_id = $1', [id])).to.deep.equal([]);
  });

  it('is trusted again after the change', async () => {
    const slapd = await testSlapd();
    await slapd.modify(
      `dn: ${person.dn}\nchangetype: modify\nreplace: userPassword\nuserPassword: ${person.password}\n`,
    );
    await slapd.modify(`dn: ${person.dn}\nchangetype: modify\ndelete: pwdReset\n`);
    await trust();
    // As if the clocks' difference had passed since the change.
    await rows(`update trusted_devices set created_at = now() + interval '2 minutes' where user_id = $1`, [
      await userId(),
    ]);
    const end = await afterPassword();
    expect(end.location?.searchParams.has('code')).to.equal(true);
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
