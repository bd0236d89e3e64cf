// What the audit trail says of sign-ins: each outcome, with its true reason, who it was, and where they were.

import { expect } from 'chai';
import * as oidc from 'openid-client';

import { openPostgres } from '../../src/db/database-postgres.ts';
import type { Database } from '../../src/db/database.ts';
import { createUserAgent } from '../support/browser-like-client.ts';
import { eventually } from '../support/eventually.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee, Organisation } from '../support/organisation.ts';
import { CALLBACK, createApp, refusalOf, registration, sentTo } from '../support/relying-party.ts';
import type { App } from '../support/relying-party.ts';
import { runSallyport, startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { doorOf, enrol, givePassword } from '../support/sign-in.ts';
import { authenticatorFrom } from '../support/totp.ts';

interface Event {
  type: string;
  reason: string | null;
  actor_id: string | null;
  subject_id: string | null;
  address: string | null;
  user_agent: string | null;
  request_id: string | null;
  detail: Record<string, unknown> | null;
}

describe('the audit trail', () => {
  let server: Sallyport;
  let organisation: Organisation;
  let db: Database;
  let app: App;

  before(async () => {
    organisation = await createOrganisation('audit');
    server = await startSallyport({
      tenants: {
        acme: {
          name: 'Acme',
          directories: { people: organisation.directory },
          clients: { orders: registration() },
        },
      },
    });
    db = openPostgres({ url: server.databaseUrl });
    app = await createApp(server.issuer('acme'));
  });
  after(async () => {
    await db.close();
    await server.stop();
  });

  const seen = new Set<string>();
  /** Events of sign-ins since the last call, in their order. */
  async function news(): Promise<Event[]> {
    const rows = await db.query<Event & { id: string }>('select * from audit_events order by at, id');
    const fresh = rows.filter(({ id }) => !seen.has(id));
    for (const { id } of fresh) seen.add(id);
    return fresh.filter(({ type }) => !/^(configuration|token|grant)\./.test(type));
  }
  beforeEach(news);

  it('tells a first sign-in from its first step to its last', async () => {
    const kim = await organisation.addPerson('kim');
    const { claims } = await app.signIn(kim, { browser: createUserAgent({ headers: { 'user-agent': 'Teapot/1' } }) });

    const events = await news();
    expect(events.map(({ type }) => type)).to.deep.equal(['user.created', 'second_factor.enrolled', 'login.succeeded']);
    expect(events.at(-1)?.detail).to.deep.equal({ acr: 'mfa', amr: ['pwd', 'otp', 'mfa'], client: 'orders' });
    for (const event of events) {
      expect(event).to.include({ subject_id: claims.sub, user_agent: 'Teapot/1' });
      expect(event.address).to.match(/^(127\.0\.0\.1|::1)$/);
      expect(event.request_id).to.match(/^[\w-]{36}$/);
    }
  });

  it('tells why each password was refused, though the person reads the same', async () => {
    const lee = await organisation.addPerson('lee');
    const attempts = [
      { username: 'nobody-here', password: 'x' },
      { username: lee.username, password: 'wrong' },
    ];
    for (const person of attempts) {
      const browser = createUserAgent();
      await givePassword(browser, await browser.get((await app.begin()).url), person);
    }
    const told = (await news()).map(({ type, reason }) => [type, reason]);
    expect(told).to.deep.equal([
      ['login.failed', 'unknown'],
      ['login.failed', 'bad-credentials'],
    ]);
  });

  it('tells of wrong and used codes', async () => {
    const mia = await organisation.addPerson('mia');
    const browser = createUserAgent();
    const page = await browser.get((await app.begin()).url);
    await enrol(browser, await givePassword(browser, page, mia), mia);
    await news();

    const again = createUserAgent();
    const asked = await givePassword(again, await again.get((await app.begin()).url), mia);
    const wrong = await again.fillAndSubmit(asked, { code: '000000' });
    await again.fillAndSubmit(wrong, { code: 'no code' });
    const told = (await news()).map(({ type, reason, detail }) => [type, reason, detail?.factor]);
    expect(told).to.deep.equal([['second_factor.failed', 'wrong', 'totp']]);
  });

  it('tells of a user who is disabled here, and whom the right password does not help', async () => {
    const noa = await organisation.addPerson('noa');
    const { claims } = await app.signIn(noa);
    await db.query(`update users set status = 'disabled' where id = $1`, [claims.sub]);
    await news();
    const browser = createUserAgent();
    const page = await givePassword(browser, await browser.get((await app.begin()).url), noa);
    expect(page.status).to.equal(403);
    const [event] = await news();
    expect(event).to.include({ type: 'login.refused', reason: 'account-disabled', subject_id: claims.sub });
  });

  it('tells once that a login succeeded, however often its last page is loaded', async () => {
    const pia = await organisation.addPerson('pia');
    const browser = createUserAgent();
    const password = await givePassword(browser, await browser.get((await app.begin()).url), pia);
    const authenticator = authenticatorFrom(password);
    // Stops before the login goes back to the library, as a browser does that is asked to reload just then.
    const stopAt = `${server.issuer('acme')}/auth/`;
    const last = await browser.fillAndSubmit(password, { code: await authenticator.code() }, { stopAt });
    await browser.get(last.url, { stopAt });
    const left = await browser.get(last.url);
    expect(sentTo(left).searchParams.get('code')).to.be.a('string');
    const succeeded = (await news()).filter(({ type }) => type === 'login.succeeded');
    expect(succeeded).to.have.lengthOf(1);
  });

  it('tells of a client that fails to prove who it is, wherever it tries', async () => {
    const guessing = await createApp(server.issuer('acme'), { authentication: oidc.ClientSecretBasic('a guess') });
    const tries = [
      oidc.refreshTokenGrant(guessing.config, 'x'),
      oidc.tokenIntrospection(guessing.config, 'x'),
      oidc.tokenRevocation(guessing.config, 'x'),
      oidc.buildAuthorizationUrlWithPAR(guessing.config, { redirect_uri: CALLBACK }),
    ];
    for (const tried of tries) expect(await refusalOf(tried)).to.equal('invalid_client');
    const events: Event[] = [];
    await eventually('an event of each', async () => events.push(...(await news())) >= tries.length);
    expect(events.map(({ type }) => type)).to.deep.equal(tries.map(() => 'client.authentication_failed'));
    for (const event of events) expect(event).to.include({ reason: 'invalid secret provided', actor_id: 'orders' });
  });

  it('tells that an administrator’s new password ended the sessions of the old one', async () => {
    const local = (...args: string[]) =>
      runSallyport(['admin', ...args, '--tenant', 'acme', '--config', server.configFile]);
    const { output } = await local('create', 'alice');
    const alice: Employee = {
      dn: '',
      username: 'alice@local',
      password: /Password: (\S+)/.exec(output)?.[1] ?? '',
    };
    const { browser } = await app.signIn(alice);
    const halfway = createUserAgent();
    const begun = await givePassword(halfway, await halfway.get((await app.begin()).url), alice);
    expect(doorOf(begun)).to.equal('code');
    await news();

    await local('set-password', 'alice');
    const [event] = await news();
    expect(event).to.include({ type: 'password.set' });
    expect(event?.detail?.sessions).to.have.lengthOf(1);
    const silent = await browser.get((await app.begin({ prompt: 'none' })).url);
    expect(sentTo(silent).searchParams.get('error')).to.equal('login_required');
    expect(doorOf(await halfway.get(begun.url))).to.equal('password');
    const another = createUserAgent();
    const refused = await givePassword(another, await another.get((await app.begin()).url), alice);
    expect(refused.status).to.equal(401);
  });

  it('keeps neither passwords nor codes', async () => {
    const rows = await db.query<{ text: string }>('select audit_events::text as text from audit_events');
    expect(rows.length).to.be.greaterThan(10);
    const everything = rows.map(({ text }) => text).join('\n');
    expect(everything).not.to.include('000000').and.not.to.include('no code').and.not.to.include('of-audit-1234');
  });
});
