// What one caller of the admin API cannot do to others, nor go on doing after it was taken from them.

import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import type { ClientRequest } from 'node:http';

import { expect } from 'chai';

import { apiClient, apiKeyOf } from '../support/admin-http.ts';
import type { ApiClient } from '../support/admin-http.ts';
import { atOnce } from '../support/at-once.ts';
import { eventually } from '../support/eventually.ts';
import { createApp, registration } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';

const PASSWORD = 'a long password of the tests';
const IMPORT = '/tenants/acme/users:import';

describe('the limits of the admin API over HTTP', function () {
  this.timeout(60_000);
  let server: Sallyport;
  let api: ApiClient;
  let key: string;
  let globex: ApiClient;

  before(async () => {
    const policy = { secondFactors: { required: 'never' } };
    const parts = { policy, clients: { orders: registration() } };
    server = await startSallyport({
      tenants: { acme: { name: 'Acme', ...parts }, globex: { name: 'Globex', ...parts } },
    });
    key = await apiKeyOf(server, 'acme');
    api = apiClient(server.publicUrl, key);
    globex = apiClient(server.publicUrl, await apiKeyOf(server, 'globex'));
    const made = await globex('/tenants/globex/users', { json: { userName: 'gus', password: PASSWORD } });
    expect(made.status).to.equal(201);
  });
  after(() => server.stop());

  for (const [how, headersOf] of [
    ['one after the other', () => ({})],
    ['each to be done once', () => ({ 'Idempotency-Key': randomUUID() })],
  ] as const) {
    it(`have others sign in and be answered while a program makes users without end, ${how}`, async () => {
      const flooding = { goesOn: true };
      const statuses = new Set<number>();
      const maker = apiClient(server.publicUrl, await apiKeyOf(server, 'acme', ['users:write']));
      const flood = atOnce(24, async () => {
        while (flooding.goesOn) {
          const json = { userName: randomUUID(), password: PASSWORD };
          const answer = await maker('/tenants/acme/users', { json, headers: headersOf() });
          statuses.add(answer.status);
          if (answer.status !== 429) continue;
          expect(answer.headers.get('Retry-After')).to.equal('1');
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      });
      try {
        await eventually('the flood is there', () => statuses.has(201) && statuses.has(429), 3000);
        const app = await createApp(server.issuer('globex'));
        for (let time = 0; time < 2; time++) {
          expect((await globex('/tenants/globex/users')).status).to.equal(200);
          const { claims } = await app.signIn({ username: 'gus', password: PASSWORD });
          expect(claims.sub).to.be.a('string');
        }
      } finally {
        flooding.goesOn = false;
        await flood;
      }
      expect([...statuses].toSorted()).to.deep.equal([201, 429]);
    });
  }

  interface Importing {
    sent: ClientRequest;
    lines: () => string[];
    status: () => Promise<number>;
  }

  /** An import that goes on until it is ended. */
  function importing(asker = key): Importing {
    const headers = { Authorization: `Bearer ${asker}`, 'Content-Type': 'application/x-ndjson' };
    const sent = request(`${server.publicUrl}/admin/v1${IMPORT}`, { method: 'POST', headers });
    let [status, text] = [0, ''];
    sent.on('response', (response) => {
      status = response.statusCode ?? 0;
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('error', () => undefined);
    });
    sent.on('error', () => undefined);
    sent.write(rows(1));
    const lines = () => text.trim().split('\n');
    return { sent, lines, status: () => eventually('an answer', () => status > 0 && status) };
  }

  const rows = (count: number) =>
    Array.from({ length: count }, () => `${JSON.stringify({ userName: randomUUID() })}\n`).join('');

  it('have two imports of a tenant go on at once, and a third when one is done', async () => {
    const [one, two] = [importing(), importing()];
    expect([await one.status(), await two.status()]).to.deep.equal([200, 200]);
    const third = importing();
    expect(await third.status()).to.equal(429);
    third.sent.destroy();
    one.sent.end();
    await eventually('the first is done', () => one.lines().at(-1)?.includes('summary'));
    const fourth = importing();
    expect(await fourth.status()).to.equal(200);
    two.sent.destroy();
    fourth.sent.destroy();
    await eventually('the places of those who have gone', async () => {
      const next = importing();
      next.sent.end();
      return (await next.status()) === 200;
    });
  });

  it('have a key that is taken away import no further, and say so', async () => {
    const made = await api('/tenants/acme/api-keys', { json: { name: randomUUID(), permissions: ['users:write'] } });
    const { sent, lines, status } = importing(String(made.body.key));
    expect(await status()).to.equal(200);
    sent.write(rows(200));
    await eventually('the first batch', () => lines().length > 200);
    const path = `/tenants/acme/api-keys/${String(made.body.id)}`;
    expect((await api(path, { method: 'DELETE', headers: { 'If-Match': '*' } })).status).to.equal(204);
    sent.end(rows(300));
    await eventually('the last line', () => lines().at(-1)?.includes('error'));
    expect(lines()).to.have.lengthOf(202);
    expect(JSON.parse(lines().at(-1) ?? '')).to.deep.nested.include({
      'error.code': 'permission-denied',
      'error.nextRow': 201,
    });
  });

  it('have nothing exported by a HEAD', async () => {
    for (const [path, type] of [
      ['users:export', 'users.exported'],
      ['audit-events:export', 'audit.exported'],
    ] as const) {
      const head = await api(`/tenants/acme/${path}`, { method: 'HEAD' });
      expect(head).to.include({ status: 405, text: '' });
      expect(head.headers.get('Allow')).to.equal('GET, OPTIONS');
      const filter = encodeURIComponent(`type eq "${type}"`);
      expect((await api(`/tenants/acme/audit-events?filter=${filter}`)).body.items).to.deep.equal([]);
    }
  });
});
