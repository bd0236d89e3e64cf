// What every command begins with: the configuration, or everything that is wrong with it.

import { composeCore, openStorage } from '../compose-core.ts';
import type { Core, Storage } from '../compose-core.ts';
import { loadConfiguration } from '../config.ts';
import type { Configuration } from '../config.ts';
import { describeProblem } from '../config/problem.ts';
import { assertMigrated } from '../db/migrate.ts';
import { createLog } from '../observability/log.ts';
import { assertEncryptionKeys } from '../security/encryption-canary.ts';
import { complain } from './output.ts';

/** The configuration; undefined, and told on standard error, when it cannot be used. */
export function configured(file: string | undefined): Configuration | undefined {
  const loaded = loadConfiguration({ file, env: process.env });
  for (const problem of loaded.warnings) complain(describeProblem('warning', problem));
  if (loaded.ok) return loaded.configuration;
  for (const problem of loaded.problems) complain(describeProblem('error', problem));
  complain('\nNothing was started. `sallyport check-config` shows this report again.');
  return undefined;
}

/** Runs `work` on the configured storage and closes it again; answers the exit code. */
export async function onStorage(
  file: string | undefined,
  work: (storage: Storage, configuration: Configuration) => Promise<number>,
): Promise<number> {
  const configuration = configured(file);
  if (!configuration) return 1;
  const storage = await openStorage(configuration, createLog({ level: 'warn', destination: process.stderr }));
  try {
    return await work(storage, configuration);
  } finally {
    await storage.db.close();
  }
}

/** The same on what a serving process sees: a database of this version, with the tenants of the configuration in it. */
export function onTenants(file: string | undefined, work: (core: Core) => Promise<number>): Promise<number> {
  return onStorage(file, async (storage, { tenants }) => {
    await assertMigrated(storage.db);
    await assertEncryptionKeys(storage.db, storage.encryption);
    const core = composeCore(storage);
    await core.applyConfiguration(tenants);
    return work(core);
  });
}
