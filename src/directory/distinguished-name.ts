// Distinguished names (RFC 4514): taken apart, and brought to one form in which two spellings of one name are equal.

/** One `type=value`, unescaped, in the spelling it came in. */
export interface NamePart {
  type: string;
  value: string;
}
/** A relative name: one part, or several joined by `+`. */
export type Rdn = readonly NamePart[];
/** The entry's own name first, its parents after it; empty for the root. */
export type Dn = readonly Rdn[];

export class InvalidDn extends Error {
  constructor(dn: string) {
    super(`not a distinguished name: ${JSON.stringify(dn.slice(0, 200))}`);
    this.name = 'InvalidDn';
  }
}

const TYPE = /\s*([A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)*)\s*=[ ]*/y;
/** In the quotes that RFC 2253 still allowed, or with its specials escaped. The alternatives exclude each other: linear. */
const VALUE = /"((?:[^"\\]|\\[^])*)"[ ]*|((?:[^\\",;+\0]|\\(?:[0-9a-fA-F]{2}|[ "#+,;<=>\\]))*)/y;

/** @throws InvalidDn */
export function parseDn(text: string): Dn {
  if (text.trim() === '') return [];
  const rdns: NamePart[][] = [];
  let separator: string | undefined = ',';
  let at = 0;
  const next = (pattern: RegExp): RegExpExecArray => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (!match) throw new InvalidDn(text);
    at = pattern.lastIndex;
    return match;
  };
  while (separator !== undefined) {
    const [, type = ''] = next(TYPE);
    const [, quoted, plain = ''] = next(VALUE);
    const part = { type, value: unescape(quoted ?? withoutTrailingSpaces(plain)) };
    if (separator === '+') rdns.at(-1)?.push(part);
    else rdns.push([part]);
    separator = text[at++];
    if (separator !== undefined && !',;+'.includes(separator)) throw new InvalidDn(text);
  }
  return rdns;
}

/** The first of them may be escaped. Not by a pattern, which would start anew at every space within the value. */
function withoutTrailingSpaces(value: string): string {
  let end = value.length;
  while (value[end - 1] === ' ') end -= 1;
  let backslashes = 0;
  while (value[end - 1 - backslashes] === '\\') backslashes += 1;
  return value.slice(0, end + (backslashes % 2));
}

function unescape(raw: string): string {
  return raw.replace(/(?:\\[0-9a-fA-F]{2})+|\\([^])/g, (escape, character: string | undefined) => {
    return character ?? Buffer.from(escape.replaceAll('\\', ''), 'hex').toString();
  });
}

/** The form to compare DNs by; it is a DN itself. Values are compared without case, as nearly every naming attribute is. */
export function dnKey(dn: Dn): string {
  const folded = dn.map((rdn) => rdn.map(({ type, value }) => ({ type: type.toLowerCase(), value: prepare(value) })));
  return formatDn(folded.map((rdn) => rdn.sort((a, b) => (a.type + a.value < b.type + b.value ? -1 : 1))));
}

export function formatDn(dn: Dn): string {
  return dn.map((rdn) => rdn.map(({ type, value }) => `${type}=${escape(value)}`).join('+')).join(',');
}

/** @throws InvalidDn */
export function normaliseDn(text: string): string {
  return dnKey(parseDn(text));
}

/** Like normaliseDn, for text that somebody else wrote: what is no DN stays as it is, and equals nothing else. */
export function comparableDn(text: string): string {
  try {
    return normaliseDn(text);
  } catch {
    return text;
  }
}

export function isDn(text: string): boolean {
  try {
    return parseDn(text).length > 0;
  } catch {
    return false;
  }
}

/** A value as caseIgnoreMatch compares it (RFC 4518 2): width and case folded, spaces trimmed and run together. */
export function prepare(value: string): string {
  return value.normalize('NFKC').toLowerCase().trim().replace(/\s+/g, ' ');
}

function escape(value: string): string {
  return value.replace(/^[# ]|[\\",;+<>=]| $/g, '\\$&').replaceAll('\0', '\\00');
}
