// LDIF (RFC 2849) as far as a seed needs it: entries, folded lines, base64, comments. No changes, no URLs.

import { decodeValue } from './attributes.ts';

export interface LdifEntry {
  dn: string;
  attributes: readonly { name: string; values: readonly string[] }[];
}

/** @throws Error that quotes the line it cannot read. */
export function parseLdif(text: string): LdifEntry[] {
  return text
    .replaceAll('\r\n', '\n')
    .replaceAll('\n ', '')
    .split(/\n{2,}/)
    .map((block) => block.split('\n').filter((line) => line !== '' && !/^(?:#|version:)/.test(line)))
    .filter((lines) => lines.length > 0)
    .map(parseEntry);
}

function parseEntry(lines: readonly string[]): LdifEntry {
  const [named, ...attributes] = lines.map(parseLine);
  if (named?.[0].toLowerCase() !== 'dn') throw new Error(`an LDIF entry begins with dn:, not with ${lines[0]}`);
  const byName = Map.groupBy(attributes, ([name]) => name.toLowerCase()).values();
  return {
    dn: named[1],
    attributes: [...byName].map((same) => ({ name: same[0]?.[0] ?? '', values: same.map(([, value]) => value) })),
  };
}

function parseLine(line: string): [string, string] {
  const [, name, separator, value = ''] = /^([A-Za-z][A-Za-z0-9;-]*)(::?) *(.*)$/.exec(line) ?? [];
  if (name === undefined || value.startsWith('<')) throw new Error(`not a line of LDIF: ${line}`);
  return [name, separator === '::' ? decodeValue(name, Buffer.from(value, 'base64')) : value];
}
