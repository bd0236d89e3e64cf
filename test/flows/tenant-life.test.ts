// A tenant that an administrator makes, suspends, resumes and deletes while two processes serve it.

import { readFileSync } from 'node:fs';

import { expect } from 'chai';

import { operator } from '../../src/admin/caller.ts';
import { clientMetadata } from '../../src/clients/client-metadata.ts';
import { declaredClients } from '../../src/clients/clients-postgres.ts';
import { composeAdministration } from '../../src/commands/api/administration.ts';
import { openStorage } from '../../src/compose-core.ts';
import type { Storage } from '../../src/compose-core.ts';
import { loadConfiguration } from '../../src/config.ts';
import { createLog } from '../../src/observability/log.ts';
import { eventually } from '../support/eventually.ts';
import { exchange } from '../support/http-exchange.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee } from '../support/organisation.ts';
import { CALLBACK, SECRET, createApp } from '../support/relying-party.ts';
import type { App, SignedIn } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { doorOf } from '../support/sign-in.ts';
import { testSlapd } from '../support/slapd.ts';
import { freshSlug } from '../support/tenants.ts';

const NOTICED_WITHIN_MS = 2_500;

describe('a tenant made by an administrator', () => {
  let server: Sallyport;
  let storage: Storage;
  let admin: Awaited<ReturnType<typeof composeAdministration>>;
  let ann: Employee;
  let settings: Record<string, unknown>;
  let bindPassword: string;
  let slug: string;
  let orders: App;
  let signedIn: SignedIn;

  before(async () => {
    const organisation = await createOrganisation('tenant-life');
    ann = await organisation.addPerson('ann');
    const slapd = await testSlapd();
    const { bindPassword: password, ...directory } = organisation.directory as Record<string, unknown>;
    bindPassword = String(password);
    settings = { ...directory, tls: { mode: 'starttls', ca: readFileSync(slapd.caFile, 'utf8') } };
    server = await startSallyport({ tenants: {}, processes: 2 });

    const log = createLog({ level: 'silent' });
    const loaded = loadConfiguration({ file: server.configFile, env: {} });
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    storage = await openStorage(loaded.configuration, log);
    admin = await composeAdministration(storage, loaded.configuration);
  });
  after(async () => {
    await server.stop();
    await admin.close();
    await storage.db.close();
  });

  async function call(id: string, sent: { body?: unknown; query?: Record<string, unknown> } = {}): Promise<void> {
    const route = admin.admin.routes.find((one) => one.id === id);
    const root = await admin.base.tenants.bySlug('root');
    if (!route || !root) throw new Error(`there is no route ${id}`);
    const params: Record<string, string> = route.path.includes('{tenant}') ? { tenant: slug } : {};
    await admin.admin.dispatch(route, operator(root), { params, query: {}, body: undefined, ifMatch: '*', ...sent });
  }

  /** With an app of its own that Ann has signed in to. */
  async function make(): Promise<void> {
    slug = freshSlug();
    const policy = { secondFactors: { required: 'never' } };
    const directories = [{ name: 'people', settings, bindPassword }];
    await call('createTenant', { body: { slug, name: 'Fresh', settings: { policy }, directories } });
    const tenant = await admin.base.tenants.bySlug(slug);
    const metadata = clientMetadata.parse({ redirect_uris: [CALLBACK], firstParty: true });
    await declaredClients(storage.db, storage.encryption).write(tenant?.id ?? '', 'orders', {
      metadata,
      secret: SECRET,
    });
    orders = await createApp(server.issuer(slug));
    signedIn = await orders.signIn(ann);
  }
  beforeEach(make);

  const basic = `Basic ${Buffer.from(`orders:${encodeURIComponent(SECRET)}`).toString('base64')}`;
  /** What each process answers an application, a browser and a resource server, by what is asked. */
  async function answersOf(at: number): Promise<Record<string, number>> {
    const { access_token: access } = signedIn.tokens;
    const form = {
      method: 'POST',
      headers: { authorization: basic, 'content-type': 'application/x-www-form-urlencoded' },
    };
    const ask = async (path: string, options: object = {}, fields: Record<string, string> = {}) =>
      (
        await exchange(
          new URL(server.issuer(slug) + path),
          server.urls[at],
          { method: 'GET', ...options },
          new URLSearchParams(fields).toString(),
        )
      ).status;
    const { url } = await orders.begin();
    return {
      discovery: await ask('/.well-known/openid-configuration'),
      keys: await ask('/jwks'),
      'a sign-in': await ask(url.pathname.replace(`/t/${slug}`, '') + url.search),
      'the account': await ask('/account'),
      userinfo: await ask('/me', { headers: { authorization: `Bearer ${access}` } }),
      introspection: await ask('/token/introspection', form, { token: access }),
      // Not with the token itself: as long as a process does not know yet, that would be spent.
      refreshing: await ask('/token', form, { grant_type: 'refresh_token', refresh_token: 'another' }),
    };
  }
  async function untilAll(status: number): Promise<void> {
    await eventually(
      `every process to answer ${status}`,
      async () => {
        const all = await Promise.all(server.urls.map((_, at) => answersOf(at)));
        return all.every((answers) => Object.values(answers).every((one) => one === status));
      },
      NOTICED_WITHIN_MS,
    );
  }

  /** By both processes, so that each has it at hand. */
  const untilServed = () =>
    eventually(
      'it to be served',
      async () => (await Promise.all(server.urls.map(async (_, at) => (await keysAt(at)) === 200))).every(Boolean),
      NOTICED_WITHIN_MS,
    );
  const keysAt = async (at: number) =>
    (await exchange(new URL(`${server.issuer(slug)}/jwks`), server.urls[at], { method: 'GET' })).status;

  it('is served at once', async () => {
    expect(signedIn.claims.iss).to.equal(server.issuer(slug));
    expect((await orders.userinfo(signedIn.tokens)).sub).to.equal(signedIn.claims.sub);
  });

  it('is closed to browsers, applications and resource servers while it is suspended, and goes on when it is resumed', async () => {
    await call('suspendTenant');
    await untilAll(403);
    const refused = await Promise.allSettled([orders.userinfo(signedIn.tokens), orders.refresh(signedIn.tokens)]);
    expect(refused.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected']);

    await call('resumeTenant');
    await untilServed();
    // Everything is as it was: the session, the access token and the refresh token.
    expect(doorOf(await signedIn.browser.get((await orders.begin()).url))).to.equal(undefined);
    expect((await orders.userinfo(signedIn.tokens)).sub).to.equal(signedIn.claims.sub);
    expect((await orders.refresh(signedIn.tokens)).access_token).to.be.a('string');
  });

  it('is gone from every process once it is deleted', async () => {
    await untilServed();
    await call('deleteTenant', { query: { confirm: slug, grace: '0' } });
    await untilAll(404);
  });

  it('is closed at once by a deletion that can still be withdrawn', async () => {
    await call('deleteTenant', { query: { confirm: slug } });
    await untilAll(403);
    await call('restoreTenant');
    await call('resumeTenant');
    await untilServed();
    expect((await orders.refresh(signedIn.tokens)).access_token).to.be.a('string');
  });
});
