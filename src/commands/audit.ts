// `sallyport audit verify`: holds the audit log of each tenant against its seals.

import type { Head } from '../audit/seals.ts';
import { verifyAudit } from '../audit/verify.ts';
import type { Verification } from '../audit/verify.ts';
import { composeCore } from '../compose-core.ts';
import { assertMigrated } from '../db/migrate.ts';
import { assertEncryptionKeys } from '../security/encryption-canary.ts';
import { onStorage } from './configured.ts';
import { EXIT_BROKEN, EXIT_DONE, EXIT_NOT_FOUND, UsageError } from './exit-codes.ts';
import { complain, print } from './output.ts';

export interface AuditVerification {
  config?: string;
  /** Every tenant if left out. */
  tenant?: string;
  /** Of that tenant: a head of an earlier time, as `<number>:<hash>`. */
  head?: string;
  json?: boolean;
}

const WITHOUT_HEAD =
  'Without --head nobody can tell whether the log was cut off, or written anew and sealed again: keep the head of each tenant elsewhere, and give it the next time.';

/** Answers 0 where all is as it was sealed, and EXIT_BROKEN where something is not. */
export function verifyAuditLog({ config, tenant: slug, head, json = false }: AuditVerification): Promise<number> {
  const kept = headOf(head);
  if (kept && slug === undefined) throw new UsageError('--head is of one tenant: name it with --tenant.');
  return onStorage(config, async (storage) => {
    await assertMigrated(storage.db);
    await assertEncryptionKeys(storage.db, storage.encryption);
    const { tenants, seals } = composeCore(storage);
    const one = slug === undefined ? undefined : await tenants.bySlug(slug);
    if (slug !== undefined && !one) {
      complain(`There is no tenant ${slug}.`);
      return EXIT_NOT_FOUND;
    }
    if (!kept) complain(WITHOUT_HEAD);
    let code: number = EXIT_DONE;
    for (const tenant of one ? [one] : await tenants.list()) {
      const found = await verifyAudit(seals, tenant, kept);
      print(json ? JSON.stringify({ tenant: tenant.slug, ...found }) : describe(tenant.slug, found));
      if (found.late) complain(describeLate(tenant.slug, found.late));
      if (found.broken) code = EXIT_BROKEN;
    }
    return code;
  });
}

function describe(tenant: string, { broken, seals, events, unsealed, head }: Verification): string {
  const last = head ? `, head ${String(head.number)}:${head.hash}` : '';
  const good = `${String(events)} events under ${String(seals)} seals${last}`;
  return broken
    ? `${tenant}: BROKEN at seal ${String(broken.seal)} (${broken.breach}); good before that: ${good}`
    : `${tenant}: intact: ${good}; ${String(unsealed)} events are not sealed yet`;
}

function describeLate(tenant: string, { firstSeal, seals }: NonNullable<Verification['late']>): string {
  return (
    `${tenant}: sealed-late: ${String(seals)} seals, the first of them ${String(firstSeal)}, are more than a day younger than events ` +
    'under them. It may be that nothing ran for that long; it may be that somebody took the seals away, changed events, and had them sealed anew.'
  );
}

function headOf(text: string | undefined): Head | undefined {
  if (text === undefined) return undefined;
  const [, number, hash] = /^([1-9]\d{0,14}):([\w-]{43})$/.exec(text) ?? [];
  if (number === undefined || hash === undefined) throw new UsageError('Write --head as <number>:<hash>.');
  return { number: Number(number), hash };
}
