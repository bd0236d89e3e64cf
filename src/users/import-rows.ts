// What an import is made of: rows of a CSV file or lines of NDJSON, read as they come, one row in memory at a time. What a row may
// hold is here; what becomes of it is import-users.ts's.

import type { Readable } from 'node:stream';

import { z } from 'zod';

import { profileShape } from '../admin/routes/user-shape.ts';
import { accepted, refused } from '../outcome.ts';
import type { Outcome } from '../outcome.ts';
import { canonicalAddress } from '../second-factors/contacts.ts';
import { readCell } from './csv-cells.ts';

export const IMPORT_TYPES = ['text/csv', 'application/x-ndjson'] as const;
export type ImportType = (typeof IMPORT_TYPES)[number];

/** Bytes of one row. */
const LONGEST_ROW = 64 * 1024;

const text = z.string().trim().min(1, 'may not be empty').max(500, 'is too long');
/** Spelt as it is kept: files from elsewhere have capitals in domains. */
const address = z.string().transform((typed, issues) => {
  const canonical = canonicalAddress(typed);
  if (canonical !== undefined) return canonical;
  issues.addIssue({ code: 'custom', message: 'is no mail address' });
  return z.NEVER;
});
const names = z.array(text).max(1000);
/** What an export says besides, and nobody can set. */
const ignored = z.unknown().optional();

/** What `createUser` takes. */
const profile = { ...profileShape.shape, email: address.optional() };

export const PROFILE_MEMBERS = z.object(profile).keyof().options;

export const importRow = z.strictObject({
  userName: z.string().trim().min(1, 'may not be empty').max(256),
  status: z.enum(['pending', 'complete', 'active', 'disabled', 'rejected']).optional(),
  ...profile,
  password: z.string().min(1).optional(),
  passwordHash: z.string().min(1).optional(),
  roles: names.optional(),
  groups: names.optional(),
  totpSecret: z
    .string()
    .transform((key) => key.toUpperCase().replace(/[\s=-]/g, ''))
    .pipe(z.string().regex(/^[A-Z2-7]{16,128}$/, 'is no secret in base32, of 80 bits at least'))
    .optional(),
  totpDigits: z.union([z.literal(6), z.literal(8)]).optional(),
  totpPeriod: z.union([z.literal(30), z.literal(60)]).optional(),
  totpAlgorithm: z.enum(['SHA1', 'SHA256', 'SHA512']).optional(),
  factorEmail: address.optional(),
  factorPhone: text.optional(),
  directory: text.optional(),
  id: ignored,
  stableId: ignored,
  dn: ignored,
  directoryState: ignored,
  createdAt: ignored,
  updatedAt: ignored,
  lastLoginAt: ignored,
});
export type ImportRow = z.infer<typeof importRow>;

export const IMPORT_COLUMNS = importRow.keyof().options;
type Column = (typeof IMPORT_COLUMNS)[number];

const LISTS: readonly string[] = ['roles', 'groups'];
const BOOLEANS: readonly string[] = ['emailVerified', 'phoneNumberVerified'];
const NUMBERS: readonly string[] = ['totpDigits', 'totpPeriod'];

/** A row as it was sent, unchecked; `problem` where it could not even be read. Counted from 1, without the header. */
export interface SourceRow {
  row: number;
  value: unknown;
  problem?: string;
}

/** The rest cannot be read: it is no CSV, or its sender has gone. */
export class UnreadableImport extends Error {
  override name = 'UnreadableImport';
}

/** Which columns of the header are none of ours, or there twice. */
export interface WrongColumns {
  columns: readonly string[];
}

/** The rows, once the header is known to be good; iterating throws `UnreadableImport`. */
export async function openRows(
  stream: Readable,
  type: ImportType,
): Promise<Outcome<AsyncIterable<SourceRow>, 'no-header'> | ({ ok: false; reason: 'wrong-columns' } & WrongColumns)> {
  if (type === 'application/x-ndjson') return accepted(rowsOfLines(stream));
  const parser = await parserOf(stream);
  const records = readable(parser)[Symbol.asyncIterator]();
  const first = await records.next();
  if (first.done === true) return refused('no-header');
  const header = z
    .array(z.string())
    .parse(first.value)
    .map((name) => name.trim());
  const columns = header.filter((name, index) => !isColumn(name) || header.indexOf(name) !== index);
  if (columns.length > 0 || !header.includes('userName')) {
    return { ...refused('wrong-columns'), columns: columns.length > 0 ? columns : ['userName'] };
  }
  return accepted(rowsOfRecords(records, header));
}

