// Users in bulk: a file in, with a report on each row as it is applied; and all of them out.

import { Readable } from 'node:stream';

import { z } from 'zod';

import type { Audit } from '../../audit/audit.ts';
import type { Roles } from '../../roles/roles.ts';
import { exportUsers, EXPORT_FORMATS } from '../../users/export-users.ts';
import type { UserExport } from '../../users/export-users.ts';
import { IMPORT_TYPES, openRows } from '../../users/import-rows.ts';
import type { ImportType, SourceRow } from '../../users/import-rows.ts';
import type { ImportGuard, ImportUsers, ResumeRefusal } from '../../users/import-users.ts';
import type { ImportRecord, UserImports } from '../../users/user-imports.ts';
import { actorOf, may } from '../caller.ts';
import type { Grants } from '../grants.ts';
import { Problem, notFound, whyRefused } from '../problem.ts';
import { idParam, route } from '../route.ts';
import type { AdminRoute, Call } from '../route.ts';

export interface ImportRouteDeps {
  importUsers: ImportUsers;
  userImports: Pick<UserImports, 'find'>;
  userExport: UserExport;
  grants: Pick<Grants, 'assertMayGiveRoles' | 'assertMayJoin' | 'assertMayManage'>;
  roles: Pick<Roles, 'rolesOfUser'>;
  audit: Audit;
}

const count = z.int().nonnegative();
const importShape = z
  .strictObject({
    id: z.uuid(),
    state: z.enum(['running', 'done', 'failed']).describe('failed: it broke off, and the same file can be sent again'),
    nextRow: z.int().positive().describe('The first row that is not applied yet'),
    created: count,
    updated: count,
    unchanged: count,
    failed: count,
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'Import' });

const flag = z.enum(['true', 'false']).transform((text) => text === 'true');

const importQuery = z.strictObject({
  dryRun: flag.default(false).describe('Reports what would be done, and does nothing'),
  onExisting: z
    .enum(['update', 'skip', 'fail'])
    .default('fail')
    .describe('What becomes of a row whose userName is there already'),
  importId: z.uuid().optional().describe('The import to go on with, by sending the same file once more'),
});

export function importRoutes(deps: ImportRouteDeps): AdminRoute[] {
  const { importUsers, userImports, userExport, audit } = deps;

  return [
    route(
      {
        id: 'importUsers',
        method: 'POST',
        path: '/tenants/{tenant}/users:import',
        tag: 'Users',
        summary: 'Import users from a CSV file or NDJSON',
        description:
          'Answers a line for each row while it reads, between one that names the import and one that sums up. Rows are applied in ' +
          'batches; a row that is refused keeps no other from being applied. Rows with roles, groups or second factors need roles:write, ' +
          'groups:write or factors:write as well. A tenant has two imports under way at once.',
        permission: 'users:write',
        query: importQuery,
        takes: IMPORT_TYPES,
        gives: 'application/x-ndjson',
      },
      async (call) => {
        const { tenant, query, caller } = call;
        const outcome = await importUsers({
          ...query,
          tenant,
          rows: await rowsOf(call),
          actor: actorOf(caller, tenant.id),
          guard: guardOf(deps, call),
        });
        if (!outcome.ok) throw resumeProblem(outcome.reason);
        return { body: Readable.from(asLines(outcome.value), { objectMode: false }) };
      },
    ),

    route(
      {
        id: 'getImport',
        method: 'GET',
        path: '/tenants/{tenant}/imports/{importId}',
        tag: 'Users',
        summary: 'Show how far an import has come',
        permission: 'users:read',
        params: z.strictObject({ importId: idParam }),
        answer: importShape,
      },
      async ({ tenant, params }) => {
        const found = await userImports.find(tenant.id, params.importId);
        if (!found) throw notFound('import');
        return { body: shapeOf(found) };
      },
    ),

    route(
      {
        id: 'exportUsers',
        method: 'GET',
        path: '/tenants/{tenant}/users:export',
        tag: 'Users',
        summary: 'Export all users as NDJSON or CSV',
        description: 'In the columns that an import takes; without hashes, passwords or factors.',
        permission: 'users:read',
        query: z.strictObject({ format: z.enum(EXPORT_FORMATS).default('ndjson') }),
        gives: 'application/x-ndjson',
      },
      async ({ tenant, caller, stillCaller, query: { format } }) => {
        const subject = { kind: 'tenant', id: tenant.id } as const;
        const actor = actorOf(caller, tenant.id);
        await audit.record({ type: 'users.exported', tenantId: tenant.id, actor, subject, detail: { format } });
        const lines = exportUsers(userExport, tenant.id, format, () => whyRefused(stillCaller));
        const body = Readable.from(lines, { objectMode: false });
        return { body, mediaType: format === 'csv' ? 'text/csv; charset=utf-8' : undefined };
      },
    ),
  ];
}

