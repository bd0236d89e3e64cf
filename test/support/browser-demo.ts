// The demo as a newcomer runs it: a process of its own, which says where everything is and who can sign in.

import { fileURLToPath } from 'node:url';

import { z } from 'zod';

import { atEnd } from './global-teardown.ts';
import { freePort } from './ports.ts';
import { startProcess } from './processes.ts';
import { createAuthenticator } from './totp.ts';
import type { Authenticator } from './totp.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

const printed = z.object({
  issuers: z.object({ acme: z.url(), globex: z.url() }),
  app: z.url(),
  inbox: z.url(),
  users: z.array(z.object({ username: z.string(), password: z.string(), totpSecret: z.string().optional() })),
});

export interface DemoPerson {
  username: string;
  password: string;
  /** Of somebody who has TOTP already. */
  authenticator: Authenticator | undefined;
}

export interface RunningDemo extends Omit<z.infer<typeof printed>, 'users'> {
  /** Those of the provider and of the apps. */
  origins: readonly [string, string];
  person(username: string): DemoPerson;
}

/** Runs until the last test has ended. */
export async function startDemo(): Promise<RunningDemo> {
  const env = { PORT: String(await freePort()), DEMO_APP_PORT: String(await freePort()) };
  const demo = await startProcess(process.execPath, [MAIN, 'demo', '--json'], { ready: /^\{.*\}$/m, env });
  atEnd(() => demo.stop());
  const line = /^\{.*\}$/m.exec(demo.output())?.[0] ?? '';
  const { users, ...places } = printed.parse(JSON.parse(line));
  const people = users.map(({ username, password, totpSecret: secret }): DemoPerson => {
    return { username, password, authenticator: secret === undefined ? undefined : createAuthenticator({ secret }) };
  });
  return {
    ...places,
    origins: [new URL(places.issuers.acme).origin, new URL(places.app).origin],
    person(username) {
      const found = people.find((person) => person.username === username);
      if (!found) throw new Error(`The demo has no ${username}`);
      return found;
    },
  };
}
