// Every route of the admin API, as its own document lists them, against everybody who may not use it. What belongs to another tenant
// is compared before and after.

import { randomUUID } from 'node:crypto';

import { expect } from 'chai';
import { SignJWT, importJWK } from 'jose';
import type { JWTPayload } from 'jose';
import pg from 'pg';

import { PRINCIPAL_CLAIM } from '../../src/admin/authentication/access-token.ts';
import { ADMIN_PERMISSIONS } from '../../src/admin/permissions.ts';
import { composeCore, openStorage } from '../../src/compose-core.ts';
import { loadConfiguration } from '../../src/config.ts';
import { createLog } from '../../src/observability/log.ts';
import { apiClient } from '../support/admin-http.ts';
import { fill, idsOf, pathOf } from '../support/admin-things.ts';
import type { Ids, Listed } from '../support/admin-things.ts';
import { operationsOf, sampleOf } from '../support/openapi.ts';
import type { Document, Operation } from '../support/openapi.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';

interface Problem {
  code: string;
}

interface Answer {
  status: number;
  problem: Problem;
}

describe('access to the admin API', function () {
  this.timeout(180_000);
  let sallyport: Sallyport;
  let document: Document;
  let operations: readonly Operation[];
  let tokens: Record<'acme' | 'globex', Tokens>;
  /** Of globex: by the name that a path gives them. */
  let foreign: Ids;
  let database: pg.Client;

  before(async () => {
    sallyport = await startSallyport({
      tenants: { acme: ofFile(), globex: ofFile() },
      server: { trustedProxies: ['loopback'] },
    });
    document = (await (await fetch(`${sallyport.publicUrl}/admin/v1/openapi.json`)).json()) as Document;
    operations = operationsOf(document);
    const acme = await tokensOf(sallyport, 'acme');
    tokens = { acme, globex: await tokensOf(sallyport, 'globex') };
    await fill(sallyport.publicUrl, 'globex', tokens.globex.everything);
    foreign = await idsOf(operations, (path) => read(path, tokens.globex.key), 'globex');
    database = new pg.Client(sallyport.databaseUrl);
    await database.connect();
  });
  after(async () => {
    await database.end();
    await sallyport.stop();
  });

  it('is described by a document with every kind of thing in it', () => {
    expect(operations.length).to.be.greaterThan(90);
    expect(operations.filter(({ permission }) => permission === undefined).map(({ id }) => id)).to.deep.equal([]);
    expect(operations.map(({ permission }) => permission)).to.include.members([...ADMIN_PERMISSIONS]);
  });

  it('would be had with the very same token, were it good', async () => {
    const { status } = await send('GET', '/tenants/acme/users', tokens.acme.service);
    expect(status).to.equal(200);
  });

  for (const [who, tokenOf] of [
    ['no token', () => undefined],
    ['a token that nobody signed', (mine: Tokens) => `${mine.service.slice(0, -8)}AAAAAAAA`],
    ['a token for another API', (mine: Tokens) => mine.wrongAudience],
    ['an ID token', (mine: Tokens) => mine.idToken],
    ['an expired token', (mine: Tokens) => mine.expired],
    ['a key that does not exist', () => 'sp_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
  ] as const) {
    it(`is refused with ${who}, at every route`, async () => {
      const before = await rowsOf(database, 'acme');
      const wrong = await Promise.all(
        operations.map(async (operation) => {
          const { status, problem } = await ask(operation, 'acme', tokenOf(tokens.acme), {});
          return status === 401 && problem.code === 'unauthenticated'
            ? []
            : [`${operation.id}: ${String(status)} ${problem.code}`];
        }),
      );
      expect(wrong.flat()).to.deep.equal([]);
      expect(await rowsOf(database, 'acme')).to.deep.equal(before);
    });
  }

  it('is refused with every permission but the one that the route names', async () => {
    const before = await rowsOf(database, 'acme');
    const wrong: string[] = [];
    for (const permission of ADMIN_PERMISSIONS) {
      const key = await tokens.acme.keyWith(ADMIN_PERMISSIONS.filter((one) => one !== permission));
      for (const operation of operations.filter((one) => one.permission === permission)) {
        const { status, problem } = await ask(operation, 'acme', key, {});
        const isRefused = (status === 403 && problem.code === 'permission-denied') || isOfRoot(operation, status);
        if (!isRefused) wrong.push(`${operation.id}: ${String(status)} ${problem.code}`);
      }
    }
    expect(wrong).to.deep.equal([]);
    expect(await rowsOf(database, 'acme')).to.deep.equal(before);
  });

  it("shows another tenant's administrator nothing, not even that it is there", async () => {
    const before = await rowsOf(database, 'acme');
    const wrong: string[] = [];
    for (const operation of operations.filter(({ params }) => params.includes('tenant'))) {
      const there = await ask(operation, 'acme', tokens.globex.key, {});
      const nowhere = await ask(operation, 'nowhere', tokens.globex.key, {});
      const isHidden = there.status === nowhere.status && [403, 404].includes(there.status);
      if (!isHidden) wrong.push(`${operation.id}: ${String(there.status)}, and ${String(nowhere.status)} of no tenant`);
    }
    expect(wrong).to.deep.equal([]);
    expect(await rowsOf(database, 'acme')).to.deep.equal(before);
  });

  it("finds nothing by another tenant's id in the path", async () => {
    const before = await rowsOf(database, 'globex');
    const wrong: string[] = [];
    const named = operations.filter(({ params }) => params.some((name) => name !== 'tenant'));
    for (const operation of named) {
      const { status, problem } = await ask(operation, 'acme', tokens.acme.key, foreign);
      if (status !== 404) wrong.push(`${operation.id}: ${String(status)} ${JSON.stringify(problem)}`);
    }
    expect(wrong).to.deep.equal([]);
    expect(named.length).to.be.greaterThan(50);
    expect(await rowsOf(database, 'globex')).to.deep.equal(before);
  });

  it('changes nothing of another tenant by its ids in queries and bodies', async () => {
    const before = await rowsOf(database, 'globex');
    const own = await idsOf(operations, (path) => read(path, tokens.acme.key), 'acme');
    for (const operation of operations.filter(({ method }) => method !== 'DELETE')) {
      await ask(operation, 'acme', tokens.acme.key, own, foreign);
    }
    expect(await rowsOf(database, 'globex')).to.deep.equal(before);
  });

  it("takes no page token of another tenant's list", async () => {
    const lists = operations.filter(({ query }) => query.some(({ name }) => name === 'pageToken'));
    const wrong: string[] = [];
    let followed = 0;
    for (const operation of lists.filter(({ params }) => params.join() === 'tenant')) {
      const path = pathOf(operation, 'globex', {});
      const { nextPageToken } = await read(`${path}?pageSize=1`, tokens.globex.key);
      if (nextPageToken === undefined) continue;
      followed += 1;
      const at = `${pathOf(operation, 'acme', {})}?pageSize=1&pageToken=${encodeURIComponent(nextPageToken)}`;
      const { status, problem } = await send('GET', at, tokens.acme.key);
      if (problem.code !== 'invalid-page-token') wrong.push(`${operation.id}: ${String(status)}`);
    }
    expect(wrong).to.deep.equal([]);
    expect(followed).to.be.greaterThan(3);
  });

  /** A request that is good in every way but the one that the test is about. */
  function ask(
    operation: Operation,
    tenant: string,
    token: string | undefined,
    ids: Ids,
    inBody: Ids = ids,
  ): Promise<Answer> {
    const ofFormat = (format: string, name: string) => valueOf(format, name, inBody);
    const { body } = operation;
    const sample =
      body &&
      (body.type.includes('json') && !body.type.includes('ndjson')
        ? JSON.stringify(sampleOf(body.schema, document, ofFormat))
        : '{}\n');
    const query = operation.query
      .filter(({ schema }) => schema.format === 'uuid')
      .map(({ name }) => [name, inBody[name] ?? randomUUID()] as const);
    const confirm = operation.query.some(({ name }) => name === 'confirm') ? [['confirm', tenant] as const] : [];
    const search = new URLSearchParams(Object.fromEntries([...query, ...confirm])).toString();
    const at = pathOf(operation, tenant, ids) + (search === '' ? '' : `?${search}`);
    return send(
      operation.method,
      at,
      token,
      sample === undefined ? undefined : { type: body?.type ?? '', text: sample },
    );
  }

  async function send(
    method: string,
    at: string,
    token?: string,
    body?: { type: string; text: string },
  ): Promise<Answer> {
    // Each from a network of its own: so many failures of one are not even looked at.
    const headers: Record<string, string> = { 'if-match': '*', 'x-forwarded-for': anAddress() };
    if (token !== undefined) headers.authorization = `Bearer ${token}`;
    if (body) headers['content-type'] = body.type;
    const answer = await fetch(`${sallyport.publicUrl}/admin/v1${at}`, { method, headers, body: body?.text ?? null });
    const text = await answer.text();
    const isProblem = answer.headers.get('content-type')?.startsWith('application/problem+json') === true;
    return {
      status: answer.status,
      problem: isProblem ? JSON.parse(text) : { code: `no problem: ${text.slice(0, 200)}` },
    };
  }

  async function read(at: string, token: string): Promise<Listed> {
    const answer = await fetch(`${sallyport.publicUrl}/admin/v1${at}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    if (!answer.ok) throw new Error(`${at}: ${String(answer.status)} ${await answer.text()}`);
    return answer.json() as Promise<Listed>;
  }
});

/** Whoever is of no use to root is not even told whether they have the permission. */
function isOfRoot({ path }: Operation, status: number): boolean {
  return status === 403 || (status === 404 && !path.includes('{tenant}/'));
}

function valueOf(format: string, name: string, ids: Ids): unknown {
  if (name in ids) return ids[name];
  if (format === 'uuid') return Object.values(ids).find((id) => /^[0-9a-f-]{36}$/.test(id)) ?? randomUUID();
  if (format === 'uri') return 'https://app.example/callback';
  if (format === 'email') return 'ann@example.com';
  if (format === 'date-time') return new Date(Date.now() + 86_400_000).toISOString();
  return name === 'slug' ? 'acme' : 'something';
}

interface Tokens {
  /** An API key with every permission. */
  key: string;
  keyWith(permissions: readonly string[]): Promise<string>;
  /** Of a service that is an owner. */
  service: string;
  /** The same, for whatever an owner may. */
  everything: string;
  wrongAudience: string;
  idToken: string;
  expired: string;
}

function ofFile() {
  const service = { client_secret: 'a secret of the tests', grant_types: ['client_credentials'], roles: ['operators'] };
  return { name: 'A tenant', roles: { operators: { inherits: ['owner'] } }, clients: { console: service } };
}

async function tokensOf({ configFile, publicUrl }: Sallyport, slug: string): Promise<Tokens> {
  const loaded = loadConfiguration({ file: configFile, env: {} });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const storage = await openStorage(loaded.configuration, createLog({ level: 'silent' }));
  try {
    const core = composeCore(storage);
    const tenant = await core.tenants.bySlug(slug);
    const jwk = tenant && (await core.keys.signingKeys(tenant.id)).find(({ alg }) => alg === 'ES256');
    if (!jwk) throw new Error(`${slug} is not complete`);
    const key = await importJWK(jwk, 'ES256');
    const issuer = `${publicUrl}/t/${slug}`;
    const scope = ADMIN_PERMISSIONS.join(' ');
    const good = { aud: `${publicUrl}/admin`, scope, client_id: 'console', [PRINCIPAL_CLAIM]: { kind: 'client' } };
    const sign = (payload: JWTPayload, typ = 'at+jwt', life = 300) =>
      new SignJWT({
        iss: issuer,
        sub: 'console',
        jti: randomUUID(),
        iat: seconds(),
        exp: seconds() + life,
        ...payload,
      })
        .setProtectedHeader({ alg: 'ES256', kid: jwk.kid ?? '', typ })
        .sign(key);
    const everything = await sign({ ...good, scope: '*:*' });
    const keyWith = (permissions: readonly string[]) => aKey(publicUrl, slug, everything, permissions);
    return {
      key: await keyWith(ADMIN_PERMISSIONS),
      keyWith,
      service: await sign(good),
      everything,
      wrongAudience: await sign({ ...good, aud: 'https://api.example.com' }),
      idToken: await sign({ aud: 'console' }, 'JWT'),
      expired: await sign(good, 'at+jwt', -600),
    };
  } finally {
    await storage.db.close();
  }
}

let addresses = 0;

function anAddress(): string {
  addresses += 1;
  return `198.${String(18 + (addresses >> 16))}.${String((addresses >> 8) & 255)}.${String(addresses & 255)}`;
}

function seconds(): number {
  return Math.floor(Date.now() / 1000);
}

async function aKey(publicUrl: string, slug: string, token: string, permissions: readonly string[]): Promise<string> {
  const api = apiClient(publicUrl, token);
  const { body, text } = await api(`/tenants/${slug}/api-keys`, { json: { name: randomUUID(), permissions } });
  return typeof body.key === 'string' ? body.key : expect.fail(text);
}

/** Every row of the tenant, but for what every request leaves behind. */
async function rowsOf(database: pg.Client, slug: string): Promise<Record<string, unknown>> {
  const tables = await database.query<{ name: string }>(
    `select table_name as name from information_schema.columns
      where column_name = 'tenant_id' and table_schema = 'public' order by table_name`,
  );
  const rows: Record<string, unknown> = {};
  for (const { name } of tables.rows.filter(
    ({ name }) => !['audit_events', 'audit_seals', 'idempotency_keys', 'api_keys', 'outbox'].includes(name),
  )) {
    const found = await database.query(
      `select to_jsonb(t) as row from ${pg.escapeIdentifier(name)} t
        where tenant_id = (select id from tenants where slug = $1) order by to_jsonb(t)::text`,
      [slug],
    );
    rows[name] = found.rows;
  }
  const { rows: tenant } = await database.query('select * from tenants where slug = $1', [slug]);
  return { ...rows, tenants: tenant };
}
