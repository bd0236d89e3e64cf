// A directory as the configuration file would have it.

import type { z } from 'zod';

import type { Directory } from '../../src/directory/directory.ts';
import { createLdapDirectory } from '../../src/directory/directory-ldap.ts';
import type { LdapDirectoryOptions } from '../../src/directory/directory-ldap.ts';
import { directorySettings } from '../../src/directory/directory-settings.ts';
import type { Account } from './directory-server.ts';

export type Settings = z.input<typeof directorySettings>;

/** Searched by the service account, unless the settings or the options name another. To be closed by the caller. */
export function openDirectory(
  service: Account,
  settings: Omit<Settings, 'bindDn'> & Partial<Settings>,
  options: Partial<Omit<LdapDirectoryOptions, 'settings'>> = {},
): Directory {
  const parsed = directorySettings.parse({ bindDn: service.dn, ...settings });
  return createLdapDirectory({ name: 'corp', bindPassword: service.password, ...options, settings: parsed });
}
