// An answer of the admin API for a person at a terminal: a list as a table, one thing as lines.

/** Columns wider than this are cut; `--json` shows all. */
const WIDEST = 40;
const MOST_COLUMNS = 7;

export function shownOf(body: unknown): string {
  if (!isRecord(body)) return body === undefined ? '' : String(body);
  if (Array.isArray(body.items)) return listOf(body.items.filter(isRecord), body.nextPageToken);
  return linesOf(body).join('\n');
}

function listOf(items: readonly Record<string, unknown>[], nextPageToken: unknown): string {
  if (items.length === 0) return '(none)';
  const columns = columnsOf(items);
  const rows = [columns, ...items.map((item) => columns.map((column) => cell(item[column])))];
  const widths = columns.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((text, at) => text.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const more = typeof nextPageToken === 'string' ? ['', `There are more: --page-token ${nextPageToken}`] : [];
  return [...lines, ...more].join('\n');
}

/** Those that hold a plain value in some item, the first ones first. */
function columnsOf(items: readonly Record<string, unknown>[]): string[] {
  const names = new Set(items.flatMap((item) => Object.keys(item)));
  return [...names]
    .filter((name) => items.some((item) => name in item && !isRecord(item[name])))
    .slice(0, MOST_COLUMNS);
}

function cell(value: unknown): string {
  const text = plain(value);
  return text.length > WIDEST ? `${text.slice(0, WIDEST - 1)}…` : text;
}

function linesOf(record: Record<string, unknown>, indent = ''): string[] {
  return Object.entries(record).flatMap(([name, value]) => {
    if (isRecord(value)) return [`${indent}${name}:`, ...linesOf(value, `${indent}  `)];
    if (Array.isArray(value) && value.some(isRecord))
      return [`${indent}${name}:`, ...value.flatMap((one) => entryOf(one, indent))];
    return [`${indent}${name}: ${plain(value)}`];
  });
}

function entryOf(value: unknown, indent: string): string[] {
  if (!isRecord(value)) return [`${indent}  - ${plain(value)}`];
  return linesOf(value, `${indent}    `).map((line, at) => (at === 0 ? `${indent}  - ${line.trimStart()}` : line));
}

/** What a terminal would obey is shown, and not sent to it. */
function plain(value: unknown): string {
  if (value === undefined || value === null) return '';
  const text = Array.isArray(value)
    ? value.map(plain).join(', ')
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value);
  return text.replaceAll(/\p{Cc}/gu, '?');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
