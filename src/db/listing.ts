// Long lists, page by page, by keyset: a page costs the same wherever it is, and nothing that is added meanwhile moves it.
// The names of fields, operators and columns come from here or from an adapter; whatever a request says becomes a parameter.

import { Problem } from '../admin/problem.ts';
import { AppError } from '../errors.ts';
import type { ListRequest, Page, Position } from '../listing.ts';
import type { Database } from './database.ts';
import { filterSql, keyOf } from './listing-filter.ts';

/** One field of a list in SQL. `fold` for text that is compared without regard to letter case: then the index is on lower(…). */
export interface ListColumn {
  sql: string;
  type: 'text' | 'timestamptz' | 'boolean' | 'bigint' | 'uuid';
  /** The index has to be on `lower(<sql>) collate "C"`, which answers equality, order and prefixes. */
  fold?: boolean;
}

export interface Listed {
  /** `select …` with the columns, without `where`; no `distinct` and no `group by`. The row has to have `id`. */
  select: string;
  /** Conditions that always hold, with $1 … for `values`. */
  where: string;
  values: readonly unknown[];
  /** By the names that filter and sort use; `id` breaks ties. */
  columns: Readonly<Record<string, ListColumn>>;
}

/** A filter that no index answers may read so long, and no longer. Below two seconds with what comes around it. */
const LONGEST_MS = 1_800;
/** Rows that are read at once; of the largest kind, clients, they come to 13 MB. */
const BATCH = 200;
/** A page ends early once its rows come to so much, as JSON: whoever asks for the next page gets the rest. */
const MOST_BYTES = 4 * 1024 * 1024;
/** As members of a row are named in SQL: no column of ours has it. */
const KEY = 'list_key';

type Keyed<Row> = Row & { [KEY]: string | null };
type Run = <Row extends object>(text: string, values: readonly unknown[]) => Promise<Row[]>;

/** @throws Problem `invalid-filter` when what the filter asks for takes too long to find. */
export async function listRows<Row extends { id: string }>(
  db: Pick<Database, 'unitOfWork' | 'query' | 'queryOnce'>,
  listed: Listed,
  request: ListRequest,
): Promise<Page<Row>> {
  const { items, hasMore } = await (request.filter
    ? boundedInTime(db, (run) => readPage<Row>(run, listed, request))
    : readPage<Row>(db.queryOnce, listed, request));
  const last = items.at(-1);
  const next = hasMore && last ? positionOf(last) : undefined;
  for (const row of items) Reflect.deleteProperty(row, KEY);
  return { items, next };
}

/** One row more than there is room for tells whether there is another page. */
async function readPage<Row extends { id: string }>(
  run: Run,
  listed: Listed,
  { limit, ...request }: ListRequest,
): Promise<{ items: Keyed<Row>[]; hasMore: boolean }> {
  const items: Keyed<Row>[] = [];
  let bytes = 0;
  let { after } = request;
  for (;;) {
    const wanted = Math.min(limit + 1 - items.length, BATCH);
    const rows = await readRows<Row>(run, listed, { ...request, after }, wanted);
    for (const row of rows) {
      bytes += JSON.stringify(row).length;
      const isFull = items.length === limit || (items.length > 0 && bytes > MOST_BYTES);
      if (isFull) return { items, hasMore: true };
      items.push(row);
      after = positionOf(row);
    }
    if (rows.length < wanted) return { items, hasMore: false };
  }
}

function positionOf<Row extends { id: string }>({ [KEY]: value, id }: Keyed<Row>): Position {
  return { value, id };
}

/**
 * What has no value comes last in either direction, by a statement of its own: one statement for both could not be answered from
 * the index.
 */
async function readRows<Row extends { id: string }>(
  run: Run,
  listed: Listed,
  request: Omit<ListRequest, 'limit'>,
  wanted: number,
): Promise<Keyed<Row>[]> {
  const { after, sort } = request;
  const rows: Keyed<Row>[] = [];
  if (after?.value !== null) {
    const text = pageSql(listed, request, 'with-value', after);
    rows.push(...(await run<Keyed<Row>>(text.sql, [...text.values, wanted])));
  }
  if (rows.length === wanted || sort.field === 'id') return rows;
  const text = pageSql(listed, request, 'without-value', after?.value === null ? after : undefined);
  return [...rows, ...(await run<Keyed<Row>>(text.sql, [...text.values, wanted - rows.length]))];
}

/** The statement but for its last value, which is how many rows it may answer. */
function pageSql(
  { select, where, values: given, columns }: Listed,
  { filter, sort }: Omit<ListRequest, 'limit'>,
  part: 'with-value' | 'without-value',
  after: Position | undefined,
): { sql: string; values: unknown[] } {
  const values = [...given];
  const param = (value: unknown, type: string) => `$${String(values.push(value))}::${type}`;
  const id = columnNamed(columns, 'id');
  const column = columnNamed(columns, sort.field);
  const key = keyOf(column);
  const hasKey = part === 'with-value' && sort.field !== 'id';
  const conditions = [`(${where})`];
  if (sort.field !== 'id') conditions.push(`${key} is ${hasKey ? 'not null' : 'null'}`);
  if (filter) conditions.push(filterSql(filter, (name) => columnNamed(columns, name), param));

  const [than, order] = sort.descending ? ['<', 'desc'] : ['>', 'asc'];
  if (after && hasKey) {
    conditions.push(`(${key}, ${id.sql}) ${than} (${param(after.value, column.type)}, ${param(after.id, id.type)})`);
  } else if (after) {
    conditions.push(`${id.sql} ${than} ${param(after.id, id.type)}`);
  }
  const orders = [...(hasKey ? [`${key} ${order}`] : []), `${id.sql} ${order}`];
  const sql = [
    withKey(select, key),
    `where ${conditions.join(' and ')}`,
    `order by ${orders.join(', ')}`,
    `limit $${String(values.length + 1)}`,
  ].join('\n');
  return { sql, values };
}

/** As text, because a JavaScript Date would lose the microseconds of a time, and the next page with them. */
function withKey(select: string, key: string): string {
  const [, columns] = /^\s*select\s+([^]+)$/.exec(select) ?? [];
  if (columns === undefined) throw new Error(`a list has to begin with "select": ${select}`);
  return `select (${key})::text as ${KEY}, ${columns}`;
}

function columnNamed(columns: Listed['columns'], name: string): ListColumn {
  const column = Object.hasOwn(columns, name) ? columns[name] : undefined;
  if (!column) throw new Error(`a list has no column for ${name}`);
  return column;
}

async function boundedInTime<T>(
  db: Pick<Database, 'unitOfWork' | 'query' | 'queryOnce'>,
  read: (run: Run) => Promise<T>,
): Promise<T> {
  const end = performance.now() + LONGEST_MS;
  try {
    return await db.unitOfWork(() =>
      read(async (text, values) => {
        const left = Math.max(1, Math.round(end - performance.now()));
        await db.query(`select set_config('statement_timeout', $1, true)`, [String(left)]);
        return db.queryOnce(text, values);
      }),
    );
  } catch (error) {
    if (!hasTimedOut(error)) throw error;
    throw new Problem('invalid-filter', 'What this filter asks for takes too long to find: narrow it.', {
      cause: error,
      errors: [{ parameter: 'filter', detail: 'add a condition that few things meet, as eq or sw on a name' }],
    });
  }
}

/** `query_canceled`, by the statement time-out. */
function hasTimedOut(error: unknown): boolean {
  const cause = error instanceof AppError ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === '57014';
}
