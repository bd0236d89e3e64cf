// The words of a filter: texts in double quotes as JSON has them, brackets, and everything else up to a space or bracket.

import { isStorable } from './checked.ts';
import { Problem } from './problem.ts';

export interface Token {
  /** `string`: `text` is what the quotes and escapes mean. */
  kind: 'word' | 'string' | '(' | ')';
  text: string;
  /** Where it begins. */
  at: number;
}

const SPACE = /\s*/y;
const BRACKET = /[()]/y;
/** Each character begins one alternative only, so there is one way to read it. */
const STRING = /"(?:[^"\\]|\\.)*"/sy;
const WORD = /[^\s()"]+/y;

export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const [found] = pattern.exec(text) ?? [];
    at += found?.length ?? 0;
    return found;
  };
  for (match(SPACE); at < text.length; match(SPACE)) {
    const begin = at;
    const bracket = match(BRACKET);
    if (bracket !== undefined) {
      tokens.push({ kind: bracket === '(' ? '(' : ')', text: bracket, at: begin });
      continue;
    }
    const quoted = match(STRING);
    if (quoted !== undefined) tokens.push({ kind: 'string', text: unquoted(quoted, begin), at: begin });
    else tokens.push({ kind: 'word', text: match(WORD) ?? unclosed(begin), at: begin });
  }
  return tokens;
}

/** @throws Problem for what JSON does not know, and for what no text that is stored here has in it. */
function unquoted(quoted: string, at: number): string {
  const text = asJson(quoted);
  if (text === undefined) throw unreadable(`has a text at character ${String(at + 1)} that is none in JSON`);
  if (!isStorable(text)) {
    throw unreadable(`has a text at character ${String(at + 1)} that cannot be stored, so nothing has it`);
  }
  return text;
}

function asJson(quoted: string): string | undefined {
  try {
    const value: unknown = JSON.parse(quoted);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

function unclosed(at: number): never {
  throw unreadable(`has a text at character ${String(at + 1)} that does not end`);
}

/** @param detail goes on from "the filter". */
export function unreadable(detail: string): Problem {
  return new Problem('invalid-filter', `The filter ${detail}.`, { errors: [{ parameter: 'filter', detail }] });
}
