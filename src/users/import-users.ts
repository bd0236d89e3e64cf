// Many users from a file: rows are applied in batches, each in a transaction of its own that also says how far the import has come,
// so that the same file sent again goes on from there and no row is applied twice. Accounts that live here are made and changed;
// a directory's people never are. It gives roles and memberships and takes none away.

import { createHash } from 'node:crypto';

import { v7 as uuidv7 } from 'uuid';

import type { AuditEvent } from '../audit/audit.ts';
import { AppError } from '../errors.ts';
import { accepted, refused } from '../outcome.ts';
import type { Outcome } from '../outcome.ts';
import type { Tenant } from '../tenants/tenants.ts';
import { batchesOf, passOver } from './import-batches.ts';
import type { BatchRow, Digest } from './import-batches.ts';
import type { Candidate, RowError } from './import-candidates.ts';
import { UnreadableImport } from './import-rows.ts';
import type { SourceRow } from './import-rows.ts';
import type { Counts, UserImports } from './user-imports.ts';
import type { User } from './users.ts';

export type OnExisting = 'update' | 'skip' | 'fail';

/** Whether whoever imports may do what a row asks; each answers why not, undefined where they may. */
export interface ImportGuard {
  /** Whether they may still import at all, asked before each batch. */
  goOn(): Promise<string | undefined>;
  giveRoles(roles: readonly string[]): Promise<string | undefined>;
  join(groupId: string): Promise<string | undefined>;
  /** `leaves`: the account would not be active any more. */
  change(user: User, leaves: boolean): Promise<string | undefined>;
  /** Second factors. */
  addFactors(): string | undefined;
}

export interface ImportRequest {
  tenant: Tenant;
  rows: AsyncIterable<SourceRow>;
  actor: AuditEvent['actor'];
  guard: ImportGuard;
  onExisting: OnExisting;
  /** Nothing is written, and there is no way to go on. */
  dryRun: boolean;
  /** The import that this goes on with. */
  importId?: string | undefined;
}

export interface RowReport {
  row: number;
  outcome: keyof Counts;
  id?: string;
  userName?: string;
  errors?: RowError[];
}

/** The first and the last line are not of a row. */
export type ImportLine =
  | { import: { importId: string | null; nextRow: number } }
  | RowReport
  | { summary: Counts & { importId: string | null; rows: number; dryRun: boolean } }
  | { error: { code: string; detail: string; importId: string | null; nextRow: number } };

/** `other-file`: what was applied already were other rows. */
export type ResumeRefusal = 'unknown-import' | 'finished' | 'other-file';

export type ImportUsers = (request: ImportRequest) => Promise<Outcome<AsyncIterable<ImportLine>, ResumeRefusal>>;

export interface BatchRequest extends Omit<ImportRequest, 'rows' | 'importId'> {
  batch: readonly Candidate[];
  /** In the transaction in which the batch is applied. */
  within(reports: readonly RowReport[]): Promise<void>;
}

/** Applies candidates of different names; one report for each. */
export type ApplyBatch = (request: BatchRequest) => Promise<RowReport[]>;

export interface ImportUsersDeps {
  imports: Pick<UserImports, 'begin' | 'find' | 'takeTurn' | 'advance'>;
  applyBatch: ApplyBatch;
  audit: { record(event: AuditEvent): Promise<void> };
  db: { unitOfWork<T>(work: () => Promise<T>): Promise<T> };
  /** Hears of faults, of which the report says no more than that there was one. */
  onFault(error: unknown): void;
}

const NONE: Counts = { created: 0, updated: 0, unchanged: 0, failed: 0 };

