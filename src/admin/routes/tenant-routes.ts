// Tenants: the root tenant's administrators list and make them; a tenant's own see and name theirs. What becomes of them afterwards is
// tenant-status-routes.ts's.

import type { z } from 'zod';

import type { DirectoryAdministration } from '../../tenants/administer-directories.ts';
import type { SettingsAdministration } from '../../tenants/administer-settings.ts';
import type { Tenants } from '../../tenants/tenants.ts';
import { shownWithEtag } from '../changes.ts';
import type { Changes } from '../changes.ts';
import { assertUnbroken } from '../findings.ts';
import { Problem } from '../problem.ts';
import { route } from '../route.ts';
import type { AdminRoute } from '../route.ts';
import { newTenant, shownTenant, tenantPatch, tenantShape } from './tenant-shape.ts';
import type { ShownTenant } from './tenant-shape.ts';
import { tenantTarget } from './tenant-target.ts';
import type { TenantTargetDeps } from './tenant-target.ts';

export interface TenantRoutesDeps extends TenantTargetDeps {
  settingsAdministration: Pick<SettingsAdministration, 'change'>;
  directoryAdministration: Pick<DirectoryAdministration, 'broken' | 'create'>;
  tenants: Pick<Tenants, 'byId'>;
  changes: Changes;
}

const TAG = 'Tenants';
const ONE = '/tenants/{tenant}';

export function tenantRoutes(deps: TenantRoutesDeps): AdminRoute[] {
  const { tenantAdministration: tenants, changes, issuerOf } = deps;
  const { read, targetOf } = tenantTarget(deps);

  return [
    route(
      {
        id: 'listTenants',
        method: 'GET',
        path: '/tenants',
        tag: TAG,
        summary: 'List all tenants',
        permission: 'tenants:read',
        also: 'root',
        lists: {
          id: { type: 'id', sortable: true },
          slug: { type: 'text', sortable: true, caseExact: true },
          name: { type: 'text' },
          status: { type: 'text', caseExact: true },
          createdAt: { type: 'time' },
        },
        defaultSort: 'slug',
        answer: tenantShape,
      },
      async ({ list }) => {
        const { items, next } = await tenants.list(list);
        return { body: { items: items.map((record) => shownTenant(record, issuerOf(record))), next } };
      },
    ),

    route(
      {
        id: 'createTenant',
        method: 'POST',
        path: '/tenants',
        tag: TAG,
        summary: 'Make a tenant',
        description: 'With keys of its own and the roles that every tenant has.',
        permission: 'tenants:write',
        also: 'root',
        body: newTenant,
        status: 201,
        answer: tenantShape,
      },
      (call) =>
        changes.create(
          call,
          () => make(call.body, deps),
          ({ id }) => ({ type: 'tenant.created', subject: { kind: 'tenant', id } }),
          ({ slug }) => `/tenants/${slug}`,
        ),
    ),

    route(
      {
        id: 'getTenant',
        method: 'GET',
        path: ONE,
        tag: TAG,
        summary: 'Show a tenant',
        permission: 'tenants:read',
        answer: tenantShape,
      },
      async ({ tenant }) => shownWithEtag(await read(tenant.id), 'tenant'),
    ),

    route(
      {
        id: 'updateTenant',
        method: 'PATCH',
        path: ONE,
        tag: TAG,
        summary: 'Give a tenant another name',
        permission: 'tenants:write',
        body: tenantPatch,
        answer: tenantShape,
      },
      (call) => {
        const { id } = call.tenant;
        const event = { type: 'tenant.changed', subject: { kind: 'tenant', id } } as const;
        return changes.amend(call, 'PATCH', targetOf(call), event, async () => {
          if (call.body.name !== undefined) await tenants.rename(id, call.body.name);
        });
      },
    ),
  ];
}

/** The whole of it, or nothing. */
async function make(
  { slug, name, settings, directories }: z.output<typeof newTenant>,
  deps: TenantRoutesDeps,
): Promise<ShownTenant> {
  const { tenants, tenantAdministration, settingsAdministration, directoryAdministration, issuerOf } = deps;
  const created = await tenantAdministration.create(slug, name);
  if (!created.ok) throw new Problem('conflict', `There is a tenant ${slug} already.`);
  const id = created.value;
  assertUnbroken(await settingsAdministration.change(id, settings), (path) => ['settings', ...path]);
  for (const [index, directory] of directories.entries()) {
    const tenant = await tenants.byId(id);
    if (!tenant) throw new Error('a tenant is gone while it is made');
    const broken = await directoryAdministration.broken(tenant, directory);
    assertUnbroken(broken, (path) => ['directories', String(index), 'settings', ...path]);
    const added = await directoryAdministration.create(id, { position: index, ...directory });
    if (!added.ok) throw new Problem('conflict', `There are two directories ${directory.name}.`);
  }
  const record = await tenantAdministration.find(id);
  if (!record) throw new Error('a tenant is gone after it was made');
  return shownTenant(record, issuerOf(record));
}
