// The directories of all tenants, open as long as they are in use: one adapter with its pools for each configured directory,
// made anew when its configuration changed.

import { isDeepStrictEqual } from 'node:util';

import type { Tenant, TenantDirectory } from '../tenants/tenants.ts';
import type { Directory } from './directory.ts';

export interface Directories {
  /** The tenant's, in the order in which they are asked. */
  of(tenant: Tenant): { id: string; settings: TenantDirectory['settings']; directory: Directory }[];
  close(): Promise<void>;
}

interface Open {
  /** Of the tenant that it was opened for; one request may still hold an older one, and must not bring that back. */
  version: number;
  configuration: TenantDirectory;
  directory: Directory;
}

/** `closeFailed` hears of faults in closing what is used no longer. */
export function createDirectories(
  open: (configuration: TenantDirectory, tenant: Tenant) => Directory,
  closeFailed: (error: unknown) => void,
): Directories {
  const opened = new Map<string, Open>();

  function directoryOf(configuration: TenantDirectory, tenant: Tenant): Directory {
    const { version } = tenant;
    const known = opened.get(configuration.id);
    if (known && (known.version > version || isDeepStrictEqual(known.configuration, configuration))) {
      return known.directory;
    }
    const directory = open(configuration, tenant);
    opened.set(configuration.id, { version, configuration, directory });
    known?.directory.close().catch(closeFailed);
    return directory;
  }

  return {
    of: (tenant) =>
      tenant.directories.map((configuration) => ({
        id: configuration.id,
        settings: configuration.settings,
        directory: directoryOf(configuration, tenant),
      })),
    async close() {
      await Promise.all([...opened.values()].map(({ directory }) => directory.close()));
      opened.clear();
    },
  };
}