function shapeOf({ id, state, nextRow, created, updated, unchanged, failed, ...times }: ImportRecord) {
  const [createdAt, updatedAt] = [times.createdAt.toISOString(), times.updatedAt.toISOString()];
  return { id, state, nextRow, created, updated, unchanged, failed, createdAt, updatedAt };
}

async function rowsOf({ stream, streamType }: Call): Promise<AsyncIterable<SourceRow>> {
  if (!stream || !isImportType(streamType)) {
    throw new Problem('unsupported-media-type', `Send ${IMPORT_TYPES.join(' or ')}.`);
  }
  const rows = await openRows(stream, streamType);
  if (rows.ok) return rows.value;
  if (rows.reason === 'no-header')
    throw new Problem('invalid-request', 'The file is empty: its first line names columns.');
  const detail = 'is no column of an import, is there twice, or is missing';
  const errors = rows.columns.slice(0, 50).map((name) => ({ pointer: `#/${name.slice(0, 100)}`, detail }));
  throw new Problem('invalid-request', 'The first line has to name columns of an import, userName among them.', {
    errors,
  });
}

function isImportType(type: string | undefined): type is ImportType {
  return IMPORT_TYPES.some((known) => known === type);
}

const RESUME_PROBLEMS: Record<ResumeRefusal, () => Problem> = {
  'unknown-import': () => notFound('import'),
  finished: () => new Problem('wrong-state', 'This import is done.'),
  'other-file': () => new Problem('conflict', 'This is not the file that the import began with.'),
};

function resumeProblem(reason: ResumeRefusal): Problem {
  return RESUME_PROBLEMS[reason]();
}

/** Nobody gives by a file what they could not give by hand, nor what they cannot give any more. */
function guardOf({ grants, roles }: ImportRouteDeps, call: Call): ImportGuard {
  const { tenant } = call;
  let { caller } = call;
  return {
    goOn: () =>
      whyRefused(async () => {
        caller = await call.stillCaller();
      }),
    async giveRoles(names) {
      if (!may(caller, 'roles:write')) return 'needs roles:write';
      return whyRefused(() => grants.assertMayGiveRoles(caller, tenant, names));
    },
    async join(groupId) {
      if (!may(caller, 'groups:write') && !caller.managedGroups.has(groupId)) return 'needs groups:write';
      return whyRefused(() => grants.assertMayJoin(caller, tenant, groupId));
    },
    addFactors: () => (may(caller, 'factors:write') ? undefined : 'needs factors:write'),
    change: (user, leaves) =>
      whyRefused(async () => {
        await grants.assertMayManage(caller, tenant, user);
        const held = leaves
          ? await roles.rolesOfUser({ tenantId: tenant.id, userId: user.id, groups: user.groups })
          : [];
        if (held.includes('owner')) throw new Problem('last-owner', 'An owner’s status is changed one by one.');
      }),
  };
}

async function* asLines(values: AsyncIterable<object>): AsyncGenerator<string> {
  for await (const value of values) yield `${JSON.stringify(value)}\n`;
}
