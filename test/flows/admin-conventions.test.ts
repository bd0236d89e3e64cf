// What holds for every route of the admin API, over HTTP, tried on groups.

import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';

import { expect } from 'chai';

import { apiClient, apiKeyOf } from '../support/admin-http.ts';
import type { ApiAnswer, ApiClient } from '../support/admin-http.ts';
import { atOnce } from '../support/at-once.ts';
import { freePort } from '../support/ports.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';

const GROUPS = '/tenants/acme/groups';

describe('the conventions of the admin API', function () {
  this.timeout(60_000);
  let sallyport: Sallyport;
  let key: string;
  let api: ApiClient;
  let tenantHost: string;

  before(async () => {
    const port = await freePort();
    tenantHost = `globex.localhost:${String(port)}`;
    sallyport = await startSallyport({
      port,
      tenants: { acme: { name: 'Acme' }, globex: { name: 'Globex', host: tenantHost } },
    });
    key = await apiKeyOf(sallyport, 'acme');
    api = apiClient(sallyport.publicUrl, key);
  });
  after(() => sallyport.stop());

  const name = () => `group-${randomUUID()}`;
  const aGroup = (named = name()) => api(GROUPS, { json: { name: named } });

  function expectProblem({ status, headers, body }: ApiAnswer, code: string, expected: number): void {
    expect(body).to.include({ code, status: expected });
    expect(status).to.equal(expected);
    expect(headers.get('Content-Type')).to.equal('application/problem+json');
    expect(headers.get('Cache-Control')).to.equal('no-store');
    expect(body.type).to.equal(`${sallyport.publicUrl}/admin/problems/${code}`);
    expect(body.requestId).to.equal(headers.get('X-Request-Id'));
    expect(body).to.have.keys(
      ...['type', 'title', 'status', 'detail', 'code', 'requestId'],
      ...('errors' in body ? ['errors'] : []),
    );
  }

  describe('a thing', () => {
    it('is made, found where the answer says, and not sent again to whoever has it', async () => {
      const made = await aGroup();
      expect(made.status).to.equal(201);
      const location = made.headers.get('Location') ?? '';
      expect(location).to.equal(`${sallyport.publicUrl}/admin/v1${GROUPS}/${String(made.body.id)}`);
      const path = location.slice(`${sallyport.publicUrl}/admin/v1`.length);
      const found = await api(path);
      expect(found.body).to.deep.equal(made.body);
      const etag = found.headers.get('ETag') ?? '';
      expect(etag).to.equal(made.headers.get('ETag'));
      expect(await api(path, { headers: { 'If-None-Match': etag } })).to.include({ status: 304, text: '' });
      const head = await api(path, { method: 'HEAD' });
      expect(head).to.include({ status: 200, text: '' });
      expect(head.headers.get('ETag')).to.equal(etag);
    });

    it('is changed by whoever says which state that is for', async () => {
      const { body, headers } = await aGroup();
      const path = `${GROUPS}/${String(body.id)}`;
      const etag = headers.get('ETag') ?? '';
      const patch = (headers: Record<string, string>) =>
        api(path, { method: 'PATCH', json: { description: name() }, headers });
      expectProblem(await patch({}), 'precondition-required', 428);
      expectProblem(await patch({ 'If-Match': '"other"' }), 'precondition-failed', 412);
      const changed = await patch({ 'If-Match': etag, 'Content-Type': 'application/merge-patch+json' });
      expect(changed.status).to.equal(200);
      expectProblem(await patch({ 'If-Match': etag }), 'precondition-failed', 412);
      expect((await patch({ 'If-Match': changed.headers.get('ETag') ?? '' })).status).to.equal(200);
      expectProblem(await api(path, { method: 'DELETE' }), 'precondition-required', 428);
      const gone = await api(path, { method: 'DELETE', headers: { 'If-Match': '*' } });
      expect(gone).to.include({ status: 204, text: '' });
      expectProblem(await api(path), 'not-found', 404);
    });

    it('is changed by one of eight who have seen the same state', async () => {
      const { body, headers } = await aGroup();
      const answers = await atOnce(8, (number) =>
        api(`${GROUPS}/${String(body.id)}`, {
          method: 'PATCH',
          json: { description: `${String(number)} ${randomUUID()}` },
          headers: { 'If-Match': headers.get('ETag') ?? '' },
        }),
      );
      const statuses = answers.map(({ status }) => status).toSorted();
      expect(statuses).to.deep.equal([200, ...Array.from({ length: 7 }, () => 412)]);
    });
  });

  describe('a list', () => {
    const names = ({ body }: ApiAnswer) => (body.items ?? []).map((item) => String(item.name));
    const filterOf = (prefix: string) => `filter=${encodeURIComponent(`name sw "${prefix}"`)}&sort=name`;

    it('comes page by page, whatever is added meanwhile', async () => {
      const prefix = `${name()}-`;
      for (const letter of ['b', 'd', 'f', 'h', 'j']) await aGroup(prefix + letter);
      const seen: string[] = [];
      let token = '';
      for (const added of ['a', 'c', 'e']) {
        const answer = await api(`${GROUPS}?${filterOf(prefix)}&pageSize=2${token}`);
        seen.push(...names(answer).map((one) => one.slice(prefix.length)));
        const { nextPageToken } = answer.body;
        token = nextPageToken === undefined ? '' : `&pageToken=${encodeURIComponent(nextPageToken)}`;
        await aGroup(prefix + added);
      }
      expect(seen).to.deep.equal(['b', 'd', 'f', 'h', 'j']);
      expect(token).to.equal('');
    });

    it('takes no page token but its own', async () => {
      const prefix = name();
      for (const letter of ['a', 'b', 'c']) await aGroup(prefix + letter);
      const { body } = await api(`${GROUPS}?${filterOf(prefix)}&pageSize=1`);
      const token = encodeURIComponent(String(body.nextPageToken));
      expect((await api(`${GROUPS}?${filterOf(prefix)}&pageToken=${token}`)).status).to.equal(200);
      const forged = Buffer.from(JSON.stringify({ value: 'a', id: randomUUID() })).toString('base64url');
      for (const query of [
        `pageToken=${token}`,
        `${filterOf(`${prefix}b`)}&pageToken=${token}`,
        `${filterOf(prefix).replace('sort=name', 'sort=-name')}&pageToken=${token}`,
        `${filterOf(prefix)}&pageToken=${token.slice(0, -12)}AAAAAAAAAAAA`,
        `pageToken=${forged}`,
        'pageToken=',
      ]) {
        expectProblem(await api(`${GROUPS}?${query}`), 'invalid-page-token', 400);
      }
      expectProblem(await api(`/tenants/acme/roles?pageToken=${token}`), 'invalid-page-token', 400);
    });

    it('is of no more than a thousand', async () => {
      for (const size of ['1000000000', '1001', '0', '-5', '1e3', '5;drop']) {
        const answer = await api(`${GROUPS}?pageSize=${size}`);
        expectProblem(answer, 'invalid-request', 400);
        expect(answer.body.errors).to.have.nested.property('[0].parameter', 'pageSize');
      }
    });

    it('is filtered and sorted by what it allows, and by nothing that is slipped in', async () => {
      for (const filter of [
        `name eq "a' or '1'='1"`,
        `name sw "%"`,
        `name co "_"; drop table users`,
        `tenant_id eq "x"`,
        `tenantId pr`,
        `1 eq 1`,
        `name eq "a") or (1 eq 1`,
        `${'('.repeat(500)}name pr${')'.repeat(500)}`,
        `__proto__ pr`,
        `name eq "\\u0000"`,
      ]) {
        const answer = await api(`${GROUPS}?filter=${encodeURIComponent(filter)}`);
        if (answer.status === 200) expect(names(answer)).to.deep.equal([]);
        else expectProblem(answer, 'invalid-filter', 400);
      }
      for (const sort of ['name; drop table users', '-tenant_id', 'name,id', "name' --", 'lower(name)']) {
        expectProblem(await api(`${GROUPS}?sort=${encodeURIComponent(sort)}`), 'invalid-sort', 400);
      }
    });

    it('refuses a parameter that it does not know, or that is given twice', async () => {
      for (const query of ['pagesize=5', 'pageSize=5&pageSize=6', 'offset=100', '__proto__=1', 'filter[$ne]=1']) {
        expectProblem(await api(`${GROUPS}?${query}`), 'invalid-request', 400);
      }
    });
  });

  describe('a body', () => {
    it('has no members but the ones that there are', async () => {
      for (const body of [
        `{"name":"a","managedBy":"file"}`,
        `{"name":"a","__proto__":{"admin":true}}`,
        `{"name":"a","constructor":{"prototype":{"admin":true}}}`,
        `{"name":{"__proto__":[]}}`,
        `{"name":5}`,
        `{}`,
        `[]`,
        `null`,
        `"name"`,
      ]) {
        const answer = await api(GROUPS, { body });
        expectProblem(answer, 'invalid-request', 400);
        expect(answer.body.errors).to.have.nested.property('[0].pointer').that.matches(/^#/);
      }
      expectProblem(await api(GROUPS, { method: 'POST' }), 'invalid-request', 400);
    });

    it('is JSON', async () => {
      for (const body of [
        '{"name":',
        'name=a',
        '{"name":"a"}}',
        `${'['.repeat(21)}${']'.repeat(21)}`,
        '['.repeat(500_000),
      ]) {
        expectProblem(await api(GROUPS, { body }), 'invalid-json', 400);
      }
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=latin1', '']) {
        const answer = await api(GROUPS, { body: '{"name":"a"}', headers: { 'Content-Type': type } });
        expectProblem(answer, 'unsupported-media-type', 415);
      }
      const patch = { body: '{"name":"a"}', headers: { 'Content-Type': 'application/merge-patch+json' } };
      expectProblem(await api(GROUPS, patch), 'unsupported-media-type', 415);
    });

    it('may be left out of a POST where all its members may', async () => {
      const bare = await api('/tenants/acme/keys:rotate', { method: 'POST' });
      expect(bare.body.code).to.equal('wrong-state');
      const group = await api(GROUPS, { method: 'POST' });
      expectProblem(group, 'invalid-request', 400);
      expect(group.body).to.have.nested.property('errors[0].pointer', '#/name');
    });

    it('of 50 MB is refused at once, while others are served', async () => {
      const one = Buffer.alloc(1024 * 1024, ' ');
      const answerWhileSending = (headers: Record<string, string>): Promise<{ status: number; took: number }> => {
        const started = performance.now();
        const sending = request(`${sallyport.publicUrl}/admin/v1${GROUPS}`, {
          method: 'POST',
          headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json', ...headers },
        });
        sending.on('error', () => undefined);
        for (let sent = 0; sent < 50; sent++) sending.write(one);
        return new Promise((resolve) => {
          sending.once('response', (response) => {
            resolve({ status: response.statusCode ?? 0, took: performance.now() - started });
            response.resume();
            sending.destroy();
          });
        });
      };
      await api(GROUPS);
      const large: Record<string, string>[] = [
        { 'Content-Length': String(50 * one.length) },
        { 'Transfer-Encoding': 'chunked' },
      ];
      for (const headers of large) {
        const [refused, served] = await Promise.all([answerWhileSending(headers), api(GROUPS)]);
        expect(refused.status).to.equal(413);
        expect(refused.took).to.be.lessThan(100);
        expect(served.status).to.equal(200);
      }
    });
  });

  describe('an Idempotency-Key', () => {
    const post = (key: string, json: unknown) => api(GROUPS, { json, headers: { 'Idempotency-Key': key } });

    it('has the same request answered the same, and done once', async () => {
      const [once, json] = [randomUUID(), { name: name() }];
      const first = await post(once, json);
      expect(first.status).to.equal(201);
      expect(first.headers.get('Idempotent-Replayed')).to.equal(null);
      const again = await post(once, json);
      expect(again.status).to.equal(201);
      expect(again.text).to.equal(first.text);
      for (const header of ['Location', 'ETag']) expect(again.headers.get(header)).to.equal(first.headers.get(header));
      expect(again.headers.get('Idempotent-Replayed')).to.equal('true');
      expectProblem(await api(GROUPS, { json }), 'conflict', 409);
    });

    it('has one of eight at once do it, and the others its answer', async () => {
      const [once, json] = [randomUUID(), { name: name() }];
      const answers = await atOnce(8, () => post(once, json));
      expect(answers.map(({ status }) => status)).to.deep.equal(Array.from({ length: 8 }, () => 201));
      expect(new Set(answers.map((answer) => answer.text)).size).to.equal(1);
    });

    it('is not good for another request', async () => {
      const once = randomUUID();
      await post(once, { name: name() });
      expectProblem(await post(once, { name: name() }), 'idempotency-key-reused', 422);
    });

    it('keeps nothing of what was refused', async () => {
      const [once, json] = [randomUUID(), { name: name() }];
      const { body } = await aGroup(json.name);
      expectProblem(await post(once, json), 'conflict', 409);
      await api(`${GROUPS}/${String(body.id)}`, { method: 'DELETE', headers: { 'If-Match': '*' } });
      expect((await post(once, json)).status).to.equal(201);
    });

    it('is something', async () => {
      for (const bad of ['two words', 'a'.repeat(256)]) {
        expectProblem(await post(bad, { name: name() }), 'invalid-request', 400);
      }
    });
  });

  describe('an address', () => {
    const browser = { Accept: 'text/html,application/xhtml+xml' };

    it('that is none is a problem document for everybody, also a browser', async () => {
      for (const path of ['/nothing', '/', '', '/tenants/acme/nothing', '/tenants/acme/groups/', '/TENANTS']) {
        expectProblem(await api(path, { headers: browser }), 'not-found', 404);
      }
      expectProblem(await api(`${GROUPS}/${randomUUID()}`, { headers: browser }), 'not-found', 404);
      expectProblem(await api(`${GROUPS}/no-id`), 'not-found', 404);
    });

    it('says which methods it has', async () => {
      const answer = await api(GROUPS, { method: 'DELETE' });
      expectProblem(answer, 'method-not-allowed', 405);
      expect(answer.headers.get('Allow')?.split(', ')).to.have.members(['GET', 'HEAD', 'POST', 'OPTIONS']);
      const options = await api(GROUPS, { method: 'OPTIONS', headers: { Origin: 'https://elsewhere.example' } });
      expect(options.status).to.equal(204);
      expect(options.headers.get('Allow')).to.equal(answer.headers.get('Allow'));
      expect([...options.headers.keys()].filter((header) => header.startsWith('access-control'))).to.deep.equal([]);
    });

    it('asks for a token first, and says so as RFC 6750 has it', async () => {
      for (const bad of [undefined, 'sp_nobody', 'a.b.c']) {
        const answer = await apiClient(sallyport.publicUrl, bad)(GROUPS, { headers: browser });
        expectProblem(answer, 'unauthenticated', 401);
        expect(answer.headers.get('WWW-Authenticate')).to.match(/^Bearer/);
      }
    });

    it('is on the public host, and on no tenant’s own', async () => {
      const asked = request(`${sallyport.publicUrl}/admin/v1/openapi.json`, { headers: { Host: tenantHost } });
      const status = await new Promise<number>((resolve, reject) => {
        asked.once('error', reject).once('response', (response) => {
          void text(response).then(() => resolve(response.statusCode ?? 0));
        });
        asked.end();
      });
      expect(status).to.equal(404);
    });
  });

  describe('the document', () => {
    it('is there for everybody, and told from an older one', async () => {
      const open = apiClient(sallyport.publicUrl, undefined);
      const { status, headers, body } = await open('/openapi.json');
      expect(status).to.equal(200);
      expect(body.openapi).to.equal('3.1.0');
      const etag = headers.get('ETag') ?? '';
      expect(await open('/openapi.json', { headers: { 'If-None-Match': etag } })).to.include({ status: 304, text: '' });
    });
  });
});