export function createImportUsers(deps: ImportUsersDeps): ImportUsers {
  const { imports } = deps;

  return async (request) => {
    const { tenant, dryRun, importId, rows } = request;
    const source = rows[Symbol.asyncIterator]();
    const seen = createHash('sha256');
    if (importId === undefined) {
      const id = dryRun ? undefined : uuidv7();
      if (id !== undefined) await imports.begin(tenant.id, id);
      return accepted(run(request, { id, source, seen, nextRow: 1, counts: NONE }));
    }
    const known = await imports.find(tenant.id, importId);
    if (!known) return refused('unknown-import');
    if (known.state === 'done') return refused('finished');
    const isSame = await passOver(source, seen, known);
    return isSame
      ? accepted(run(request, { id: importId, source, seen, nextRow: known.nextRow, counts: known }))
      : refused('other-file');
  };

  interface Progress {
    id: string | undefined;
    source: AsyncIterator<SourceRow>;
    /** Digest of all rows so far. */
    seen: Digest;
    nextRow: number;
    counts: Counts;
  }

  async function* run(
    request: ImportRequest,
    { id, source, seen, nextRow, counts }: Progress,
  ): AsyncGenerator<ImportLine> {
    const { tenant, dryRun } = request;
    const importId = id ?? null;
    let at = nextRow;
    const total = {
      created: counts.created,
      updated: counts.updated,
      unchanged: counts.unchanged,
      failed: counts.failed,
    };
    yield { import: { importId, nextRow } };
    try {
      for await (const batch of batchesOf(tenant, source, seen)) {
        const reason = await request.guard.goOn();
        if (reason !== undefined) throw new MayNoLonger(reason);
        const reports = await applyOnce(request, id, at, batch, seen);
        at += batch.length;
        for (const { outcome } of reports) total[outcome] += 1;
        yield* reports;
      }
      if (id !== undefined) await finish(request, id, at, seen, total);
      yield { summary: { importId, rows: at - 1, dryRun, ...total } };
    } catch (fault) {
      if (id !== undefined) await breakOff(tenant, id, at);
      yield { error: { ...toldOf(fault), importId, nextRow: at } };
    } finally {
      await source.return?.();
    }
  }

  /** The rows that cannot be applied count as applied, too: their report is the same whenever it is made. */
  async function applyOnce(
    request: ImportRequest,
    id: string | undefined,
    at: number,
    batch: readonly BatchRow[],
    seen: Progress['seen'],
  ): Promise<RowReport[]> {
    const digest = seen.copy().digest('hex');
    const failed = batch.flatMap((one) => (one.ok ? [] : [one.report]));
    const within = async (reports: readonly RowReport[]) => {
      if (id === undefined) return;
      const { tenant } = request;
      if (!(await imports.takeTurn(tenant.id, id, at))) throw new TakenOver();
      const progress = { nextRow: at + batch.length, digest, state: 'running' } as const;
      await imports.advance(tenant.id, id, { ...progress, counts: countsOf([...reports, ...failed]) });
    };
    const candidates = batch.flatMap((one) => (one.ok ? [one.candidate] : []));
    const reports = await deps.applyBatch({ ...request, batch: candidates, within });
    return [...reports, ...failed].sort((one, other) => one.row - other.row);
  }

  async function finish(
    { tenant, actor }: ImportRequest,
    id: string,
    nextRow: number,
    seen: Progress['seen'],
    total: Counts,
  ): Promise<void> {
    await deps.db.unitOfWork(async () => {
      const digest = seen.copy().digest('hex');
      if (!(await imports.takeTurn(tenant.id, id, nextRow))) throw new TakenOver();
      await imports.advance(tenant.id, id, { nextRow, digest, state: 'done', counts: NONE });
      const subject = { kind: 'tenant', id: tenant.id } as const;
      const detail = { import: id, rows: nextRow - 1, ...total };
      await deps.audit.record({ type: 'users.imported', tenantId: tenant.id, actor, subject, detail });
    });
  }

  /** Best effort: what is committed says where to go on in any case. */
  async function breakOff({ id: tenantId }: Tenant, id: string, nextRow: number): Promise<void> {
    try {
      const known = await imports.find(tenantId, id);
      if (known?.nextRow !== nextRow || known.state === 'done') return;
      await imports.advance(tenantId, id, { nextRow, digest: known.digest, state: 'failed', counts: NONE });
    } catch (error) {
      deps.onFault(error);
    }
  }

  function toldOf(fault: unknown): { code: string; detail: string } {
    if (fault instanceof UnreadableImport) return { code: 'unreadable', detail: fault.message };
    if (fault instanceof TakenOver) return { code: 'conflict', detail: fault.message };
    if (fault instanceof MayNoLonger) return { code: 'permission-denied', detail: fault.message };
    deps.onFault(fault);
    if (fault instanceof AppError) return { code: fault.code, detail: fault.publicMessage };
    return { code: 'internal_error', detail: 'Something went wrong on our side.' };
  }
}

class TakenOver extends Error {
  override name = 'TakenOver';
  override message = 'Another request goes on with this import.';
}

class MayNoLonger extends Error {
  override name = 'MayNoLonger';
}

function countsOf(reports: readonly RowReport[]): Counts {
  const counts = { ...NONE };
  for (const { outcome } of reports) counts[outcome] += 1;
  return counts;
}
