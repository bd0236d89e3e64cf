// What must never be printed: everything secret that a test has typed, got or been told.

import { expect } from 'chai';

import type { Sallyport } from './sallyport.ts';

export interface Secrets {
  /** Takes note of secrets; answers the first. Short codes are found only where they stand by themselves. */
  note(secret: string, ...more: (string | undefined)[]): string;
  expectNoneIn(server: Sallyport): void;
}

export function createSecrets(): Secrets {
  const noted = new Set<string>();
  return {
    note(secret, ...more) {
      for (const one of [secret, ...more]) if (one !== undefined && one.length >= 6) noted.add(one);
      return secret;
    },
    expectNoneIn(server) {
      const printed = server.processes.map((one) => one.output()).join('\n');
      expect(printed, 'the log is there to be searched').to.contain('"msg":"request"');
      const leaked = [...noted].filter((secret) => alone(secret).test(printed));
      expect(leaked, 'secrets in the log').to.deep.equal([]);
    },
  };
}

function alone(secret: string): RegExp {
  const text = RegExp.escape(secret.slice(0, 200));
  return /^\d+$/.test(secret) ? new RegExp(`(?<![\\w-])${text}(?![\\w-])`) : new RegExp(text);
}
