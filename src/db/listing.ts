// Long lists, page by page, by keyset: a page costs the same wherever it is.

import type { ListRequest, Page } from '../listing.ts';
import type { Database } from './database.ts';

/** One field of a list in SQL. `fold` for text that is compared without regard to letter case: then the index is on lower(…). */
export interface ListColumn {
  sql: string;
  type: 'text' | 'timestamptz' | 'boolean' | 'bigint' | 'uuid';
  fold?: boolean;
}

export interface Listed {
  /** `select …` with the columns, without `where`. The row has to have `id`. */
  select: string;
  /** Conditions that always hold, with $1 … for `values`. */
  where: string;
  values: readonly unknown[];
  /** By the names that filter and sort use; `id` breaks ties. */
  columns: Readonly<Record<string, ListColumn>>;
}

export type ListRows = <Row extends { id: string }>(
  db: Database,
  listed: Listed,
  request: ListRequest,
) => Promise<Page<Row>>;
