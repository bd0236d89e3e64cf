// The demo as a newcomer runs it: a process of its own, which says where everything is and who can sign in.

import { fileURLToPath } from 'node:url';

import { z } from 'zod';

import { atEnd } from './global-teardown.ts';
import { freePort } from './ports.ts';
import { startProcess } from './processes.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const BLOCK = /^\{.*\}$/m;

const block = z.object({
  issuers: z.object({ acme: z.url(), globex: z.url() }),
  app: z.url(),
  inbox: z.url(),
  admin: z.object({ docs: z.url(), apiKey: z.string() }),
  users: z.array(z.object({ username: z.string(), password: z.string(), totpSecret: z.string().optional() })),
});

export type DemoPerson = z.infer<typeof block>['users'][number];

export interface RunningDemo extends Omit<z.infer<typeof block>, 'users'> {
  person(username: string): DemoPerson;
}

const running = new Map<string, Promise<RunningDemo>>();

/**
 * One for each `name`, started when first asked for, stopped after the last test. Test files that share one leave each other's
 * people alone: a second factor, once set up, stays.
 */
export function sharedDemo(name: string): Promise<RunningDemo> {
  const demo = running.get(name) ?? startDemo();
  running.set(name, demo);
  return demo;
}

async function startDemo(): Promise<RunningDemo> {
  const env = { PORT: String(await freePort()), DEMO_APP_PORT: String(await freePort()) };
  const demo = await startProcess(process.execPath, [MAIN, 'demo', '--json'], { ready: BLOCK, env });
  atEnd(() => demo.stop());
  const { users, ...places } = block.parse(JSON.parse(BLOCK.exec(demo.output())?.[0] ?? ''));
  return {
    ...places,
    person(username) {
      const person = users.find((user) => user.username === username);
      if (!person) throw new Error(`The demo has no ${username}`);
      return person;
    },
  };
}
