// A change that one process makes is noticed by the others within two seconds.

import { readFile, writeFile } from 'node:fs/promises';

import { expect } from 'chai';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import type { JSONWebKeySet } from 'jose';

import { openPostgres } from '../../src/db/database-postgres.ts';
import { bumpTenant } from '../../src/db/change-feed.ts';
import type { OpenDatabase } from '../../src/db/pooled-database.ts';
import { askAsClient } from '../support/at-once.ts';
import { createUserAgent } from '../support/browser-like-client.ts';
import { eventually } from '../support/eventually.ts';
import { exchange } from '../support/http-exchange.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee, Organisation } from '../support/organisation.ts';
import { CALLBACK, createApp, refusalIn, registration } from '../support/relying-party.ts';
import type { App } from '../support/relying-party.ts';
import { runSallyport, startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { doorOf, givePassword } from '../support/sign-in.ts';

const API = 'https://api.example.com';
const NOTICED_WITHIN_MS = 2_000;

describe('a change', () => {
  let server: Sallyport;
  let organisation: Organisation;
  let ann: Employee;
  let orders: App;
  let db: OpenDatabase;

  before(async () => {
    organisation = await createOrganisation('settings');
    ann = await organisation.addPerson('ann');
    server = await startSallyport({ tenants: { acme: acme(), globex: acme() }, processes: 2 });
    orders = await createApp(server.issuer('acme'));
    db = openPostgres({ url: server.databaseUrl });
  });
  after(() => Promise.all([server.stop(), db.close()]));

  function acme({ policy = {}, redirectUri = CALLBACK, clients = {} } = {}) {
    const service = { grant_types: ['client_credentials'], redirect_uris: [], post_logout_redirect_uris: [] };
    return {
      name: 'Acme',
      policy: { secondFactors: { required: 'never' }, ...policy },
      directories: { people: organisation.directory },
      resources: { [API]: {} },
      clients: {
        orders: registration({ redirect_uris: [redirectUri] }),
        service: registration({ ...service, defaultResource: API }),
        ...clients,
      },
    };
  }
  /** What the process of this number answers for an address of the tenant. */
  function get(at: number, path: string) {
    return exchange(new URL(server.issuer('acme') + path), server.urls[at], { method: 'GET' });
  }
  const everywhere = async (check: (at: number) => Promise<boolean>) =>
    eventually(
      'every process to notice',
      async () => (await Promise.all(server.urls.map((_, at) => check(at)))).every(Boolean),
      NOTICED_WITHIN_MS,
    );
  async function versions(): Promise<unknown[]> {
    return db.query('select slug, changed_version, updated_at from tenants order by slug');
  }

  describe('of keys, by the command line,', () => {
    const keysAt = async (at: number): Promise<JSONWebKeySet> => JSON.parse((await get(at, '/jwks')).body);
    const kidsAt = async (at: number) => (await keysAt(at)).keys.map(({ kid }) => kid);
    async function tokenFrom(at: number): Promise<string> {
      const fields = { grant_type: 'client_credentials' };
      const { access_token: token } = await askAsClient(server, 'acme', {
        path: '/token',
        clientId: 'service',
        fields,
        at,
      });
      return token ?? '';
    }

    const rotate = (...members: string[]) =>
      runSallyport(['keys', 'rotate', '--tenant', 'acme', ...members, '--config', server.configFile]);

    it('is published and signs everywhere, and what was signed before is still good', async () => {
      const before = [await tokenFrom(0), await tokenFrom(1)];
      const published = await kidsAt(0);
      const { code, output } = await rotate('now:=true');
      expect(code, output).to.equal(0);

      await everywhere(async (at) => (await kidsAt(at)).length === published.length + 2);
      for (const at of [0, 1]) {
        const token = await tokenFrom(at);
        const { kid } = decodeProtectedHeader(token);
        expect(published).to.include(kid);
        expect(before.map((old) => decodeProtectedHeader(old).kid)).not.to.include(kid);
        for (const one of [...before, token])
          await jwtVerify(one, createLocalJWKSet(await keysAt(at)), { audience: API });
      }
      expect(await kidsAt(0)).to.deep.equal(await kidsAt(1));
    });

    it('waits until relying parties have seen the next one, unless told', async () => {
      const published = await kidsAt(0);
      const { code, output } = await rotate();
      expect(code).to.equal(4);
      expect(output).to.include('wrong-state');
      expect(await kidsAt(0)).to.deep.equal(published);
    });
  });

  describe('of the configuration file, by a process that starts on it,', () => {
    const MOVED = 'https://app.example.com/moved';

    it('is served by those that run already', async () => {
      const { url } = await orders.begin({ redirect_uri: MOVED });
      expect((await createUserAgent().get(url)).status).to.equal(400);

      const settings = JSON.parse(await readFile(server.configFile, 'utf8'));
      const policy = { secondFactors: { required: 'always' } };
      const clients = { newcomer: registration({ client_name: 'Newcomer' }) };
      settings.tenants.acme = acme({ policy, redirectUri: MOVED, clients });
      await writeFile(server.configFile, JSON.stringify(settings));
      await server.startAnother();

      const statusOf = async (at: number, address: URL) =>
        (await createUserAgent(server.through(at)).get(address)).status;
      await everywhere(async (at) => (await statusOf(at, url)) === 200);
      const former = (await orders.begin()).url;
      for (const at of [0, 1, 2]) expect(await statusOf(at, former)).to.equal(400);
      const newcomer = await createApp(server.issuer('acme'), { clientId: 'newcomer' });
      await everywhere(async (at) => {
        const browser = createUserAgent(server.through(at));
        return doorOf(await givePassword(browser, await browser.get((await newcomer.begin()).url), ann)) === 'enrol';
      });
    });

    it('leaves another tenant as it is', async () => {
      const globex = await createApp(server.issuer('globex'));
      const { page } = await globex.signIn(ann);
      expect(refusalIn(page)).to.equal('a code');
    });

    it('is none when nothing has changed', async () => {
      const before = await versions();
      await server.startAnother();
      expect(await versions()).to.deep.equal(before);
    });
  });

  it('of a tenant’s status shuts it everywhere, and opens it again', async () => {
    async function setStatus(status: string): Promise<void> {
      await db.unitOfWork(async () => {
        const tenant = await db.one<{ id: string }>(`update tenants set status = $1 where slug = 'acme' returning id`, [
          status,
        ]);
        await bumpTenant(db, tenant?.id ?? '');
      });
    }
    const statusAt = async (at: number) => (await get(at, '/.well-known/openid-configuration')).status;
    await setStatus('suspended');
    await everywhere(async (at) => (await statusAt(at)) === 403);
    const { body } = await get(0, '/auth?client_id=orders');
    expect(body).to.include('tenant_suspended');
    await setStatus('active');
    await everywhere(async (at) => (await statusAt(at)) === 200);
  });
});
