// The admin API without HTTP: its routes, called as the command line does, on a real Postgres.

import { expect } from 'chai';

import { operator } from '../../src/admin/caller.ts';
import type { Caller } from '../../src/admin/caller.ts';
import type { Sent } from '../../src/admin/dispatch.ts';
import { Problem } from '../../src/admin/problem.ts';
import type { ProblemCode } from '../../src/admin/problem.ts';
import type { AdminRoute } from '../../src/admin/route.ts';
import { composeAdmin } from '../../src/compose-admin.ts';
import { composeBase } from '../../src/compose-base.ts';
import type { Base } from '../../src/compose-base.ts';
import { composeCore } from '../../src/compose-core.ts';
import { composeDelivery } from '../../src/compose-delivery.ts';
import { composePages } from '../../src/compose-pages.ts';
import { composePeople } from '../../src/compose-people.ts';
import { composeSecondFactors } from '../../src/compose-second-factors.ts';
import { openPostgres } from '../../src/db/database-postgres.ts';
import { loadConfiguration } from '../../src/config.ts';
import type { Tree } from '../../src/config/tree.ts';
import type { EmailMessage } from '../../src/delivery/delivery.ts';
import { createLog } from '../../src/observability/log.ts';
import { tenantSettings } from '../../src/tenants/tenant-settings.ts';
import type { TenantDeclaration } from '../../src/tenants/tenant-declaration.ts';
import type { Tenant } from '../../src/tenants/tenants.ts';
import { atEnd } from './global-teardown.ts';
import { testDatabaseUrl } from './postgres.ts';
import { encryption, freshSlug } from './tenants.ts';

export interface TestAdmin {
  base: Base;
  /** By the name under which it was declared. */
  tenants: Record<string, Tenant>;
  root: Tenant;
  routes: readonly AdminRoute[];
  /** Mails that were sent. */
  mails: EmailMessage[];
  /** Runs a route; by the operator at a terminal unless `caller` says otherwise. */
  call<Body = Record<string, unknown>>(
    id: string,
    sent?: Partial<Sent> & { caller?: Caller },
  ): Promise<TestAnswer<Body>>;
  /** The same, expected to be refused. */
  refused(id: string, code: ProblemCode, sent?: Partial<Sent> & { caller?: Caller }): Promise<Problem>;
}

export interface TestAnswer<Body> {
  status: number;
  body: Body;
  etag: string | undefined;
  location: string | undefined;
}

/** Tenants of the file by any name; each gets a slug that no other test has. `server`: the rest of the file. */
export async function startAdmin(
  declared: Record<string, Partial<TenantDeclaration>> = {},
  server: Tree = {},
): Promise<TestAdmin> {
  const db = openPostgres({ url: await testDatabaseUrl() });
  const loaded = loadConfiguration({
    env: {},
    overrides: {
      publicUrl: 'http://localhost:3000',
      encryption: { keys: [{ id: 'k1', secret: 'a secret of more than 32 characters' }] },
      ...server,
    },
  });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const storage = { db, encryption };
  const base = composeBase({ configuration: loaded.configuration, storage, log: createLog({ level: 'silent' }) });
  const pages = await composePages();
  const people = composePeople(base);
  const mails: EmailMessage[] = [];
  const emailChannel = {
    send: (message: EmailMessage) => {
      mails.push(message);
      return Promise.resolve();
    },
  };
  const delivery = composeDelivery(base, pages, {}, { emailChannel });
  const factors = composeSecondFactors(base, delivery);
  const { routes, dispatch } = composeAdmin({ base, pages, people, delivery, factors });
  atEnd(async () => {
    await delivery.stop();
    await people.directories.close();
    await base.store.close();
    await db.close();
  });

  const slugs = Object.fromEntries(Object.keys(declared).map((name) => [name, freshSlug()]));
  const whole = Object.entries(declared).map(([name, parts]) => [slugs[name], aTenantOfFile(name, parts)] as const);
  await composeCore(storage).applyConfiguration(Object.fromEntries(whole));
  const tenants: Record<string, Tenant> = {};
  for (const [name, slug] of Object.entries(slugs)) tenants[name] = await existing(base, slug);
  const root = await existing(base, 'root');

  const call: TestAdmin['call'] = async (
    id,
    { caller = operator(root), params = {}, query = {}, body, ...rest } = {},
  ) => {
    const route = routes.find((one) => one.id === id);
    if (!route) throw new Error(`there is no route ${id}`);
    const answer = await dispatch(route, caller, { params, query, body, ...rest });
    // As JSON has it.
    const shown = answer.body === undefined || route.gives ? answer.body : JSON.parse(JSON.stringify(answer.body));
    return { status: answer.status, body: shown as never, etag: answer.etag, location: answer.location };
  };
  return {
    base,
    tenants,
    root,
    routes,
    mails,
    call,
    async refused(id, code, sent) {
      const problem = await call(id, sent).then(
        ({ body }) => expect.fail(`${id} answered ${JSON.stringify(body)}`),
        (error: unknown) => error,
      );
      if (!(problem instanceof Problem)) throw problem;
      expect(problem.code).to.equal(code);
      return problem;
    },
  };
}

/** Somebody with these permissions in a tenant. */
export function callerOf(tenant: Tenant, permissions: readonly string[], parts: Partial<Caller> = {}): Caller {
  const none = { managedGroups: new Set<string>() };
  return { kind: 'api-key', id: 'a key of the test', tenant, permissions: new Set(permissions), ...none, ...parts };
}

function aTenantOfFile(name: string, parts: Partial<TenantDeclaration>): TenantDeclaration {
  return { name, settings: tenantSettings.parse({}), directories: {}, roles: {}, clients: {}, ...parts };
}

async function existing(base: Base, slug: string | undefined): Promise<Tenant> {
  const tenant = await base.tenants.bySlug(slug ?? '');
  if (!tenant) throw new Error(`there is no tenant ${slug}`);
  return tenant;
}
