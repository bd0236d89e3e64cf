// A list's filter in SQL. Every comparison is written so that an index on the column can answer it.

import type { Filter, FilterValue } from '../listing.ts';
import type { ListColumn } from './listing.ts';

/** Makes a value a parameter of this type, and answers how the statement names it. */
type Param = (value: unknown, type: string) => string;
type ColumnNamed = (name: string) => ListColumn;

/** What a column is compared and sorted by. */
export function keyOf({ sql, fold }: ListColumn): string {
  return fold ? `(lower(${sql}) collate "C")` : `(${sql})`;
}

/** A condition in brackets. Nothing equals what has no value, and `ne` and `not` hold for it. */
export function filterSql(filter: Filter, columnNamed: ColumnNamed, param: Param): string {
  switch (filter.op) {
    case 'and':
    case 'or':
      return `(${filter.of.map((each) => filterSql(each, columnNamed, param)).join(` ${filter.op} `)})`;
    case 'not':
      return `(${filterSql(filter.of, columnNamed, param)} is not true)`;
    case 'pr':
      return `(${keyOf(columnNamed(filter.field))} is not null)`;
    default:
      return `(${comparison(filter.op, columnNamed(filter.field), filter.value, param)})`;
  }
}

const OPERATORS = { gt: '>', ge: '>=', lt: '<', le: '<=' } as const;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

type Comparison = Extract<Filter, { field: string; value: FilterValue }>['op'];

function comparison(op: Comparison, column: ListColumn, value: FilterValue, param: Param): string {
  const key = keyOf(column);
  if (value === null) return `${key} is ${op === 'ne' ? 'not null' : 'null'}`;
  // No thing of ours has an id that is none.
  if (column.type === 'uuid' && !(typeof value === 'string' && UUID.test(value))) return op === 'ne' ? 'true' : 'false';
  const other = (text: unknown) => (column.fold ? `lower(${param(text, 'text')})` : param(text, column.type));
  switch (op) {
    case 'eq':
      return `${key} = ${other(value)}`;
    case 'ne':
      return `${key} is distinct from ${other(value)}`;
    case 'co':
      return `${key} like ${other(`%${literally(value)}%`)}`;
    case 'sw':
      return `${key} like ${other(`${literally(value)}%`)}`;
    case 'ew':
      return `${key} like ${other(`%${literally(value)}`)}`;
    default:
      return `${key} ${OPERATORS[op]} ${other(value)}`;
  }
}

/** Nothing in it stands for anything but itself. */
function literally(value: FilterValue): string {
  return String(value).replaceAll(/[\\%_]/g, String.raw`\$&`);
}
