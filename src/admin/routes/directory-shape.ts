// Directories, as the admin API shows them and takes them.

import { z } from 'zod';

import { directoryName, directorySettings } from '../../directory/directory-settings.ts';
import type { DirectoryRecord } from '../../tenants/administer-directories.ts';
import { idParam, time } from '../route.ts';

/** Files of the server are the operator's to name: an administrator of a tenant has no say in what is read from there. */
export const remoteDirectorySettings = directorySettings.superRefine(({ tls }, context) => {
  for (const name of ['caFile', 'certFile', 'keyFile'] as const) {
    if (tls[name] === undefined) continue;
    const mend =
      name === 'caFile' ? 'give the certificates themselves as ca' : 'only the configuration file can name it';
    context.addIssue({ code: 'custom', path: ['tls', name], message: `names a file of the server: ${mend}` });
  }
});

const bindPassword = z.string().min(1).max(1024).describe('Password of the service account. It is never shown');
const position = z.int().min(0).max(10_000).describe('Directories are asked in this order, then by name');
const login = z
  .string()
  .min(1)
  .max(256)
  .optional()
  .describe('Who is looked for; nobody if left out. No password is asked for');

export const directoryShape = z
  .strictObject({
    id: idParam,
    name: z.string(),
    position: z.number().describe('Directories are asked in this order, then by name'),
    settings: directorySettings.meta({ id: 'DirectorySettings' }),
    hasBindPassword: z.boolean().describe('Whether one is kept; it is never shown'),
    managedBy: z.enum(['file', 'api']).describe('What the configuration file declares is changed there'),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'Directory' });
export type ShownDirectory = z.output<typeof directoryShape>;

export const newDirectory = z
  .strictObject({
    name: directoryName.describe('For good'),
    settings: remoteDirectorySettings,
    bindPassword,
    position: position.optional().describe('After all others if left out'),
  })
  .meta({
    id: 'NewDirectory',
    examples: [
      {
        name: 'corp',
        settings: {
          preset: 'openldap',
          urls: ['ldaps://ldap.example.com'],
          bindDn: 'cn=sallyport,dc=example,dc=com',
          baseDn: 'dc=example,dc=com',
        },
        bindPassword: 'the password of cn=sallyport',
      },
    ],
  });

export const directoryPatch = z
  .strictObject({
    settings: z
      .record(z.string(), z.unknown())
      .optional()
      .describe('A merge patch of the settings. New urls, tls or bindDn want the bindPassword again'),
    bindPassword: bindPassword.optional(),
    position: position.optional(),
  })
  .meta({ id: 'DirectoryPatch' });

export const trialOfStored = z.strictObject({ login }).prefault({}).meta({ id: 'DirectoryTrialRequest' });
export const trialOfNew = z
  .strictObject({ settings: remoteDirectorySettings, bindPassword, login })
  .meta({ id: 'NewDirectoryTrialRequest' });

const milliseconds = z.number();

export const trialShape = z
  .strictObject({
    ok: z.boolean().describe('Whether every step went well'),
    steps: z.array(
      z.strictObject({
        step: z.string(),
        ok: z.boolean(),
        milliseconds,
        told: z.array(z.string()).describe('What came of it, line by line'),
        exchanges: z
          .array(z.strictObject({ server: z.string(), milliseconds, asked: z.string(), answered: z.string() }))
          .describe('What was exchanged with servers'),
      }),
    ),
  })
  .meta({ id: 'DirectoryTrial' });

export function shownDirectory(record: DirectoryRecord): ShownDirectory {
  const { id, name, position: at, settings, hasBindPassword, owner, createdAt, updatedAt } = record;
  const times = { createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() };
  return { id, name, position: at, settings, hasBindPassword, managedBy: owner, ...times };
}
