// Directories of a tenant, tried: those that are there, whoever owns them, and those that are yet to be.

import { z } from 'zod';

import type { Audit } from '../../audit/audit.ts';
import type { DirectoryTrials, TriedDirectory } from '../../directory/directory-trials.ts';
import type { DirectoryAdministration } from '../../tenants/administer-directories.ts';
import type { TenantDirectory } from '../../tenants/tenants.ts';
import { actorOf } from '../caller.ts';
import { trialOfNew, trialOfStored, trialShape } from './directory-shape.ts';
import { assertUnbroken } from '../findings.ts';
import { notFound } from '../problem.ts';
import { idParam, route } from '../route.ts';
import type { AdminRoute, Answer, Call } from '../route.ts';

export interface DirectoryTrialRoutesDeps {
  directoryAdministration: Pick<DirectoryAdministration, 'beyond' | 'broken' | 'find'>;
  directoryTrials: DirectoryTrials;
  audit: Audit;
}

const TAG = 'Directories';
const ALL = '/tenants/{tenant}/directories';

type TrialAnswer = Answer<z.output<typeof trialShape>>;

export function directoryTrialRoutes(deps: DirectoryTrialRoutesDeps): AdminRoute[] {
  const { directoryAdministration, directoryTrials, audit } = deps;

  /** It changes nothing; yet whoever has a server asked about somebody is told of. */
  async function tried(
    { caller, tenant }: Call,
    directory: TriedDirectory & Partial<Pick<TenantDirectory, 'id'>>,
    login: string | undefined,
  ): Promise<TrialAnswer> {
    const { ok, steps } = await directoryTrials(directory, login);
    const { id, settings } = directory;
    await audit.record({
      type: 'directory.tested',
      tenantId: tenant.id,
      actor: actorOf(caller, tenant.id),
      ...(id !== undefined && { subject: { kind: 'directory', id } }),
      detail: { ok, urls: settings.urls, ...(login !== undefined && { login }) },
    });
    const copied = steps.map(({ told, exchanges, ...step }) => ({
      ...step,
      told: [...told],
      exchanges: exchanges.map(({ server, milliseconds, asked, answered }) => ({
        server,
        milliseconds,
        asked,
        answered,
      })),
    }));
    return { body: { ok, steps: copied } };
  }

  return [
    route(
      {
        id: 'testDirectory',
        method: 'POST',
        path: `${ALL}/{directoryId}:test`,
        tag: TAG,
        summary: 'Try a directory: connect, bind, find one user, and say what each step returned',
        permission: 'directories:write',
        params: z.strictObject({ directoryId: idParam }),
        body: trialOfStored,
        answer: trialShape,
        safe: true,
      },
      async (call) => {
        const directory = call.tenant.directories.find(({ id }) => id === call.params.directoryId);
        if (!directory) throw notFound('directory');
        const record = await directoryAdministration.find(call.tenant.id, directory.id);
        const isMadeHere = record?.owner === 'api';
        assertUnbroken(isMadeHere ? directoryAdministration.beyond(record.settings) : [], (path) => [
          'settings',
          ...path,
        ]);
        return tried(call, directory, call.body.login);
      },
    ),

    route(
      {
        id: 'testNewDirectory',
        method: 'POST',
        path: `${ALL}:test`,
        tag: TAG,
        summary: 'Try the settings of a directory that is not there yet',
        permission: 'directories:write',
        body: trialOfNew,
        answer: trialShape,
        safe: true,
      },
      async (call) => {
        const { settings, bindPassword, login } = call.body;
        const directory = { name: 'new', settings, bindPassword };
        const broken = await directoryAdministration.broken({ ...call.tenant, directories: [] }, directory);
        assertUnbroken(broken, (path) => ['settings', ...path]);
        return tried(call, directory, login);
      },
    ),
  ];
}
