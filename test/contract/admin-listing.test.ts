import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';

import { Problem } from '../../src/admin/problem.ts';
import { openPostgres } from '../../src/db/database-postgres.ts';
import { listRows } from '../../src/db/listing.ts';
import type { Listed } from '../../src/db/listing.ts';
import type { Database } from '../../src/db/database.ts';
import type { Filter, ListRequest } from '../../src/listing.ts';
import { describeOnEveryDatabase } from '../support/every-database.ts';
import { testDatabaseUrl } from '../support/postgres.ts';
import { aTenantId } from '../support/tenants.ts';

interface Row {
  id: string;
  username: string;
}

const listed = (tenantId: string): Listed => ({
  select: 'select id, username from users',
  where: 'tenant_id = $1',
  values: [tenantId],
  columns: {
    id: { sql: 'id', type: 'uuid' },
    userName: { sql: 'username', type: 'text', fold: true },
    exactName: { sql: 'username', type: 'text' },
    email: { sql: `profile ->> 'email'`, type: 'text', fold: true },
    lastLoginAt: { sql: 'last_login_at', type: 'timestamptz' },
    createdAt: { sql: 'created_at', type: 'timestamptz' },
    generation: { sql: 'proof_generation', type: 'bigint' },
  },
});

const NAMES = ['ann', 'Bob', 'carl', 'Dora', 'émile', 'Zoë', 'a%b', 'a_b', String.raw`a\b`, '%', '١٢٣', '😀'];

