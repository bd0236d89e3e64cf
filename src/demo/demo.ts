// What `npm start` adds around the real thing: a directory with people, an inbox for mail and text messages, and apps to
// sign in to. It is the same server as in production, with everything embedded and nothing kept.

import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';

import type { Core, Storage } from '../compose-core.ts';
import type { ServerOptions, Server } from '../commands/serve.ts';
import { loadConfiguration } from '../config.ts';
import { describeProblem } from '../config/problem.ts';
import { openEmbedded } from '../db/database-pglite.ts';
import { migrateUp } from '../db/migrate.ts';
import { AppError } from '../errors.ts';
import { createLog } from '../observability/log.ts';
import { createEncryption } from '../security/encryption.ts';
import { makeApiKey } from './demo-api-key.ts';
import { demoConfiguration, DIRECTORY, relyingPartyTenants } from './demo-configuration.ts';
import { seedPeople } from './demo-people.ts';
import type { DemoUser } from './demo-people.ts';
import { startEmbeddedDirectory } from './directory/embedded-directory.ts';
import { createInbox } from './inbox.ts';
import { startRelyingParty } from './relying-party.ts';

export interface DemoOptions {
  env: Record<string, string | undefined>;
  /** Loopback, unless somebody has asked for another address by name. */
  host: string;
  startServer(options: ServerOptions): Promise<Server>;
  composeCore(storage: Storage): Core;
}

export interface Demo {
  /** By tenant. */
  issuers: Record<string, string>;
  app: string;
  inbox: string;
  /** The admin API: the page that documents it, and a key of the tenant root. */
  admin: { docs: string; apiKey: string };
  users: DemoUser[];
  stop(): Promise<void>;
}

const LDIF = new URL('../../config/demo-directory.ldif', import.meta.url);

/** @throws AppError `invalid_configuration` in production, or for a port that is no port. */
export async function startDemo({ env, host, startServer, composeCore }: DemoOptions): Promise<Demo> {
  if (env.SALLYPORT_PRODUCTION === 'true') throw refusal('The demo does not run in production.');
  const [port, appPort] = [portOf(env.PORT, 3000), portOf(env.DEMO_APP_PORT, 3001)];
  const urlHost = isIP(host) === 6 ? `[${host}]` : host;
  const [publicUrl, appUrl] = [`http://${urlHost}:${port}`, `http://${urlHost}:${appPort}`];
  const running: { close(): Promise<unknown> }[] = [];
  const stop = async () => {
    for (const part of running.splice(0).reverse()) await part.close();
  };

  try {
    const directory = await startEmbeddedDirectory({
      ldif: await readFile(LDIF, 'utf8'),
      suffix: DIRECTORY.suffix,
      admin: { dn: `cn=admin,${DIRECTORY.suffix}`, password: crypto.randomUUID() },
    });
    running.push(directory);
    const apps = relyingPartyTenants(publicUrl);
    const configuration = configured(
      demoConfiguration({ publicUrl, appUrl, host, port, directoryUrl: directory.url }, apps),
    );
    const storage = { db: await openEmbedded(), encryption: createEncryption(configuration.encryption.keys) };
    running.push(storage.db);
    await migrateUp(storage.db);

    const inbox = createInbox();
    const log = createLog({ level: configuration.logLevel, destination: process.stderr });
    const server = await startServer({ configuration, log, storage, emailChannel: inbox, smsChannel: inbox });
    running.push({ close: server.stop });
    const core = composeCore(storage);
    const users = await seedPeople(core, configuration.tenants);
    const admin = { docs: `${publicUrl}/admin/docs`, apiKey: await makeApiKey(storage.db, core) };
    const app = await startRelyingParty({ host, port: appPort, publicUrl: appUrl, tenants: apps, inbox });
    running.push(app);

    const issuers = Object.fromEntries(apps.map(({ slug, issuer }) => [slug, issuer]));
    return { issuers, app: app.url, inbox: `${app.url}/inbox`, admin, users, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** One block for a person to read. */
export function describeDemo({ issuers, app, inbox, admin, users }: Demo): string {
  const rows = users.map(({ tenant, username, password, totpSecret, note }) =>
    [
      `  ${tenant.padEnd(8)}${username.padEnd(14)}${password.padEnd(24)}${note}`,
      ...(totpSecret ? [`${' '.repeat(48)}TOTP secret ${totpSecret}`] : []),
    ].join('\n'),
  );
  return [
    '',
    'Sallyport is running.',
    '',
    `  Sign in here   ${app}`,
    `  Inbox          ${inbox}   (mail and text messages that would have been sent)`,
    ...Object.entries(issuers).map(([tenant, issuer]) => `  Issuer         ${issuer}   (${tenant})`),
    `  Admin API      ${admin.docs}`,
    `  API key        ${admin.apiKey}`,
    '',
    '  Tenant  User          Password                What to see',
    ...rows,
    '',
    '  DEMO: the data is temporary. Ctrl-C stops it, and everything is gone.',
    '',
  ].join('\n');
}

function configured(tree: Parameters<typeof loadConfiguration>[0]['overrides']) {
  const loaded = loadConfiguration({ env: {}, overrides: tree });
  if (loaded.ok) return loaded.configuration;
  throw refusal(loaded.problems.map((problem) => describeProblem('error', problem)).join('\n'));
}

function portOf(text: string | undefined, otherwise: number): number {
  if (text === undefined || text === '') return otherwise;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw refusal(`${text} is not a port.`);
  return port;
}

function refusal(reason: string): AppError {
  return new AppError('invalid_configuration', 500, reason);
}
