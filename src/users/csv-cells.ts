// Cells of CSV (RFC 4180) that a spreadsheet may open: what it would take for a formula has an apostrophe before it, and loses it
// again when it is read.

const FORMULA = /^'*[=+\-@\t\r]/;
const ESCAPED = /^'+[=+\-@\t\r]/;

export function writeCell(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function readCell(cell: string): string {
  return ESCAPED.test(cell) ? cell.slice(1) : cell;
}
