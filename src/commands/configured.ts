// What every command begins with: the configuration, or everything that is wrong with it.

import { composeCore, openStorage } from '../compose-core.ts';
import type { Storage } from '../compose-core.ts';
import { loadConfiguration } from '../config.ts';
import type { Configuration } from '../config.ts';
import { describeProblem } from '../config/problem.ts';
import { createLog } from '../observability/log.ts';
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
  work: (storage: Storage, core: ReturnType<typeof composeCore>) => Promise<number>,
): Promise<number> {
  const configuration = configured(file);
  if (!configuration) return 1;
  const storage = await openStorage(configuration, createLog({ level: 'warn' }));
  try {
    return await work(storage, composeCore(storage));
  } finally {
    await storage.db.close();
  }
}
