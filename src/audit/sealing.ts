// Seals the audit log in the background. Any number of processes do, each tenant by one at a time.

import { repeat } from '../db/repeat.ts';
import type { Repetition } from '../db/repeat.ts';
import { derivedSecrets } from '../security/derived-secrets.ts';
import type { Tenants } from '../tenants/tenants.ts';
import { BATCH } from './seals.ts';
import type { Seals } from './seals.ts';

export interface SealingDeps {
  seals: Pick<Seals, 'sealNext' | 'tenantsToSeal'>;
  tenants: Pick<Tenants, 'byId'>;
  log: { info(fields: object, message: string): void };
}

/** Longer than a transaction can take, so that what commits late is seldom under a later seal than what came after it. Seconds. */
const SETTLED_AFTER = 60;
const EVERY_MS = 60_000;

export function sealPeriodically(deps: SealingDeps, onError: (error: unknown) => void): Repetition {
  const stopping = new AbortController();
  const repetition = repeat(() => sealAll(deps, stopping.signal), EVERY_MS, onError);
  return {
    stop() {
      stopping.abort();
      return repetition.stop();
    },
  };
}

/** Seals every event that is old enough; `olderThan` in seconds. The log is told of each head, for whoever keeps it elsewhere. */
export async function sealAll(
  { seals, tenants, log }: SealingDeps,
  signal?: AbortSignal,
  olderThan = SETTLED_AFTER,
): Promise<void> {
  for (const tenantId of await seals.tenantsToSeal(olderThan)) {
    const tenant = await tenants.byId(tenantId);
    if (!tenant) continue;
    const { auditSealKey } = derivedSecrets(tenant.secret);
    while (!signal?.aborted) {
      const seal = await seals.sealNext(tenantId, auditSealKey, olderThan, BATCH);
      if (!seal) break;
      log.info({ tenant: tenant.slug, seal: `${String(seal.number)}:${seal.hash}` }, 'audit events sealed');
    }
  }
}
