// Reads a list's filter: SCIM's grammar (RFC 7644 3.4.2.2) without `[…]`, over the fields that the list allows. One pass over the
// tokens, bounded in length, terms and depth, so that the worst filter costs what the best does.

import type { Filter, FilterValue, ListField, ListFields } from '../listing.ts';
import { tokensOf, unreadable } from './filter-tokens.ts';
import type { Token } from './filter-tokens.ts';
import type { Problem } from './problem.ts';

/** Characters, comparisons, and brackets in brackets. */
export const FILTER_BOUNDS = { characters: 1000, terms: 20, depth: 10 } as const;

const EVERYWHERE = ['eq', 'ne'] as const;
const ORDERED = [...EVERYWHERE, 'gt', 'ge', 'lt', 'le'] as const;
const OPERATORS = {
  text: [...ORDERED, 'co', 'sw', 'ew'],
  time: ORDERED,
  number: ORDERED,
  boolean: EVERYWHERE,
  id: EVERYWHERE,
} as const;

type Operator = (typeof OPERATORS)['text'][number];
/** With them, `null` means "has no value". */
const NULLABLE: readonly string[] = EVERYWHERE;

/** The operators that a field of this type takes, `pr` besides. */
export function operatorsOf({ type }: ListField): readonly Operator[] {
  return OPERATORS[type];
}

/** @throws Problem `invalid-filter` that says what is wrong, and where. */
export function parseFilter(text: string, fields: ListFields): Filter {
  const { characters, terms: mostTerms, depth: mostDepth } = FILTER_BOUNDS;
  if (text.length > characters) throw unreadable(`is longer than ${String(characters)} characters`);
  const tokens = tokensOf(text);
  let position = 0;
  let terms = 0;

  const peek = (): Token | undefined => tokens[position];
  const isNext = (word: string): boolean => {
    const token = peek();
    return token?.kind === 'word' && token.text.toLowerCase() === word;
  };
  const take = (expected: string): Token => {
    const token = tokens[position++];
    if (!token) throw unreadable(`ends where ${expected} is expected`);
    return token;
  };

  /** `and` binds closer than `or`. */
  const alternatives = (depth: number): Filter => joined('or', () => joined('and', () => term(depth)));

  function joined(op: 'and' | 'or', part: () => Filter): Filter {
    const first = part();
    if (!isNext(op)) return first;
    const of = [first];
    while (isNext(op)) {
      position++;
      of.push(part());
    }
    return { op, of };
  }

  function term(depth: number): Filter {
    if (isNext('not') && tokens[position + 1]?.kind === '(') {
      position++;
      return { op: 'not', of: term(depth) };
    }
    const token = take('a field');
    if (token.kind === '(') return inBrackets(depth + 1);
    if (token.kind !== 'word') throw unexpected(token, 'a field');
    if (++terms > mostTerms) throw unreadable(`has more than ${String(mostTerms)} comparisons`);
    return compared(token, fieldNamed(fields, token));
  }

  function inBrackets(depth: number): Filter {
    if (depth > mostDepth) throw unreadable(`has more than ${String(mostDepth)} brackets in each other`);
    const inner = alternatives(depth);
    const end = take('“)”');
    if (end.kind !== ')') throw unexpected(end, '“)”, “and” or “or”');
    return inner;
  }

  function compared({ text: field }: Token, declared: ListField): Filter {
    const token = take('an operator');
    const word = token.text.toLowerCase();
    if (token.kind === 'word' && word === 'pr') return { op: 'pr', field };
    const op = operatorsOf(declared).find((one) => token.kind === 'word' && one === word);
    if (!op) throw unexpected(token, `one of pr, ${operatorsOf(declared).join(', ')}`);
    return { op, field, value: valueOf(take('a value'), declared, op) };
  }

  const filter = alternatives(0);
  const rest = peek();
  if (rest) throw unexpected(rest, '“and”, “or” or the end');
  return filter;
}

function fieldNamed(fields: ListFields, token: Token): ListField {
  const field = Object.hasOwn(fields, token.text) ? fields[token.text] : undefined;
  if (!field) throw unexpected(token, `one of ${Object.keys(fields).join(', ')}`);
  return field;
}

/** RFC 3339, with its offset: a time without one would be read differently here and there. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

function valueOf(token: Token, { type }: ListField, op: Operator): FilterValue {
  const { kind, text } = token;
  if (kind === 'word' && text === 'null' && NULLABLE.includes(op)) return null;
  switch (type) {
    case 'text':
    case 'id':
      if (kind === 'string') return text;
      throw unexpected(token, 'a text in double quotes');
    case 'time':
      if (kind === 'string' && TIME.test(text) && !Number.isNaN(Date.parse(text))) return new Date(text);
      throw unexpected(token, 'a time in double quotes, as "2026-01-31T12:00:00Z"');
    case 'number':
      if (kind === 'word' && /^-?\d{1,15}$/.test(text)) return Number(text);
      throw unexpected(token, 'a whole number');
    case 'boolean':
      if (kind === 'word' && (text === 'true' || text === 'false')) return text === 'true';
      throw unexpected(token, 'true or false');
  }
}

function unexpected({ at }: Token, expected: string): Problem {
  return unreadable(`has something else at character ${String(at + 1)}, where ${expected} is expected`);
}
