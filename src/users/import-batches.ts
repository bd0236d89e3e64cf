// Rows of an import by batches, and the digest of all that was read: by it a file that is sent again is known to be the same.

import type { createHash } from 'node:crypto';

import type { Tenant } from '../tenants/tenants.ts';
import { checkRow } from './import-candidates.ts';
import type { Candidate } from './import-candidates.ts';
import type { SourceRow } from './import-rows.ts';
import type { RowReport } from './import-users.ts';
import type { ImportRecord } from './user-imports.ts';

const ROWS_OF_A_BATCH = 200;
/** Characters, as JSON: a batch is in memory as a whole. */
const SIZE_OF_A_BATCH = 1024 * 1024;

/** Of the rows so far. */
export type Digest = ReturnType<typeof createHash>;

export type BatchRow = { ok: true; candidate: Candidate } | { ok: false; report: RowReport };

/** Of one name there is one in each batch, so that a later row finds what an earlier one has made. */
export async function* batchesOf(
  tenant: Tenant,
  source: AsyncIterator<SourceRow>,
  seen: Digest,
): AsyncGenerator<BatchRow[]> {
  let batch: BatchRow[] = [];
  let pending: string[] = [];
  let names = new Set<string>();
  let size = 0;
  const take = () => {
    for (const text of pending) seen.update(text);
    const full = batch;
    [batch, pending, names, size] = [[], [], new Set(), 0];
    return full;
  };
  for (let next = await source.next(); next.done !== true; next = await source.next()) {
    const checked = checkRow(tenant, next.value);
    const { row } = next.value;
    const isKnown = checked.ok && names.has(checked.value.name);
    const text = textOf(next.value);
    if (batch.length >= ROWS_OF_A_BATCH || (batch.length > 0 && size + text.length > SIZE_OF_A_BATCH) || isKnown) {
      yield take();
    }
    size += text.length;
    if (checked.ok) names.add(checked.value.name);
    const { userName } = checked.ok ? checked.value : checked;
    batch.push(
      checked.ok
        ? { ok: true, candidate: checked.value }
        : {
            ok: false,
            report: { row, outcome: 'failed', ...(userName !== undefined && { userName }), errors: checked.errors },
          },
    );
    pending.push(text);
  }
  if (batch.length > 0) yield take();
}

/** Reads what was applied already. Whether it is what was sent then. */
export async function passOver(
  source: AsyncIterator<SourceRow>,
  seen: Digest,
  { nextRow, digest }: ImportRecord,
): Promise<boolean> {
  for (let row = 1; row < nextRow; row++) {
    const next = await source.next();
    if (next.done === true) return false;
    seen.update(textOf(next.value));
  }
  return nextRow === 1 || seen.copy().digest('hex') === digest;
}

function textOf({ value, problem }: SourceRow): string {
  return `${JSON.stringify([value, problem])}\n`;
}
