// Directories of a tenant: made, changed and removed. What the configuration file declares is shown, and no more; trying one is
// directory-trial-routes.ts's.

import { z } from 'zod';

import type {
  DirectoryAdministration,
  DirectoryChange,
  DirectoryRecord,
} from '../../tenants/administer-directories.ts';
import type { Tenant, TenantDirectory, Tenants } from '../../tenants/tenants.ts';
import { shownWithEtag } from '../changes.ts';
import type { Changes, Target } from '../changes.ts';
import { checkedBody, invalid } from '../checked.ts';
import {
  directoryPatch,
  directoryShape,
  newDirectory,
  remoteDirectorySettings,
  shownDirectory,
} from './directory-shape.ts';
import type { ShownDirectory } from './directory-shape.ts';
import { assertUnbroken } from '../findings.ts';
import { mergePatch } from '../merge-patch.ts';
import { Problem, notFound } from '../problem.ts';
import { idParam, route } from '../route.ts';
import type { AdminRoute, Call } from '../route.ts';

export interface DirectoryRoutesDeps {
  directoryAdministration: DirectoryAdministration;
  tenants: Pick<Tenants, 'byId'>;
  changes: Changes;
}

const TAG = 'Directories';
const ALL = '/tenants/{tenant}/directories';
const ONE = `${ALL}/{directoryId}`;
const params = z.strictObject({ directoryId: idParam });

export function directoryRoutes(deps: DirectoryRoutesDeps): AdminRoute[] {
  const { directoryAdministration: directories, tenants, changes } = deps;

  async function read(tenantId: string, id: string): Promise<ShownDirectory | undefined> {
    const record = await directories.find(tenantId, id);
    return record && shownDirectory(record);
  }
  const targetOf = ({ tenant }: Pick<Call, 'tenant'>, id: string): Target<ShownDirectory> => ({
    name: 'directory',
    lock: () => directories.lock(tenant.id, id),
    read: () => read(tenant.id, id),
  });

  /** Beside the others as they are now that nobody else changes them. */
  async function assertFit(tenantId: string, directory: Pick<TenantDirectory, 'name' | 'settings'>): Promise<void> {
    const tenant = await tenants.byId(tenantId);
    if (!tenant) throw notFound('tenant');
    assertUnbroken(await directories.broken(tenant, directory), (path) => ['settings', ...path]);
  }

  async function make(tenant: Tenant, body: z.output<typeof newDirectory>): Promise<ShownDirectory> {
    await directories.lock(tenant.id);
    await assertFit(tenant.id, body);
    const created = await directories.create(tenant.id, body);
    if (!created.ok) throw new Problem('conflict', `There is a directory ${body.name} already.`);
    const made = await read(tenant.id, created.value);
    if (!made) throw new Error('a directory is gone after it was made');
    return made;
  }

  async function change(tenantId: string, id: string, patch: z.output<typeof directoryPatch>): Promise<void> {
    const before = await directories.find(tenantId, id);
    if (!before) throw notFound('directory');
    const next = await changeOf(tenantId, before, patch);
    const changed = await directories.change(before, tenantId, next);
    if (changed.ok) return;
    const detail = 'is needed with other urls, tls or bindDn: the one that is kept goes to no other server';
    throw invalid([{ pointer: '#/bindPassword', detail }]);
  }

  async function changeOf(
    tenantId: string,
    { name, settings }: DirectoryRecord,
    { settings: patch, ...rest }: z.output<typeof directoryPatch>,
  ): Promise<DirectoryChange> {
    if (patch === undefined) return rest;
    const next = checkedBody(remoteDirectorySettings, mergePatch(settings, patch), ['settings']);
    await assertFit(tenantId, { name, settings: next });
    return { ...rest, settings: next };
  }

  return [
    route(
      {
        id: 'listDirectories',
        method: 'GET',
        path: ALL,
        tag: TAG,
        summary: 'List the directories of a tenant, in the order in which they are asked',
        permission: 'directories:read',
        lists: {
          id: { type: 'id', sortable: true },
          name: { type: 'text', sortable: true, caseExact: true },
          position: { type: 'number', sortable: true },
        },
        defaultSort: 'position',
        answer: directoryShape,
      },
      async ({ tenant, list }) => {
        const { items, next } = await directories.list(tenant.id, list);
        return { body: { items: items.map(shownDirectory), next } };
      },
    ),

    route(
      {
        id: 'createDirectory',
        method: 'POST',
        path: ALL,
        tag: TAG,
        summary: 'Add a directory to a tenant',
        permission: 'directories:write',
        body: newDirectory,
        status: 201,
        answer: directoryShape,
      },
      (call) =>
        changes.create(
          call,
          () => make(call.tenant, call.body),
          ({ id }) => ({ type: 'directory.created', subject: { kind: 'directory', id } }),
          ({ id }) => `/tenants/${call.tenant.slug}/directories/${id}`,
        ),
    ),

    route(
      {
        id: 'getDirectory',
        method: 'GET',
        path: ONE,
        tag: TAG,
        summary: 'Show a directory',
        permission: 'directories:read',
        params,
        answer: directoryShape,
      },
      async ({ tenant, params: { directoryId } }) => shownWithEtag(await read(tenant.id, directoryId), 'directory'),
    ),

    route(
      {
        id: 'updateDirectory',
        method: 'PATCH',
        path: ONE,
        tag: TAG,
        summary: 'Change a directory',
        permission: 'directories:write',
        params,
        body: directoryPatch,
        answer: directoryShape,
      },
      (call) => {
        const { directoryId: id } = call.params;
        // That it changed cannot be seen in what is shown.
        const detail = call.body.bindPassword === undefined ? undefined : { bindPasswordChanged: true };
        const event = { type: 'directory.changed', subject: { kind: 'directory', id }, detail } as const;
        return changes.amend(call, 'PATCH', targetOf(call, id), event, () => change(call.tenant.id, id, call.body));
      },
    ),

    route(
      {
        id: 'deleteDirectory',
        method: 'DELETE',
        path: ONE,
        tag: TAG,
        summary: 'Remove a directory that nobody has come in from',
        description: 'While users of it are there, it stays: delete them first.',
        permission: 'directories:write',
        params,
        status: 204,
      },
      (call) => {
        const { directoryId: id } = call.params;
        const event = { type: 'directory.removed', subject: { kind: 'directory', id } } as const;
        return changes.remove(call, targetOf(call, id), event, async () => {
          const removed = await directories.remove(call.tenant.id, id);
          if (!removed.ok) throw new Problem('conflict', 'The directory has users: delete them first.');
        });
      },
    ),
  ];
}
