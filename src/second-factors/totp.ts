// Time-based one-time passwords (RFC 6238) from an authenticator app. That a time step is accepted only once is prove.ts's and
// the store's to decide; here it is only named.

import { generateSecret, generateURI, verifySync } from 'otplib';
import QRCode from 'qrcode';

import { epochSeconds } from '../epoch-seconds.ts';
import { AppError } from '../errors.ts';
import type { Outcome } from '../outcome.ts';
import { accepted, refused } from '../outcome.ts';
import type { EnrolmentView, FactorRejection, SecondFactor } from './second-factor.ts';

export interface TotpParameters {
  algorithm: 'SHA1' | 'SHA256' | 'SHA512';
  digits: 6 | 8;
  /** Seconds of one time step. */
  period: 30 | 60;
}

const HASHES = {
  SHA1: { name: 'sha1', bytes: 20 },
  SHA256: { name: 'sha256', bytes: 32 },
  SHA512: { name: 'sha512', bytes: 64 },
} as const;

const LONGEST_LABEL = 64;

/** Seconds to set up an app: time enough to install one first. */
const ENROLMENT_LIFE = 30 * 60;

const AMR = ['otp'];

/** What apps show is `issuer`; the parameters are those of new enrolments, an old one keeps its own. */
export function createTotp({ issuer, ...parameters }: TotpParameters & { issuer: string }): SecondFactor {
  return {
    id: 'totp',
    guessable: true,
    single: false,

    // As long as the hash (RFC 4226 4 R6 asks for 160 bits, RFC 6238 5.1 for the length of the HMAC's output).
    async beginEnrolment() {
      const key = generateSecret({ length: HASHES[parameters.algorithm].bytes });
      return accepted({ kept: totpSecret(parameters, key), life: ENROLMENT_LIFE });
    },

    presentEnrolment: ({ accountName }, secret) => present(issuer, accountName, secret),

    async finishEnrolment(_person, secret, answer, now) {
      const step = verify(secret, answer, now);
      return step.ok ? accepted({ enrolment: { secret }, amr: AMR, use: { kind: 'step', step: step.value } }) : step;
    },

    present: () => ({ factor: 'totp' }),

    /** A person may have several apps; an answer is malformed when it has the form of none. */
    async verify(_person, owned, _kept, answer, now) {
      let reason: FactorRejection = 'malformed';
      for (const { id, secret } of owned) {
        const step = verify(secret, answer, now);
        if (step.ok) return accepted({ enrolmentId: id, amr: AMR, use: { kind: 'step', step: step.value } });
        if (step.reason === 'wrong') reason = 'wrong';
      }
      return refused(reason);
    },
  };
}

/** The second since the epoch at which the code's time step began. */
function verify(secret: string, answer: string, now: Date): Outcome<number, 'malformed' | 'wrong'> {
  const { algorithm, digits, period, key } = parse(secret);
  const token = answer.normalize('NFKC').replace(/[\s\p{Pd}]/gu, '');
  if (token.length !== digits || !/^\d+$/.test(token)) return refused('malformed');

  // One step of drift each way; otplib compares in constant time.
  const epoch = epochSeconds(now);
  const options = { algorithm: HASHES[algorithm].name, digits, period, epoch, epochTolerance: period };
  const result = verifySync({ ...options, secret: key, token });
  return result.valid && 'epoch' in result ? accepted(result.epoch) : refused('wrong');
}

/**
 * An enrolment's secret: `SHA1:6:30:<key in base32>`. It carries its parameters, so that a tenant which changes its own changes
 * no app that people have already set up.
 */
export function totpSecret({ algorithm, digits, period }: TotpParameters, key: string): string {
  return `${algorithm}:${digits}:${period}:${key}`;
}

function parse(secret: string): TotpParameters & { key: string } {
  const [, algorithm, digits, period, key] = /^(SHA1|SHA256|SHA512):([68]):([36]0):([A-Z2-7]+)$/.exec(secret) ?? [];
  if (key === undefined || !isHash(algorithm)) {
    throw new AppError('internal_error', 500, 'A stored second factor cannot be read.', {
      cause: new Error('a TOTP secret is malformed'),
    });
  }
  return { algorithm, digits: digits === '8' ? 8 : 6, period: period === '60' ? 60 : 30, key };
}

function isHash(name: string | undefined): name is keyof typeof HASHES {
  return name !== undefined && name in HASHES;
}

async function present(issuer: string, accountName: string, secret: string): Promise<EnrolmentView> {
  const { algorithm, digits, period, key } = parse(secret);
  const uri = generateURI({
    issuer: label(issuer),
    label: label(accountName),
    secret: key,
    algorithm: HASHES[algorithm].name,
    digits,
    period,
  });
  return { factor: 'totp', uri, key: key.replace(/.{4}(?=.)/g, '$& '), qrSvg: await qrSvg(uri) };
}

/** In the Key URI Format a colon divides issuer and account; a label too long would not fit into a QR code. */
function label(text: string): string {
  return [...text.toWellFormed().replaceAll(':', ' ')].slice(0, LONGEST_LABEL).join('').trim();
}

/**
 * Black on white whatever the page's colours are, because not every app reads the inverse. It scales to the box it is put in,
 * and is hidden from assistive technology: the page says in words what it is, and gives the key as text.
 */
async function qrSvg(text: string): Promise<string> {
  const svg = await QRCode.toString(text, { type: 'svg', color: { dark: '#000000', light: '#ffffff' } });
  return svg.replace('<svg ', '<svg aria-hidden="true" focusable="false" ').trim();
}
