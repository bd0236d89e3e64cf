// What was said on the wire, for whoever watches: metrics, and people who want to know why. The words are made only for those
// who ask for them, and no secret is in them.

import { reasonOf } from '../../errors.ts';
import type { LdapResult } from './responses.ts';

export interface Exchange {
  operation: 'connect' | 'tls' | 'bind' | 'search' | 'modify' | 'extended';
  /** `host:port` */
  server: string;
  seconds: number;
  /** Whether an answer came; a refusal is one. */
  ok: boolean;
  describe(): { asked: string; answered: string };
}

/** Told after each exchange. */
export type Observe = (exchange: Exchange) => void;

export interface Question<T> extends Pick<Exchange, 'operation' | 'server'> {
  asked(): string;
  answered(answer: T): string;
}

export async function observed<T>(
  observe: Observe | undefined,
  { operation, server, asked, answered }: Question<T>,
  work: () => Promise<T>,
): Promise<T> {
  const started = performance.now();
  const tell = (ok: boolean, answer: () => string): void =>
    observe?.({
      operation,
      server,
      seconds: (performance.now() - started) / 1000,
      ok,
      describe: () => ({ asked: asked(), answered: answer() }),
    });
  let answer: T;
  try {
    answer = await work();
  } catch (error) {
    tell(false, () => reasonOf(error));
    throw error;
  }
  tell(true, () => answered(answer));
  return answer;
}

export function resultInWords({ code, diagnosticMessage }: Pick<LdapResult, 'code' | 'diagnosticMessage'>): string {
  return `LDAP result ${code} ${diagnosticMessage}`.trimEnd();
}
