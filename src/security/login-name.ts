// One spelling for every way of typing a login name: what is looked up, compared and counted is this and nothing else, so that
// capitals, fullwidth letters or stray spaces are neither a second identity nor a second budget of attempts.

import type { Outcome } from '../outcome.ts';
import { accepted, refused } from '../outcome.ts';

const LONGEST = 256;

/** Control, format and surrogate code points and line separators: invisible, or ignored by directories (RFC 4518 2.2). */
const UNTYPABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** NFKC, lower case by Unicode's rules and no locale's, one space for several, none around. */
export function normalizeLoginName(typed: string): Outcome<string, 'malformed'> {
  if (typed.length > LONGEST) return refused('malformed');
  // Composed a second time: J̌ has no single code point, and its lower case ǰ has one.
  const name = typed.normalize('NFKC').toLowerCase().normalize('NFKC').replace(/ +/g, ' ').trim();
  const wellFormed = name !== '' && name.length <= LONGEST && !UNTYPABLE.test(name);
  return wellFormed ? accepted(name) : refused('malformed');
}
