// The people who sign in, one after the other, each with an authenticator app whose codes can be used once.

import { generateSync } from 'otplib';

import { personName } from '../target.ts';
import type { People } from '../target.ts';

export interface Visitor {
  username: string;
  password: string;
  /** Where the person sits. */
  address: string;
  /** A code that this person has not used yet. @throws Error where the next one is not good yet. */
  code(): string;
}

/** Seconds of a time step (RFC 6238 4.1). */
const PERIOD = 30;

export interface Crowd {
  next(): Visitor;
}

/**
 * Everybody in turn. The server takes the code after the current one, too (RFC 6238 5.2), so that each person gets in twice at once,
 * and then every 30 s.
 */
export function createCrowd({ count, password, totpSecret }: People): Crowd {
  const lastSteps = new Map<number, number>();
  const codes = new Map<number, string>();
  let turn = 0;

  function codeAt(step: number): string {
    const known = codes.get(step);
    if (known !== undefined) return known;
    const code = generateSync({ secret: totpSecret, period: PERIOD, epoch: step * PERIOD });
    codes.set(step, code);
    return code;
  }

  function codeOf(number: number): string {
    const current = Math.floor(Date.now() / 1000 / PERIOD);
    const step = Math.max((lastSteps.get(number) ?? 0) + 1, current);
    if (step > current + 1) throw new Error(`${count} people are too few for this rate; try --people ${count * 2}`);
    lastSteps.set(number, step);
    return codeAt(step);
  }

  return {
    next() {
      const number = turn++ % count;
      return {
        username: personName(number),
        password,
        address: `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`,
        code: () => codeOf(number),
      };
    },
  };
}
