// An authenticator app: it knows a secret, and hands out codes that the server has not seen yet.

import { setTimeout as sleep } from 'node:timers/promises';

import { generateSync } from 'otplib';

import type { Page } from './browser-like-client.ts';

export interface Authenticator {
  /** In base32. */
  readonly secret: string;
  /** Every code that was handed out. */
  readonly shown: readonly string[];
  /** A code that is good now and was not handed out before. Three are to be had at once; the next one may take 30 s. */
  code(): Promise<string>;
  /** Of the right form, and good at no time near now. */
  wrongCode(): string;
}

export interface AuthenticatorSettings {
  secret: string;
  algorithm?: 'sha1' | 'sha256' | 'sha512';
  digits?: 6 | 8;
  /** Seconds. */
  period?: number;
}

const MARGIN = 5;

export function createAuthenticator(settings: AuthenticatorSettings): Authenticator {
  const { secret, algorithm = 'sha1', digits = 6, period = 30 } = settings;
  const shown: string[] = [];
  let last = 0;
  const seconds = () => Date.now() / 1000;
  const codeOf = (step: number) => generateSync({ secret, algorithm, digits, period, epoch: step * period });

  /** The server takes the step before the current one and the one after it, too (RFC 6238 5.2). */
  async function nextStep(): Promise<number> {
    const current = Math.floor(seconds() / period);
    const endsSoon = period - (seconds() % period) < MARGIN;
    const step = Math.max(last + 1, endsSoon ? current : current - 1);
    if (step > current + 1) await sleep((step - 1) * period * 1000 - Date.now());
    return step;
  }

  return {
    secret,
    shown,
    async code() {
      last = await nextStep();
      const code = codeOf(last);
      shown.push(code);
      return code;
    },
    wrongCode() {
      const current = Math.floor(seconds() / period);
      const good = new Set([-2, -1, 0, 1, 2, 3].map((drift) => codeOf(current + drift)));
      for (let number = 0; ; number++) {
        const code = String(number).padStart(digits, '0');
        if (!good.has(code)) return code;
      }
    },
  };
}

/** The app after it has read the enrolment page. */
export function authenticatorFrom(page: Page): Authenticator {
  const link = page.document.querySelector('a[href^="otpauth:"]')?.getAttribute('href');
  if (link === undefined) throw new Error(`${page.url.href} shows no otpauth: link`);
  const parameters = new URL(link).searchParams;
  const algorithm = parameters.get('algorithm')?.toLowerCase() ?? 'sha1';
  if (algorithm !== 'sha1' && algorithm !== 'sha256' && algorithm !== 'sha512') throw new Error(algorithm);
  return createAuthenticator({
    secret: parameters.get('secret') ?? '',
    algorithm,
    digits: parameters.get('digits') === '8' ? 8 : 6,
    period: Number(parameters.get('period') ?? 30),
  });
}
