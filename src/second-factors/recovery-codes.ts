// Codes to be kept on paper, for when nothing else is at hand: ten of them, shown once, stored as HMACs, each good for one use.
// Which of them are left is the store's to know; here a code is only made, spelt and hashed.

import { createHmac, randomInt } from 'node:crypto';

import { z } from 'zod';

import { accepted, refused } from '../outcome.ts';
import type { SecondFactor } from './second-factor.ts';

/** Crockford's base32: no I, L, O or U. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const CODES = 10;
/** 50 bits. */
const LENGTH = 10;

/** Seconds that they can be looked at, saved and confirmed. */
const LIFE = 30 * 60;

const AMR = ['otp'];

/** What the page posts once the person has them. */
const SAVED = 'saved';

/** `key`: the tenant's own (security/derived-secrets.ts), because 50 bits alone would not withstand a stolen table for ever. */
export function createRecoveryCodes({ key }: { key: Buffer }): SecondFactor {
  const hashOf = (code: string) => createHmac('sha256', key).update(code).digest('base64url');

  return {
    id: 'recovery-code',
    guessable: true,
    single: true,

    async beginEnrolment() {
      const codes = new Set<string>();
      while (codes.size < CODES) codes.add(newCode());
      return accepted({ kept: JSON.stringify([...codes]), life: LIFE });
    },

    presentEnrolment: async (_person, kept) => ({ factor: 'recovery-code', codes: codesOf(kept).map(grouped) }),

    async finishEnrolment(_person, kept, answer) {
      if (answer !== SAVED) return refused('malformed');
      const codeHashes = codesOf(kept).map(hashOf);
      return accepted({ enrolment: { secret: '', codeHashes }, use: { kind: 'challenge' } });
    },

    present: ([codes]) => ({ factor: 'recovery-code', remaining: codes?.remaining ?? 0 }),

    async verify(_person, [codes], _kept, answer) {
      const code = plain(answer);
      if (!codes || code === undefined) return refused('malformed');
      const use = { kind: 'recovery-code', enrolmentId: codes.id, codeHash: hashOf(code) } as const;
      return accepted({ enrolmentId: codes.id, amr: AMR, use });
    },
  };
}

function newCode(): string {
  return Array.from({ length: LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
}

function codesOf(kept: string): string[] {
  return z.array(z.string()).parse(JSON.parse(kept));
}

/** `7K3QX-0M2RB`, which is easier to copy by hand. */
function grouped(code: string): string {
  return `${code.slice(0, LENGTH / 2)}-${code.slice(LENGTH / 2)}`;
}

/** As people type it: in any case, with spaces and dashes anywhere, with look-alikes. Undefined for what cannot be one. */
function plain(answer: string): string | undefined {
  const typed = answer
    .normalize('NFKC')
    .toUpperCase()
    .replace(/[\s\p{Pd}]/gu, '');
  const code = typed.replace(/[IL]/g, '1').replace(/O/g, '0');
  const isCode = code.length === LENGTH && [...code].every((letter) => ALPHABET.includes(letter));
  return isCode ? code : undefined;
}
