// Search filters (RFC 4511 4.5.1.7): read from the wire, and answered of one entry.

import { comparableDn, parseDn } from '../../directory/distinguished-name.ts';
import type { BerCursor } from '../../directory/ldap/ber.ts';
import { MalformedMessage, readAll } from '../../directory/ldap/ber.ts';
import { comparable, decodeValue, isPassword } from './attributes.ts';
import type { Entry } from './entry.ts';
import type { DirectoryTree } from './tree.ts';

export type Filter =
  | { kind: 'and' | 'or'; filters: readonly Filter[] }
  | { kind: 'not'; filter: Filter }
  | { kind: 'present'; attribute: string }
  /** `form` is the value in the form in which equal ones are equal (attributes.ts). */
  | { kind: Comparison; attribute: string; form: string }
  | { kind: 'substrings'; attribute: string; initial: string; any: readonly string[]; final: string }
  | { kind: 'extensible'; attribute: string; value: string; rule: string; dnAttributes: boolean };

const MAX_DEPTH = 30;

/** Microsoft's LDAP_MATCHING_RULE_IN_CHAIN: membership through any number of groups. */
const IN_CHAIN = '1.2.840.113556.1.4.1941';
/** caseExactMatch (RFC 4517 4.2.4). */
const CASE_EXACT = '2.5.13.5';

/** @throws MalformedMessage, also on one nested more than 30 deep. */
export function readFilter(cursor: BerCursor, depth = 0): Filter {
  if (depth > MAX_DEPTH) throw new MalformedMessage('a filter nested too deep');
  const tag = cursor.peek() ?? 0;
  if (tag === 0x87) return { kind: 'present', attribute: cursor.text(tag) };
  const content = cursor.enter(tag);
  switch (tag) {
    case 0xa0:
    case 0xa1:
      return { kind: tag === 0xa0 ? 'and' : 'or', filters: readAll(content, (inner) => readFilter(inner, depth + 1)) };
    case 0xa2:
      return { kind: 'not', filter: readFilter(content, depth + 1) };
    case 0xa3:
    case 0xa8: // approxMatch may be answered as equality (RFC 4511 4.5.1.7.6)
      return readAssertion('equal', content);
    case 0xa4:
      return readSubstrings(content);
    case 0xa5:
      return readAssertion('greaterOrEqual', content);
    case 0xa6:
      return readAssertion('lessOrEqual', content);
    case 0xa9:
      return readExtensible(content);
    default:
      throw new MalformedMessage(`a filter of kind 0x${tag.toString(16)}`);
  }
}

type Comparison = 'equal' | 'greaterOrEqual' | 'lessOrEqual';

function readAssertion(kind: Comparison, content: BerCursor): Filter {
  const attribute = content.text();
  return assertion(kind, attribute, decodeValue(attribute, content.bytes()));
}

/** An attribute and a value that it is compared with. */
export function assertion(kind: Comparison, attribute: string, value: string): Filter {
  return { kind, attribute, form: comparable(attribute, value) };
}

function readSubstrings(content: BerCursor): Filter {
  const attribute = content.text();
  const parts = readAll(content.enter(), (list) => {
    const tag = list.peek() ?? 0;
    return { tag, text: list.text(tag) };
  });
  const textsOf = (tag: number): string[] => parts.filter((part) => part.tag === tag).map(({ text }) => text);
  const [initial = ''] = textsOf(0x80);
  const [final = ''] = textsOf(0x82);
  return { kind: 'substrings', attribute, initial, any: textsOf(0x81), final };
}

function readExtensible(content: BerCursor): Filter {
  const optional = (tag: number): string => (content.peek() === tag ? content.text(tag) : '');
  const rule = optional(0x81);
  const attribute = optional(0x82);
  const value = content.text(0x83);
  const dnAttributes = content.more && content.boolean(0x84);
  return { kind: 'extensible', attribute, value, rule, dnAttributes };
}

/** What a schema would call undefined is false here, below a `not` too. No filter tells anything of a password. */
export function matches(tree: DirectoryTree, entry: Entry, filter: Filter): boolean {
  switch (filter.kind) {
    case 'and':
      return filter.filters.every((part) => matches(tree, entry, part));
    case 'or':
      return filter.filters.some((part) => matches(tree, entry, part));
    case 'not':
      return !matches(tree, entry, filter.filter);
    case 'extensible':
      return matchesRule(tree, entry, filter);
    default:
      return !isPassword(filter.attribute) && matchesValues(tree, entry, filter);
  }
}

type ValueFilter = Extract<Filter, { kind: 'present' | 'equal' | 'greaterOrEqual' | 'lessOrEqual' | 'substrings' }>;

function matchesValues(tree: DirectoryTree, entry: Entry, filter: ValueFilter): boolean {
  const { kind, attribute } = filter;
  if (kind === 'equal') return tree.hasForm(entry, attribute, filter.form);
  const values = tree.values(entry, attribute);
  if (kind === 'present') return values.length > 0;
  if (kind === 'substrings') return values.some((value) => hasSubstrings(value, filter));
  const orders = values.map((value) => compare(comparable(attribute, value), filter.form));
  return orders.some((order) => (kind === 'greaterOrEqual' ? order >= 0 : order <= 0));
}

/** Whole numbers by size, everything else (generalized times too) by its characters. */
function compare(a: string, b: string): number {
  const numbers = /^-?\d{1,15}$/.test(a) && /^-?\d{1,15}$/.test(b);
  if (numbers) return Number(a) - Number(b);
  return a === b ? 0 : a < b ? -1 : 1;
}

function hasSubstrings(value: string, { initial, any, final }: Extract<Filter, { kind: 'substrings' }>): boolean {
  const text = fold(value);
  if (!text.startsWith(fold(initial))) return false;
  let from = fold(initial).length;
  for (const part of any.map(fold)) {
    const at = text.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return text.length - fold(final).length >= from && text.endsWith(fold(final));
}

/** As in distinguished-name.ts, but a part of a value may begin and end in spaces. */
function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}

function matchesRule(tree: DirectoryTree, entry: Entry, filter: Extract<Filter, { kind: 'extensible' }>): boolean {
  const { attribute, value, rule, dnAttributes } = filter;
  if (isPassword(attribute)) return false;
  if (rule === IN_CHAIN) return isInChain(tree, entry, attribute.toLowerCase(), value);
  if (rule !== '' && rule !== CASE_EXACT) return false;
  const names = attribute === '' ? [...entry.attributes.keys()].filter((name) => !isPassword(name)) : [attribute];
  const own = names.flatMap((name) => tree.values(entry, name).map((text) => [name, text] as const));
  const inDn = dnAttributes ? parseDn(entry.dn).flat() : [];
  const named = inDn.filter(({ type }) => attribute === '' || type.toLowerCase() === attribute.toLowerCase());
  return [...own, ...named.map((part) => [part.type, part.value] as const)].some(([name, text]) =>
    rule === CASE_EXACT ? text === value : comparable(name, text) === comparable(name, value),
  );
}

/** Groups that somebody is in however indirectly (`member`), or people who are in a group (`memberOf`). */
function isInChain(tree: DirectoryTree, entry: Entry, attribute: string, value: string): boolean {
  const key = comparableDn(value);
  if (attribute === 'memberof') return [...tree.allGroups(entry.key)].some((group) => group.key === key);
  return attribute === 'member' && tree.allGroups(key).has(entry);
}
