// Codes that are sent, whatever they are sent by: how one is made, kept and compared, and the factor that asks for it. The limits
// of sending are send-code.ts's, the words views/ has.

import { createHmac, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';

import { AppError } from '../errors.ts';
import { accepted, refused } from '../outcome.ts';
import type { Outcome } from '../outcome.ts';
import type {
  CodeMessage,
  ContactRejection,
  FactorPerson,
  FactorRejection,
  NewChallenge,
  Purpose,
  SecondFactor,
} from './second-factor.ts';

export interface CodeParameters {
  /** Digits. */
  length: number;
  /** Seconds that it can be used. */
  life: number;
}

/** What makes one way of sending differ from another. */
export interface CodeChannel {
  id: CodeMessage['channel'];
  /** RFC 8176. */
  amr: readonly string[];
  /** One spelling of a number or an address, and whether anything is sent there. */
  canonical(contact: string): Outcome<string, ContactRejection>;
  /** As it is shown to somebody who has yet to prove who they are. */
  mask(contact: string): string;
}

export function createCodeFactor({ id, amr, canonical, mask }: CodeChannel, parameters: CodeParameters): SecondFactor {
  function challenge(person: FactorPerson, purpose: Purpose, contact: string): Outcome<NewChallenge, ContactRejection> {
    const to = canonical(contact);
    if (!to.ok) return to;
    const code = newCode(parameters.length);
    return accepted({
      kept: keep(code, { ...bound(person), purpose, channel: id, to: to.value }),
      life: parameters.life,
      message: { channel: id, to: to.value, code },
    });
  }
  const check = (person: FactorPerson, purpose: Purpose, kept: string, answer: string) =>
    compare(kept, answer, { ...bound(person), purpose, channel: id });

  return {
    id,
    guessable: true,
    single: false,

    beginEnrolment: async (person, _owned, contact = '') => challenge(person, 'enrol', contact),
    presentEnrolment: async (_person, kept) => ({ factor: id, target: parse(kept).to }),
    async finishEnrolment(person, kept, answer) {
      const checked = check(person, 'enrol', kept, answer);
      if (!checked.ok) return checked;
      return accepted({ enrolment: { secret: parse(kept).to }, amr, use: { kind: 'challenge' } });
    },

    ask: async (person, [enrolment]) =>
      enrolment ? challenge(person, 'prove', enrolment.secret) : refused('unreachable'),
    present: ([enrolment], kept) => ({
      factor: id,
      target: mask(kept === undefined ? (enrolment?.secret ?? '') : parse(kept).to),
    }),
    async verify(person, owned, kept, answer) {
      // A number that was taken away in the meantime has no challenge open.
      const enrolment = kept === undefined ? undefined : owned.find(({ secret }) => secret === parse(kept).to);
      if (kept === undefined || !enrolment) return refused('expired');
      const checked = check(person, 'prove', kept, answer);
      return checked.ok ? accepted({ enrolmentId: enrolment.id, amr, use: { kind: 'challenge' } }) : checked;
    },
  };
}

/** What a code is good for, and nothing else. The login that it was sent in is the challenge's place (challenges.ts). */
interface Binding {
  tenantId: string;
  userId: string;
  purpose: Purpose;
  channel: CodeMessage['channel'];
  to: string;
}

function bound({ tenantId, userId }: FactorPerson): Pick<Binding, 'tenantId' | 'userId'> {
  return { tenantId, userId };
}

export function newCode(length: number): string {
  return Array.from({ length }, () => String(randomInt(10))).join('');
}

/** `<digits>:<salt>:<hash>:<to>`. So few digits are soon guessed from a hash: whoever keeps this encrypts it. */
function keep(code: string, binding: Binding): string {
  const salt = randomBytes(16);
  return [code.length, salt.toString('base64url'), hash(code, salt, binding).toString('base64url'), binding.to].join(
    ':',
  );
}

function compare(kept: string, answer: string, binding: Omit<Binding, 'to'>): Outcome<void, FactorRejection> {
  const { length, salt, expected, to } = parse(kept);
  const code = digitsOf(answer);
  if (code.length !== length || !/^[0-9]+$/.test(code)) return refused('malformed');
  return timingSafeEqual(hash(code, salt, { ...binding, to }), expected) ? accepted(undefined) : refused('wrong');
}

/** As people type a code, or paste it: in groups, with dashes, in fullwidth digits. */
function digitsOf(answer: string): string {
  return answer.normalize('NFKC').replace(/[\s\p{Pd}]/gu, '');
}

function hash(code: string, salt: Buffer, { tenantId, userId, purpose, channel, to }: Binding): Buffer {
  return createHmac('sha256', salt)
    .update(JSON.stringify([tenantId, userId, purpose, channel, to, code]))
    .digest();
}

function parse(kept: string): { length: number; salt: Buffer; expected: Buffer; to: string } {
  const [, length, salt, expected, to] = /^(\d+):([\w-]{22}):([\w-]{43}):(.+)$/.exec(kept) ?? [];
  if (salt === undefined || expected === undefined || to === undefined) {
    throw new AppError('internal_error', 500, 'A code that was sent cannot be read.', {
      cause: new Error('a kept one-time code is malformed'),
    });
  }
  return {
    length: Number(length),
    salt: Buffer.from(salt, 'base64url'),
    expected: Buffer.from(expected, 'base64url'),
    to,
  };
}
