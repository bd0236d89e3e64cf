// What the admin API's commands stand on: the composition without a server, without background work, and with nothing sent. What they
// queue a serving process sends.

import { composeAdmin } from '../../compose-admin.ts';
import type { Administration } from '../../compose-admin.ts';
import { composeBase } from '../../compose-base.ts';
import type { Base } from '../../compose-base.ts';
import { composeDelivery } from '../../compose-delivery.ts';
import { composePages } from '../../compose-pages.ts';
import { composePeople } from '../../compose-people.ts';
import { composeSecondFactors } from '../../compose-second-factors.ts';
import type { Storage } from '../../compose-core.ts';
import type { Configuration } from '../../config.ts';
import { assertMigrated } from '../../db/migrate.ts';
import { createLog } from '../../observability/log.ts';
import { assertEncryptionKeys } from '../../security/encryption-canary.ts';
import { onStorage } from '../configured.ts';

export interface OpenAdministration {
  base: Base;
  admin: Administration;
}

/** Runs `work` on what a serving process sees, with the tenants of the configuration in it; answers the exit code. */
export function onAdministration(
  config: string | undefined,
  work: (open: OpenAdministration) => Promise<number>,
): Promise<number> {
  return onStorage(config, async (storage, configuration) => {
    await assertMigrated(storage.db);
    await assertEncryptionKeys(storage.db, storage.encryption);
    const { close, ...open } = await composeAdministration(storage, configuration);
    try {
      await open.base.applyConfiguration(configuration.tenants);
      return await work(open);
    } finally {
      await close();
    }
  });
}

export async function composeAdministration(storage: Storage, configuration: Configuration) {
  const base = composeBase({ configuration, storage, log: createLog({ level: 'warn', destination: process.stderr }) });
  const pages = await composePages();
  const people = composePeople(base);
  const delivery = composeDelivery(base, pages, configuration, { queuesOnly: true });
  const factors = composeSecondFactors(base, delivery);
  return {
    base,
    admin: composeAdmin({ base, pages, people, delivery, factors }),
    async close() {
      await delivery.stop();
      await people.directories.close();
      await base.store.close();
    },
  };
}
