// A serving process from its start to its end, as an orchestrator sees it: what it refuses to start on, how it says that it is
// well, and how it goes.

import { readFile, writeFile } from 'node:fs/promises';

import { expect } from 'chai';
import { Redis } from 'ioredis';

import { askAsClient } from '../support/at-once.ts';
import { createUserAgent } from '../support/browser-like-client.ts';
import { eventually } from '../support/eventually.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee } from '../support/organisation.ts';
import { freePort } from '../support/ports.ts';
import { emptyDatabaseUrl } from '../support/postgres.ts';
import { startRedis } from '../support/redis.ts';
import type { TestRedis } from '../support/redis.ts';
import { createApp, refusalIn, registration } from '../support/relying-party.ts';
import { runSallyport, startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';
import { startSlapd } from '../support/slapd.ts';
import type { TestSlapd } from '../support/slapd.ts';

const SERVICE = { grant_types: ['client_credentials'], redirect_uris: [], post_logout_redirect_uris: [] };

describe('a serving process', () => {
  let server: Sallyport;
  let redis: TestRedis;
  let slapd: TestSlapd;
  let ann: Employee;
  let ops: string;

  before(async () => {
    [redis, slapd] = await Promise.all([startRedis(), startSlapd()]);
    const organisation = await createOrganisation('serving', {}, slapd);
    ann = await organisation.addPerson('ann');
    const opsPort = await freePort();
    ops = `http://localhost:${opsPort}`;
    server = await startSallyport({
      tenants: {
        acme: {
          name: 'Acme',
          policy: { secondFactors: { required: 'never' } },
          directories: { people: organisation.directory },
          clients: { orders: registration(), service: registration(SERVICE) },
        },
      },
      server: { redisUrl: redis.url, opsListen: { host: 'localhost', port: opsPort }, shutdownGrace: '5s' },
    });
  });
  after(() => server.stop());

  describe('does not start', () => {
    async function startWith(changes: object, environment: Record<string, string> = {}) {
      const settings = JSON.parse(await readFile(server.configFile, 'utf8'));
      const file = `${server.configFile}.changed`;
      await writeFile(file, JSON.stringify({ ...settings, opsListen: undefined, ...changes }));
      return runSallyport(['serve', '--config', file], { PORT: String(await freePort()), ...environment });
    }

    it('before the migrations, and says which', async () => {
      const { code, output } = await startWith({ databaseUrl: await emptyDatabaseUrl() });
      expect(output).to.match(/The database lacks 0001_tenants\.ts, .*Run "sallyport migrate" first\./);
      expect(code).to.equal(1);
    });

    it('with another encryption key, and says which', async () => {
      const keys = [{ id: 'test', secret: 'quite another secret, long enough to be one' }];
      const { code, output } = await startWith({ encryption: { keys } });
      expect(output).to.include('the secret of encryption key test is not the one');
      expect(code).to.equal(1);
    });

    it('on a port that is taken, and says which', async () => {
      const { port } = new URL(server.publicUrl);
      const taken = await startWith({}, { PORT: port, SALLYPORT_LISTEN_HOST: 'localhost' });
      expect(taken.output)
        .to.include(`Cannot listen on localhost, port ${port}.`)
        .and.not.match(/^\s+at /m);
      expect(taken.code).to.equal(1);
      const opsListen = { host: 'localhost', port: Number(new URL(ops).port) };
      expect(await startWith({ opsListen })).to.include({ code: 1 });
    });
  });

  describe('tells', () => {
    const probe = async (path: string): Promise<{ status: number; body: unknown }> => {
      const answer = await fetch(ops + path);
      return { status: answer.status, body: await answer.json() };
    };

    it('that it is well, on a port of its own', async () => {
      expect(await probe('/livez')).to.deep.equal({ status: 200, body: { status: 'alive' } });
      const checks = { database: 'ok', 'ephemeral-store': 'ok' };
      expect(await probe('/readyz')).to.deep.equal({ status: 200, body: { status: 'ready', checks } });
      for (const path of ['/livez', '/readyz', '/metrics']) {
        expect((await fetch(server.publicUrl + path)).status, path).to.equal(404);
      }
      expect((await fetch(`${ops}/t/acme/.well-known/openid-configuration`)).status).to.equal(404);
    });

    it('what it lacks while Redis is away, and is well again by itself', async () => {
      await redis.stop();
      const checks = { database: 'ok', 'ephemeral-store': 'failed' };
      expect(await probe('/readyz')).to.deep.equal({ status: 503, body: { status: 'unavailable', checks } });
      expect(await probe('/livez')).to.include({ status: 200 });
      await redis.start();
      await eventually('to be ready again', async () => (await probe('/readyz')).status === 200, 5_000);
    });

    it('what it did, under the names that dashboards rely on', async () => {
      const orders = await createApp(server.issuer('acme'));
      await orders.signIn(ann);
      const metrics = await (await fetch(`${ops}/metrics`)).text();
      for (const series of [
        'sallyport_logins_total{tenant="acme",outcome="succeeded",factor="password"} 1',
        `sallyport_directory_seconds_count{server="${new URL(slapd.url).host}",operation="bind",ok="true"} \\d+`,
        'sallyport_token_grants_total{tenant="acme",grant_type="authorization_code",outcome="granted"} 1',
        'sallyport_pool_connections{pool="database",state="free"} \\d+',
        'sallyport_http_request_seconds_count{route="oidc/token",method="POST",status="200"} 1',
        'nodejs_eventloop_lag_mean_seconds [\\d.e-]+',
      ]) {
        expect(metrics).to.match(new RegExp(`^${series.replace(/[{}]/g, '\\$&')}$`, 'm'));
      }
    });
  });

  describe('ends at SIGTERM', () => {
    it('with no answer refused or broken off, beside another that goes on', async () => {
      const other = await server.startAnother({ SALLYPORT_OPS_LISTEN_PORT: String(await freePort()) });
      const orders = await createApp(server.issuer('acme'));
      const { browser } = await orders.signIn(ann);
      const statuses: number[] = [];
      let over = false;
      const leaving = server.processes[1];
      if (!leaving) throw new Error('there is no second process');

      /** As a balancer does it: whom the one does not accept any more, or resets before it has, goes to the other. */
      async function askEither<T>(ask: (at: number) => Promise<T>): Promise<T> {
        const at = statuses.length % 2;
        return ask(at).catch((error: unknown) => {
          const isClosing =
            error instanceof Error && 'code' in error && /^ECONN(REFUSED|RESET)$/.test(String(error.code));
          if (isClosing && at === 1) return ask(0);
          throw error;
        });
      }
      async function visit(): Promise<number> {
        const { url } = await orders.begin({ prompt: 'none' });
        const page = await askEither((at) =>
          createUserAgent({ cookies: browser.cookies, ...server.through(at) }).get(url),
        );
        return refusalIn(page) === 'a code' ? 200 : 500;
      }
      async function token(): Promise<number> {
        const fields = { grant_type: 'client_credentials' };
        const request = { path: '/token', clientId: 'service', fields };
        return (await askEither((at) => askAsClient(server, 'acme', { ...request, at }))).status;
      }
      async function keepAsking(ask: () => Promise<number>): Promise<void> {
        while (!over) statuses.push(await ask());
      }
      const load = [keepAsking(visit), keepAsking(token), keepAsking(token)];
      await eventually('some load', () => statuses.length > 20);
      const begun = statuses.length;
      leaving.signal('SIGTERM');
      const code = await leaving.exited;
      const asked = statuses.length;
      await eventually('more load', () => statuses.length > asked + 20);
      over = true;
      await Promise.all(load);
      expect(code).to.equal(0);
      expect(asked).to.be.greaterThan(begun);
      expect(statuses.filter((status) => status !== 200)).to.deep.equal([]);
      expect(await fetch(other).catch(() => 'gone')).to.equal('gone');
    });

    it('after what had begun: a password that the directory takes its time for', async () => {
      const orders = await createApp(server.issuer('acme'));
      const browser = createUserAgent();
      const door = await browser.get((await orders.begin()).url);
      await slapd.pause();
      const { username, password } = ann;
      const answer = browser.fillAndSubmit(door, { username, password }, { stopAt: server.publicUrl });
      await eventually('the form to be judged', async () => (await keysIn(redis.url, '*login-turn:*')) > 0);
      const [leaving] = server.processes;
      if (!leaving) throw new Error('there is no process');
      leaving.signal('SIGTERM');
      await eventually('the end to begin', async () => (await fetch(`${ops}/readyz`)).status === 503);
      slapd.resume();
      expect((await answer).status).to.equal(303);
      const answered = Date.now();
      expect(await leaving.exited).to.equal(0);
      expect(Date.now() - answered).to.be.lessThan(4_000);
    });
  });
});

async function keysIn(redisUrl: string, pattern: string): Promise<number> {
  const client = new Redis(redisUrl);
  const keys = await client.keys(pattern);
  client.disconnect();
  return keys.length;
}