describeOnEveryDatabase('long lists', ({ db }) => {
  let tenantId: string;

  beforeEach(async () => {
    tenantId = await aTenantId(db());
    for (const name of NAMES) await add(name);
  });

  async function add(username: string, parts: { email?: string; lastLoginAt?: string } = {}): Promise<void> {
    const { email, lastLoginAt } = parts;
    await db().query(
      `insert into users (id, tenant_id, username, status, profile, local_name, last_login_at)
       values ($1, $2, $3, 'active', $4, $5, $6)`,
      [uuidv7(), tenantId, username, JSON.stringify(email === undefined ? {} : { email }), username, lastLoginAt],
    );
  }

  const request = (parts: Partial<ListRequest> = {}): ListRequest => ({
    sort: { field: 'userName', descending: false },
    limit: 50,
    ...parts,
  });
  const page = (parts: Partial<ListRequest> = {}) => listRows<Row>(db(), listed(tenantId), request(parts));
  const names = async (parts: Partial<ListRequest> = {}) => (await page(parts)).items.map(({ username }) => username);
  const matching = async (filter: Filter) => (await names({ filter })).toSorted();

  async function everyPage(parts: Partial<ListRequest>, between = () => Promise.resolve()): Promise<string[]> {
    const seen: string[] = [];
    let after: ListRequest['after'];
    do {
      const { items, next } = await page({ ...parts, after });
      expect(items.length).to.be.at.most(parts.limit ?? 50);
      seen.push(...items.map(({ username }) => username));
      after = next;
      await between();
    } while (after);
    return seen;
  }

  it('come page by page in their order, with nothing twice and nothing left out', async () => {
    const all = await names();
    expect(all).to.have.members(NAMES);
    for (const limit of [1, 2, 5, NAMES.length, NAMES.length + 1]) {
      expect(await everyPage({ limit })).to.deep.equal(all);
    }
    const back = await everyPage({ limit: 3, sort: { field: 'userName', descending: true } });
    expect(back).to.deep.equal(all.toReversed());
  });

  it('are not moved by what is added meanwhile', async () => {
    const all = await names();
    let more = 0;
    const seen = await everyPage({ limit: 2 }, () => add(`!${String(more++)}`));
    expect(seen).to.deep.equal(all);
  });

  it('answer rows as the adapter has asked for them', async () => {
    const { items } = await page({ limit: 1 });
    expect(Object.keys(items[0] ?? {})).to.have.members(['id', 'username']);
  });

  it('break ties by the id', async () => {
    const limit = 5;
    const byId = await everyPage({ limit, sort: { field: 'id', descending: false } });
    expect(byId).to.deep.equal(NAMES);
    expect(await everyPage({ limit, sort: { field: 'generation', descending: false } })).to.deep.equal(byId);
    const last = { field: 'generation', descending: true };
    expect(await everyPage({ limit, sort: last })).to.deep.equal(byId.toReversed());
  });

  it('put what has no value at the end of either order', async () => {
    await add('early', { lastLoginAt: '2026-01-01T00:00:00.000001Z' });
    await add('late', { lastLoginAt: '2026-01-01T00:00:00.000002Z' });
    for (const limit of [1, 2, 3, 50]) {
      const rising = await everyPage({ limit, sort: { field: 'lastLoginAt', descending: false } });
      expect(rising).to.deep.equal(['early', 'late', ...NAMES]);
      const falling = await everyPage({ limit, sort: { field: 'lastLoginAt', descending: true } });
      expect(falling).to.deep.equal(['late', 'early', ...NAMES.toReversed()]);
    }
  });

  it('are filtered by text without regard to letter case, where the column is so', async () => {
    expect(await matching({ op: 'eq', field: 'userName', value: 'BOB' })).to.deep.equal(['Bob']);
    expect(await matching({ op: 'eq', field: 'exactName', value: 'BOB' })).to.deep.equal([]);
    expect(await matching({ op: 'co', field: 'userName', value: 'OR' })).to.deep.equal(['Dora']);
    expect(await matching({ op: 'sw', field: 'userName', value: 'ZO' })).to.deep.equal(['Zoë']);
    expect(await matching({ op: 'ew', field: 'userName', value: 'MILE' })).to.deep.equal(['émile']);
  });

  it('take wildcards and quotes for what they are', async () => {
    expect(await matching({ op: 'sw', field: 'userName', value: 'a%' })).to.deep.equal(['a%b']);
    expect(await matching({ op: 'sw', field: 'userName', value: 'a_' })).to.deep.equal(['a_b']);
    expect(await matching({ op: 'co', field: 'userName', value: '\\' })).to.deep.equal([String.raw`a\b`]);
    expect(await matching({ op: 'ew', field: 'userName', value: '%' })).to.deep.equal(['%']);
    for (const value of [`' or true --`, `"`, `$1`, `\\'`, `'); drop table users; --`]) {
      expect(await matching({ op: 'eq', field: 'userName', value })).to.deep.equal([]);
      expect(await matching({ op: 'co', field: 'userName', value })).to.deep.equal([]);
    }
  });

  it('know what has a value and what has none', async () => {
    await add('with', { email: 'with@example.com' });
    expect(await matching({ op: 'pr', field: 'email' })).to.deep.equal(['with']);
    expect(await matching({ op: 'eq', field: 'email', value: null })).to.have.members(NAMES);
    expect(await matching({ op: 'ne', field: 'email', value: null })).to.deep.equal(['with']);
    expect(await matching({ op: 'ne', field: 'email', value: 'WITH@example.com' })).to.have.members(NAMES);
    const not: Filter = { op: 'not', of: { op: 'eq', field: 'email', value: 'with@example.com' } };
    expect(await matching(not)).to.have.members(NAMES);
  });

  it('compare times, numbers and ids', async () => {
    const [, second] = (await page({ sort: { field: 'id', descending: false } })).items;
    const id = second?.id ?? '';
    expect(await matching({ op: 'eq', field: 'id', value: id })).to.deep.equal(['Bob']);
    expect(await matching({ op: 'eq', field: 'id', value: 'no id' })).to.deep.equal([]);
    expect(await matching({ op: 'ne', field: 'id', value: 'no id' })).to.have.members(NAMES);
    expect(await matching({ op: 'lt', field: 'createdAt', value: new Date(0) })).to.deep.equal([]);
    expect(await matching({ op: 'ge', field: 'createdAt', value: new Date(0) })).to.have.members(NAMES);
    expect(await matching({ op: 'gt', field: 'generation', value: 5 })).to.deep.equal([]);
  });

  it('combine conditions', async () => {
    const eq = (value: string): Filter => ({ op: 'eq', field: 'userName', value });
    const some: Filter = { op: 'or', of: [eq('ann'), eq('bob'), eq('carl')] };
    expect(await matching(some)).to.deep.equal(['Bob', 'ann', 'carl']);
    expect(await matching({ op: 'and', of: [some, { op: 'not', of: eq('bob') }] })).to.deep.equal(['ann', 'carl']);
    expect(await everyPage({ limit: 1, filter: some })).to.deep.equal(['ann', 'Bob', 'carl']);
  });

  it('never show another tenant, whatever the filter says', async () => {
    const other = await aTenantId(db());
    const all: Filter = {
      op: 'or',
      of: [
        { op: 'pr', field: 'id' },
        { op: 'eq', field: 'email', value: null },
      ],
    };
    expect((await listRows<Row>(db(), listed(other), request({ filter: all }))).items).to.deep.equal([]);
  });

  it('leave no statement prepared', async () => {
    await db().unitOfWork(async () => {
      await page({ filter: { op: 'eq', field: 'userName', value: 'ann' } });
      const prepared = await db().query(`select 1 from pg_prepared_statements where statement like '%list_key%'
        and statement not like '%pg_prepared_statements%'`);
      expect(prepared).to.deep.equal([]);
    });
  });

  it('read a page and a prefix from the index', async () => {
    await db().query(
      `insert into users (id, tenant_id, username, status, profile, local_name)
       select gen_random_uuid(), $1, 'person' || n, 'active', '{}', 'person' || n from generate_series(1, 5000) n`,
      [tenantId],
    );
    await db().query('analyze users');
    const after = { value: 'person3000', id: uuidv7() };
    for (const parts of [
      { after },
      { after, sort: { field: 'userName', descending: true } },
      { filter: { op: 'sw', field: 'userName', value: 'Person42' } },
      { filter: { op: 'eq', field: 'userName', value: 'person4200' } },
    ] satisfies Partial<ListRequest>[]) {
      for (const plan of await plansOf(db(), (explained) => listRows(explained, listed(tenantId), request(parts)))) {
        expect(plan).to.match(/Index (Only )?Scan.* using users_by_name/);
        expect(plan).to.match(/Index Cond: .*(lower|~>=~|>=|<|>)/);
        expect(plan).not.to.match(/Sort|Seq Scan/);
      }
    }
  });
});

