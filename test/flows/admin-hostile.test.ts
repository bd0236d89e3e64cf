// What nobody would send by mistake, to every route of the admin API: refused with a problem document, soon, and while others are
// served.

import { expect } from 'chai';

import { apiClient, apiKeyOf } from '../support/admin-http.ts';
import type { ApiClient } from '../support/admin-http.ts';
import { fill, idsOf, pathOf } from '../support/admin-things.ts';
import type { Ids, Listed } from '../support/admin-things.ts';
import { operationsOf } from '../support/openapi.ts';
import type { Document, Operation } from '../support/openapi.ts';
import { rawApi } from '../support/raw-api.ts';
import type { RawAnswer, RawApi, RawQuestion } from '../support/raw-api.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';

const MB = 1024 * 1024;
/** At once, as from one client. */
const AT_ONCE = 2;

describe('hostile input to the admin API', function () {
  this.timeout(60_000);
  let sallyport: Sallyport;
  let raw: RawApi;
  let operations: readonly Operation[];
  let ids: Ids;
  let foreignToken: string;
  let somebodyElse: ApiClient;

  before(async () => {
    sallyport = await startSallyport({ tenants: { acme: { name: 'Acme' } } });
    const key = await apiKeyOf(sallyport, 'acme');
    const api = apiClient(sallyport.publicUrl, key);
    const document = (await api('/openapi.json')).body as unknown as Document;
    operations = operationsOf(document);
    await fill(sallyport.publicUrl, 'acme', key);
    ids = await idsOf(operations, async (at) => (await api(at)).body as unknown as Listed, 'acme');
    foreignToken = (await api('/tenants/acme/groups?pageSize=1')).body.nextPageToken ?? expect.fail('no page token');
    raw = await rawApi(sallyport.publicUrl, 'acme', key);
    const reader = await api('/tenants/acme/api-keys', { json: { name: 'reader', permissions: ['roles:read'] } });
    somebodyElse = apiClient(sallyport.publicUrl, String(reader.body.key));
  });
  after(async () => {
    raw.close();
    await sallyport.stop();
  });

  /** All of them answered, while somebody else goes on reading. */
  async function refused(questions: readonly RawQuestion[], isFit = isRefusal): Promise<void> {
    const pending = [...questions];
    const answers: RawAnswer[] = [];
    const wrong: string[] = [];
    const ask = async () => {
      for (let question = pending.pop(); question; question = pending.pop()) {
        const answer = await raw.send(question);
        answers.push(answer);
        if (!isFit(answer)) wrong.push(`${said(question)}: ${String(answer.status)} ${answer.text.slice(0, 200)}`);
      }
    };
    const asking = Promise.all(Array.from({ length: AT_ONCE }, ask));
    const others = await servedUntil(asking);
    expect(wrong.slice(0, 20), `${String(wrong.length)} of ${String(questions.length)}`).to.deep.equal([]);
    expect(mean(answers.map(({ took }) => took)), 'ms').to.be.lessThan(100);
    expect(others.length).to.be.greaterThan(1);
    expect(mean(others), 'ms of others').to.be.lessThan(200);
  }

  /** Milliseconds of each. */
  async function servedUntil(done: Promise<unknown>): Promise<number[]> {
    let isDone = false;
    const ended = done.finally(() => {
      isDone = true;
    });
    const times: number[] = [];
    while (!isDone) {
      const began = performance.now();
      expect((await somebodyElse('/tenants/acme/roles')).status).to.equal(200);
      times.push(performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await ended;
    return times;
  }

  it('in a list: forged page tokens, sizes, filters and sorts', async () => {
    const lists = listsWith('sort');
    expect(lists.length).to.be.greaterThan(10);
    const questions = lists.flatMap((list) => {
      const own = list.id === 'listGroups' ? 'x' : foreignToken;
      return hostileQueries(own).map((query) => ({ method: 'GET', at: `${pathOf(list, 'acme', ids)}?${query}` }));
    });
    await refused(questions);
  });

  it('in a list: values of a filter that a database might take for its own', async () => {
    const lists = listsWith('filter');
    const values = [`' or '1'='1`, `'; drop table users; --`, '%', '_', '\\', '$1', '${1}', '{{7*7}}', '\u202e', '𝔘'];
    const questions = lists.flatMap((list) =>
      textFieldsOf(list).flatMap((field) =>
        values.map((value) => ({
          method: 'GET',
          at: `${pathOf(list, 'acme', ids)}?filter=${encodeURIComponent(`${field} eq ${JSON.stringify(value)}`)}`,
        })),
      ),
    );
    expect(questions.length).to.be.greaterThan(100);
    await refused(
      questions,
      ({ status, text }) => status === 404 || (status === 200 && /^\{"items":\[\]\}$|^$/.test(text)),
    );
  });

  it('in a body: what is no JSON, too deep, of the wrong kind, or reaches a prototype', async () => {
    await refused(
      takingJson().flatMap(({ method, path, ...rest }) =>
        hostileBodies().map((wrong) => ({ method, at: pathOf({ method, path, ...rest }, 'acme', ids), ...wrong })),
      ),
    );
  });

  it('in a body: 50 MB of it', async () => {
    await refused(
      takingJson().map((operation) => ({
        method: operation.method,
        at: pathOf(operation, 'acme', ids),
        body: ' '.repeat(MB),
        announced: 50 * MB,
      })),
      (answer) => answer.status === 413 && isRefusal(answer),
    );
  });

  it('in an address', async () => {
    await refused(
      operations
        .filter(({ params }) => params.length > 0)
        .flatMap((operation) =>
          HOSTILE_SEGMENTS.map((segment) => ({
            method: operation.method,
            at: withLastParam(operation, segment, ids),
            ...(operation.body && { body: '{}' }),
          })),
        ),
    );
  });

  function listsWith(parameter: string): Operation[] {
    const own = operations.filter(({ params }) => params.includes('tenant'));
    return own.filter(({ query }) => query.some(({ name }) => name === parameter));
  }

  function takingJson(): Operation[] {
    return operations.filter(({ body }) => body?.type === 'application/json' || body?.type.includes('merge-patch'));
  }
});

function isRefusal({ status, type, text }: RawAnswer): boolean {
  if (status < 400 || status > 499 || type !== 'application/problem+json') return false;
  const problem: unknown = JSON.parse(text);
  return typeof problem === 'object' && problem !== null && 'code' in problem && 'requestId' in problem;
}

function hostileQueries(ofAnotherList: string): string[] {
  const encoded = (name: string, values: readonly string[]) =>
    values.map((value) => `${name}=${encodeURIComponent(value)}`);
  const tampered = `${ofAnotherList.slice(0, -4)}AAAA`;
  const sizes = [
    '0',
    '-1',
    '1001',
    '1000000000',
    '1e9',
    '1.5',
    'NaN',
    'Infinity',
    '',
    ' 5',
    '0x10',
    '５',
    '1;select 1',
  ];
  const tokens = ['', 'x', 'null', '{}', ofAnotherList, tampered, 'A'.repeat(8193), '__proto__', '\0', '../../etc'];
  const filters = [
    ...[
      '',
      ' ',
      '(',
      ')',
      '"',
      'not',
      'pr',
      'and',
      'eq eq eq',
      'createdAt',
      'id eq',
      'id eq 1 or',
      'id pr pr',
      'id eq id',
    ],
    ...['password_hash pr', 'tenant_id pr', '__proto__ pr', 'constructor pr', 'toString pr', 'id[value pr]', 'id.x pr'],
    ...['id; drop table users eq "x"', `id" = "id" or 1=1 -- pr`, "id eq 'x' or 1=1", 'id eq "x"; select 1'],
    ...[`id eq "${'a'.repeat(1001)}"`, `${'('.repeat(50)}id pr${')'.repeat(50)}`, 'not ('.repeat(50), 'a'.repeat(1001)],
    ...[Array.from({ length: 21 }, () => 'id pr').join(' or '), 'id eq "\\u0000"', 'id eq "\\ud800"', 'id eq "\0"'],
    ...['createdAt gt "yesterday"', 'createdAt eq "2026-13-45T99:99:99Z"', 'id eq null and', 'id eq "\\x"'],
  ];
  const sorts = [
    '',
    '-',
    '--id',
    'id desc',
    '+id',
    'id,id',
    'unknown',
    '__proto__',
    '-constructor',
    'id;select pg_sleep(9)',
    '1',
  ];
  const repeated = [
    'pageSize=1&pageSize=2',
    'sort=id&sort=-id',
    'filter=id%20pr&filter=id%20pr',
    'pageToken=a&pageToken=b',
  ];
  const unknown = [
    'limit_=1',
    '__proto__=1',
    'constructor=1',
    'tenant=root',
    'filter[id]=x',
    'pageSize[]=1',
    '%00=1',
    'tenantId=x',
  ];
  const broken = ['filter=%', 'filter=%ff%fe', 'sort=%c0%80', 'filter=%ed%a0%80'];
  return [
    ...encoded('pageSize', sizes),
    ...encoded('pageToken', tokens),
    ...encoded('filter', filters),
    ...encoded('sort', sorts),
    ...[...repeated, ...unknown, ...broken],
  ];
}

/** As the document describes them. */
function textFieldsOf({ query }: Operation): string[] {
  const { description = '' } = query.find(({ name }) => name === 'filter') ?? {};
  return [...description.matchAll(/^- `(\w+)` \(text\)/gm)].map(([, name = '']) => name);
}

function hostileBodies(): Pick<RawQuestion, 'body' | 'headers'>[] {
  const deep = 10_000;
  const bodies = [
    ...['[]', '[{}]', '1', '-0', '1e999', 'null', 'true', '"text"', '""', ' ', '{', '{"a":', "{'a':1}", '{}{}', 'NaN'],
    ...['[['.repeat(deep / 2) + ']]'.repeat(deep / 2), '{"a":'.repeat(deep) + '1' + '}'.repeat(deep), '['.repeat(deep)],
    ...['{"__proto__":{}}', '{"constructor":{}}', '{"a":{"__proto__":{"b":1}}}', '{"prototype":1}', '{"isAdmin":true}'],
    ...[`{"${'a'.repeat(100_000)}":1}`, '{"\\u0000":1}', '{"name":"\\u0000"}', '{"a":"\\ud800"}'],
    ...[Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), Buffer.from([0x00]), Buffer.from('{}', 'utf16le')],
  ];
  const types = ['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=latin1', '*/*'];
  return [
    ...bodies.map((body) => ({ body })),
    ...types.map((type) => ({ body: '{}', headers: { 'content-type': type } })),
    { body: '{}', headers: { 'content-encoding': 'gzip' } },
  ];
}

const HOSTILE_SEGMENTS = [
  ...['..%2f..%2froot', '..', '', '%00', 'a%00b', '%ff', '%ed%a0%80', 'a'.repeat(5000)],
  ...['__proto__', 'constructor', "x'%20or%201=1--", ':disable'],
];

function withLastParam(operation: Operation, segment: string, ids: Ids): string {
  const name = operation.params.at(-1) ?? '';
  const path = operation.path.replace(`{${name}}`, () => '\u{1F3AF}');
  return pathOf({ ...operation, path }, 'acme', ids).replace('\u{1F3AF}', () => segment);
}

function said({ method, at, body, headers }: RawQuestion): string {
  return `${method} ${at.slice(0, 150)} ${JSON.stringify(headers ?? {})} ${String(body).slice(0, 60)}`;
}

function mean(times: readonly number[]): number {
  return times.reduce((sum, one) => sum + one, 0) / Math.max(1, times.length);
}
