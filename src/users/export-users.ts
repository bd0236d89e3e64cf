// Everything that is known of a tenant's people but what would sign somebody in, in an order in which it can be imported again.

import { IMPORT_COLUMNS } from './import-rows.ts';
import { writeCell } from './csv-cells.ts';

/** A member of its import's row each; those of a directory besides, for its people. Left out where there is none. */
export type ExportedUser = { id: string } & Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

export interface UserExport {
  /** The next ones by id, after the one that is given; none after the last. */
  after(tenantId: string, userId: string | undefined): Promise<ExportedUser[]>;
}

export const EXPORT_FORMATS = ['ndjson', 'csv'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** What nobody is shown, or an import alone has. */
const NOT_EXPORTED: readonly string[] = [
  ...['password', 'passwordHash', 'factorEmail', 'factorPhone'],
  ...['totpSecret', 'totpDigits', 'totpPeriod', 'totpAlgorithm'],
];
const COLUMNS = IMPORT_COLUMNS.filter((column) => !NOT_EXPORTED.includes(column));

/** @param goOn asked before each batch: why whoever exports may not do so any longer, which is the last line then. */
export async function* exportUsers(
  users: UserExport,
  tenantId: string,
  format: ExportFormat,
  goOn: () => Promise<string | undefined>,
): AsyncGenerator<string> {
  if (format === 'csv') yield `${COLUMNS.join(',')}\r\n`;
  const write = format === 'csv' ? csvRow : (user: ExportedUser) => `${JSON.stringify(user)}\n`;
  let last: string | undefined;
  do {
    const reason = await goOn();
    if (reason !== undefined) {
      const error = { code: 'permission-denied', detail: reason };
      yield format === 'csv' ? `${writeCell(`error: ${reason}`)}\r\n` : `${JSON.stringify({ error })}\n`;
      return;
    }
    const batch = await users.after(tenantId, last);
    if (batch.length > 0) yield batch.map(write).join('');
    last = batch.at(-1)?.id;
  } while (last !== undefined);
}

function csvRow(user: ExportedUser): string {
  return `${COLUMNS.map((column) => writeCell(textOf(user[column]))).join(',')}\r\n`;
}

function textOf(value: ExportedUser[string]): string {
  if (value === undefined) return '';
  if (typeof value !== 'object') return String(value);
  const isPlain = value.every((name) => !name.includes(';') && name === name.trim()) && !value[0]?.startsWith('[');
  return isPlain ? value.join(';') : JSON.stringify(value);
}
