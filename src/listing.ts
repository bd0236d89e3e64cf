// How a long list is asked for, page by page: what the admin API reads off a request (admin/list-query.ts) and an adapter turns into
// SQL (db/listing.ts).

/** SCIM's filter grammar (RFC 7644 3.4.2.2), checked: each field is one that the list may be filtered by, each value of its type. */
export type Filter =
  | { op: 'and' | 'or'; of: readonly Filter[] }
  | { op: 'not'; of: Filter }
  | { op: 'pr'; field: string }
  | { op: 'eq' | 'ne' | 'co' | 'sw' | 'ew' | 'gt' | 'ge' | 'lt' | 'le'; field: string; value: FilterValue };
export type FilterValue = string | number | boolean | Date | null;

/** Of the last item of a page: the next one begins after it. */
export interface Position {
  value: string | number | boolean | null;
  id: string;
}

export interface ListRequest {
  filter?: Filter | undefined;
  /** Ties are broken by the item's id. */
  sort: { field: string; descending: boolean };
  after?: Position | undefined;
  limit: number;
}

export interface Page<Item> {
  items: readonly Item[];
  /** Undefined on the last page. */
  next: Position | undefined;
}

/** What a field of a list may be compared with, and whether the list can be sorted by it: only where an index answers that. */
export interface ListField {
  type: 'text' | 'time' | 'boolean' | 'number' | 'id';
  sortable?: boolean;
  /** Letter case counts. Text is compared without regard to it unless told. */
  caseExact?: boolean;
}
export type ListFields = Readonly<Record<string, ListField>>;