/** The stream is never destroyed here: of a request, that would take the last lines of the answer with it. */
async function parserOf(stream: Readable) {
  // Most processes never read a CSV file.
  const { parse } = await import('csv-parse');
  const parser = parse({ bom: true, relax_column_count: true, skip_empty_lines: true, max_record_size: LONGEST_ROW });
  stream.once('error', (error) => parser.destroy(error));
  const breakOff = () => {
    if (!stream.readableEnded) parser.destroy(new Error('the body broke off'));
  };
  stream.once('close', breakOff);
  // It may have gone while the parser was loaded.
  if (stream.destroyed) breakOff();
  return stream.pipe(parser);
}

function isColumn(name: string): name is Column {
  return IMPORT_COLUMNS.some((column) => column === name);
}

async function* readable(source: AsyncIterable<unknown>): AsyncGenerator<unknown, undefined> {
  try {
    yield* source;
  } catch (error) {
    throw new UnreadableImport(error instanceof Error ? error.message : String(error), { cause: error });
  }
  return undefined;
}

async function* rowsOfRecords(
  records: AsyncIterator<unknown, undefined>,
  header: readonly string[],
): AsyncGenerator<SourceRow, void> {
  for (let row = 1; ; row++) {
    const { value: record, done } = await records.next();
    if (done === true) return;
    const cells = z.array(z.string()).parse(record);
    if (cells.length === header.length) yield { row, value: valueOf(header, cells) };
    else yield { row, value: cells, problem: 'has another number of cells than the header' };
  }
}

/** An empty cell says nothing. */
function valueOf(header: readonly string[], cells: readonly string[]): object {
  const filled = header.flatMap((name, index) => {
    const cell = readCell(cells[index] ?? '');
    return cell === '' ? [] : [[name, typed(name, cell)] as const];
  });
  return Object.fromEntries(filled);
}

function typed(column: string, cell: string): unknown {
  if (LISTS.includes(column)) return listOf(cell);
  if (BOOLEANS.includes(column)) return { true: true, false: false }[cell.toLowerCase()] ?? cell;
  return NUMBERS.includes(column) && /^\d+$/.test(cell) ? Number(cell) : cell;
}

/** `a; b`, or a list in JSON for names with a semicolon. */
function listOf(cell: string): unknown {
  if (cell.startsWith('[')) return parseJson(cell) ?? cell;
  return cell
    .split(';')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

async function* rowsOfLines(stream: Readable): AsyncGenerator<SourceRow, void> {
  let row = 0;
  for await (const line of linesOf(stream)) {
    if (line !== undefined && line.trim() === '') continue;
    row += 1;
    yield readLine(row, line);
  }
}

function readLine(row: number, line: string | undefined): SourceRow {
  if (line === undefined) return { row, value: null, problem: `is longer than ${String(LONGEST_ROW)} bytes` };
  const value = parseJson(line);
  // JSON.parse makes it a member like any other, which a schema does not see.
  if (typeof value !== 'object' || value === null || Array.isArray(value) || Object.hasOwn(value, '__proto__')) {
    return { row, value: line, problem: 'is no JSON object' };
  }
  return { row, value };
}

/** Lines of UTF-8; undefined for one that is too long, which is passed over. */
async function* linesOf(stream: Readable): AsyncGenerator<string | undefined, void> {
  const decoder = new TextDecoder();
  let held: Buffer[] = [];
  let length = 0;
  const take = (): string | undefined => {
    const line = length > LONGEST_ROW ? undefined : decoder.decode(Buffer.concat(held));
    held = [];
    length = 0;
    return line;
  };
  const hold = (part: Buffer) => {
    length += part.length;
    if (length <= LONGEST_ROW) held.push(part);
    else held = [];
  };
  for await (const chunk of readable(stream.iterator({ destroyOnReturn: false }))) {
    const bytes = Buffer.from(z.union([z.string(), z.instanceof(Uint8Array)]).parse(chunk) as Uint8Array);
    let from = 0;
    for (let end = bytes.indexOf(10, from); end >= 0; end = bytes.indexOf(10, from)) {
      hold(bytes.subarray(from, end));
      yield take();
      from = end + 1;
    }
    hold(bytes.subarray(from));
  }
  if (length > 0) yield take();
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