/** The plans of the statements that `work` runs. */
async function plansOf(db: Database, work: (explained: Database) => Promise<unknown>): Promise<string[]> {
  const plans: string[] = [];
  await work({
    ...db,
    queryOnce: async <Row extends object>(text: string, values: readonly unknown[]) => {
      const lines = await db.queryOnce<{ 'QUERY PLAN': string }>(`explain ${text}`, values);
      plans.push(lines.map((line) => line['QUERY PLAN']).join('\n'));
      return db.queryOnce<Row>(text, values);
    },
  });
  expect(plans.length).to.be.greaterThan(0);
  return plans;
}

describe('a list that takes too long', function () {
  this.timeout(20_000);

  it('ends within two seconds, and says that the filter has to be narrower', async () => {
    const db = openPostgres({ url: await testDatabaseUrl() });
    // As slow as a million rows on a busy machine.
    const slow: Listed = {
      select:
        'select id, name from (select gen_random_uuid() as id, pg_sleep(0.1)::text as name from generate_series(1, 100)) t',
      where: 'true',
      values: [],
      columns: { id: { sql: 'id', type: 'uuid' }, name: { sql: 'name', type: 'text' } },
    };
    const started = performance.now();
    const filter: Filter = { op: 'co', field: 'name', value: 'nothing' };
    const thrown = await listRows(db, slow, { filter, sort: { field: 'id', descending: false }, limit: 50 }).catch(
      (error: unknown) => error,
    );
    const took = performance.now() - started;
    await db.close();
    expect(thrown).to.be.instanceOf(Problem).with.property('code', 'invalid-filter');
    expect(took).to.be.lessThan(2_000);
  });
});
