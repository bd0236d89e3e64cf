// Every list of the admin API, in every order that it offers, is read off an index, however long it is.

import { expect } from 'chai';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';

import { sortableFields } from '../../src/admin/list-query.ts';
import type { AdminRoute } from '../../src/admin/route.ts';
import { startAdmin } from '../support/admin.ts';
import type { TestAdmin } from '../support/admin.ts';

const MANY = 20_000;

/** A directory says who is in its groups, an export is the list itself, and a tenant is read with its directories, which are few. */
const NOT_HERE = ['listDirectoryGroupMembers', 'exportAuditEvents', 'listDirectories'];

/** Rows that a page may read, of 51 that it answers at most: with those of tables that are joined. */
const FEW = 300;

interface PlanNode {
  'Relation Name'?: string | undefined;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number | undefined;
  'Rows Removed by Index Recheck'?: number | undefined;
  Plans?: PlanNode[] | undefined;
}

const node: z.ZodType<PlanNode> = z.object({
  'Relation Name': z.string().optional(),
  'Actual Rows': z.number(),
  'Actual Loops': z.number(),
  'Rows Removed by Filter': z.number().optional(),
  'Rows Removed by Index Recheck': z.number().optional(),
  get Plans() {
    return z.array(node).optional();
  },
});
const explained = z.array(z.object({ 'QUERY PLAN': z.array(z.object({ Plan: node })) }));

describe('a long list', () => {
  const [user, group] = [uuidv7(), uuidv7()];
  let admin: TestAdmin;
  let slug: string;
  /** How many rows each page has read since this was emptied. Pages are explained, and answer nothing. */
  let read: number[] = [];

  before(async function () {
    this.timeout(60_000);
    admin = await startAdmin({ acme: {} });
    const { id: tenantId, slug: ofTenant } = admin.tenants.acme ?? expect.fail('there is no tenant');
    slug = ofTenant;
    await fill(tenantId);
    const { db } = admin.base;
    const { queryOnce } = db;
    db.queryOnce = async (text, values) => {
      if (!text.includes('list_key')) return queryOnce(text, values);
      const [plan] = explained.parse(await queryOnce(`explain (analyze, format json) ${text}`, values));
      read.push(...(plan?.['QUERY PLAN'] ?? []).map(({ Plan }) => rowsOf(Plan)));
      return [];
    };
  });

  async function fill(tenantId: string): Promise<void> {
    const { db } = admin.base;
    const insert = (table: string, columns: string, values: string, ...given: string[]) =>
      db.queryOnce(
        `insert into ${table} (${columns}) select ${values} from generate_series(1, ${String(MANY)}) n
         where $1::uuid is not null`,
        [tenantId, ...given],
      );
    const id = 'gen_random_uuid(), $1::uuid';
    await insert(
      'tenants',
      'id, slug, name, settings, secret, owner, changed_version',
      `gen_random_uuid(), 't' || n, 'T', '{}', '', 'api', 0`,
    );
    const people = 'id, tenant_id, username, profile, local_name';
    await db.query(`insert into users (${people}) values ($2, $1, 'ann', '{}', 'ann')`, [tenantId, user]);
    await insert('users', people, `${id}, 'u' || n, jsonb_build_object('email', n || '@example.com'), 'u' || n`);
    await db.query(`insert into groups (id, tenant_id, name) values ($2, $1, 'all')`, [tenantId, group]);
    await insert('groups', 'id, tenant_id, name', `${id}, 'g' || n`);
    await insert('roles', 'id, tenant_id, name, permissions, inherits, owner', `${id}, 'r' || n, '{}', '{}', 'api'`);
    await insert('resource_types', 'id, tenant_id, name, actions', `${id}, 't' || n, '{read}'`);
    await insert(
      'clients',
      'tenant_id, client_id, metadata, owner',
      `$1::uuid, 'c' || n, '{"redirect_uris": []}', 'api'`,
    );
    await insert(
      'api_keys',
      'id, tenant_id, name, permissions, secret_hash, created_by, expires_at',
      `${id}, 'k', '{}', n, '', now()`,
    );
    await insert(
      'webhooks',
      'id, tenant_id, url, events, algorithm, secret',
      `${id}, 'https://example.com', '{}', 'ed25519', ''`,
    );
    await insert('outbox', 'id, tenant_id, channel, body, expires_at', `${id}, 'email', '', now() + interval '1 day'`);
    await insert(
      'audit_events',
      'id, tenant_id, type, at, request_id',
      `${id}, 'login.succeeded', now() - n * interval '1 second', 'r' || n`,
    );
    await insert(
      'sessions',
      'tenant_id, uid, id_hash, user_id, expires_at, signed_in_at, acr, amr, auth_time',
      `$1::uuid, n, n, $2::uuid, now() + interval '1 day', now(), 'mfa', '{pwd}', now()`,
      user,
    );
    const ofUsers = `select $1::uuid as tenant_id, $2::uuid as one, id from users where tenant_id = $1`;
    await db.queryOnce(
      `insert into group_members (tenant_id, group_id, kind, user_id) select tenant_id, one, 'user', id from (${ofUsers}) u`,
      [tenantId, group],
    );
    await db.queryOnce(
      `insert into group_managers (tenant_id, group_id, user_id) select tenant_id, one, id from (${ofUsers}) u`,
      [tenantId, group],
    );
    await db.query(
      `insert into role_holders (tenant_id, role_id, kind, holder, owner)
       select r.tenant_id, r.id, 'user', u.id::text, 'api' from roles r join users u on u.tenant_id = r.tenant_id
        where r.tenant_id = $1 and r.name = 'auditor'`,
      [tenantId],
    );
    await db.queryOnce('analyze', []);
  }

  /** Of tables, also those that did not meet the conditions. */
  function rowsOf({ Plans = [], ...one }: PlanNode): number {
    const removed = (one['Rows Removed by Filter'] ?? 0) + (one['Rows Removed by Index Recheck'] ?? 0);
    const own = one['Relation Name'] === undefined ? 0 : (one['Actual Rows'] + removed) * one['Actual Loops'];
    return Plans.reduce((sum, each) => sum + rowsOf(each), own);
  }

  function paramsOf({ path }: AdminRoute): Record<string, string> {
    const all: Record<string, string> = { tenant: slug, userId: user, groupId: group, role: 'auditor' };
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
    return Object.fromEntries(named.map((name) => [name, all[name] ?? expect.fail(`no test knows a ${name}`)]));
  }

  it('is read off an index in every order that it can be sorted by', async () => {
    const found: string[] = [];
    for (const route of admin.routes.filter(({ id, lists }) => lists && !NOT_HERE.includes(id))) {
      const orders = [undefined, ...sortableFields(route).flatMap((field) => [field, `-${field}`])];
      for (const sort of orders) {
        read = [];
        await admin.call(route.id, { params: paramsOf(route), query: sort === undefined ? {} : { sort } });
        const most = Math.max(...read);
        if (!(most > 0 && most <= FEW)) found.push(`${route.id} by ${sort ?? 'default'} reads ${String(most)} rows`);
      }
    }
    expect(found).to.deep.equal([]);
  });

  it('of the audit trail is read off an index by the id of a request', async () => {
    read = [];
    const query = { filter: 'requestId eq "r20"' };
    await admin.call('listAuditEvents', { params: { tenant: slug }, query });
    expect(read[0]).to.equal(1);
  });
});
