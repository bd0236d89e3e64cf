// Which passwords may be kept here (NIST SP 800-63B 3.1.1.2): long enough, and not what a guesser tries first. No composition
// rules. Hashing is password-hash.ts's.

import { dictionary } from '@zxcvbn-ts/language-common';

import type { Outcome } from '../outcome.ts';
import { accepted, refused } from '../outcome.ts';

/** `common`: on the list of leaked passwords, or such a one dressed up. `personal`: little more than names known here. */
export type PasswordWeakness = 'too-short' | 'too-long' | 'common' | 'personal';

export interface PasswordContext {
  /** A second factor is asked for as well, so the password need not stand alone. */
  withSecondFactor: boolean;
  /** Names that a guesser knows: the tenant's, and the person's own (login name, names, mail address). */
  knownWords: readonly string[];
}

/** In characters (Unicode code points). */
export const PASSWORD_LENGTH = { alone: 15, withSecondFactor: 8, longest: 256 } as const;

const SHORTEST_WORD = 4;
/** Made when first asked for: most processes never are, and it is 3 MB. */
let common: ReadonlySet<string> | undefined;

export function checkPassword(password: string, context: PasswordContext): Outcome<undefined, PasswordWeakness> {
  const length = lengthOf(password.normalize('NFC'));
  const shortest = context.withSecondFactor ? PASSWORD_LENGTH.withSecondFactor : PASSWORD_LENGTH.alone;
  if (length < shortest) return refused('too-short');
  if (length > PASSWORD_LENGTH.longest) return refused('too-long');

  const folded = fold(password);
  if (isCommon(folded)) return refused('common');
  if (isPersonal(folded, context.knownWords)) return refused('personal');
  return accepted(undefined);
}

/** A listed password as it is, written several times over, or with digits and signs around it to reach the length. */
function isCommon(folded: string): boolean {
  const unit = folded.slice(0, (folded + folded).indexOf(folded, 1));
  const [core = folded] = /\p{L}.*\p{L}/su.exec(folded) ?? [];
  const listed = (common ??= new Set(dictionary['passwords-common']));
  return [folded, unit, core].some((form) => listed.has(form)) || lengthOf(unit) <= 2;
}

/** What is left without the known words must still be long enough to stand beside a second factor. */
function isPersonal(folded: string, knownWords: readonly string[]): boolean {
  const words = knownWords
    .flatMap((word) => [fold(word), ...fold(word).split(/[^\p{L}\p{N}]+/u)])
    .filter((word) => lengthOf(word) >= SHORTEST_WORD)
    .sort((a, b) => b.length - a.length);
  const rest = words.reduce((text, word) => text.replaceAll(word, ''), folded);
  return rest !== folded && lengthOf(rest) < PASSWORD_LENGTH.withSecondFactor;
}

function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}

function lengthOf(text: string): number {
  return [...text].length;
}
