// What must never be printed: everything secret that a test has typed, got or been told.

import { expect } from 'chai';

import type { Sallyport } from './sallyport.ts';
import type { Person } from './sign-in.ts';

export interface Secrets {
  /** Short codes are found only where they stand by themselves. */
  note(...secrets: (string | undefined)[]): void;
  notePerson(person: Person): void;
  expectNoneIn(server: Sallyport): void;
}

export function createSecrets(): Secrets {
  const noted = new Set<string>();
  function note(...secrets: (string | undefined)[]): void {
    for (const secret of secrets) if (secret !== undefined && secret.length >= 6) noted.add(secret);
  }
  return {
    note,
    notePerson({ password, authenticator }) {
      note(password, authenticator?.secret, ...(authenticator?.shown ?? []));
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
