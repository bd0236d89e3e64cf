// Everything that the benchmark needs, on this machine: Postgres, Redis and slapd, Sallyport with production's settings upon
// them, and the library alone.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { composeCore, openStorage } from '../src/compose-core.ts';
import { loadConfiguration } from '../src/config.ts';
import { migrateUp } from '../src/db/migrate.ts';
import { createLog } from '../src/observability/log.ts';
import { atEnd } from '../test/support/global-teardown.ts';
import { freePort } from '../test/support/ports.ts';
import { startPostgres } from '../test/support/postgres.ts';
import { startRedis } from '../test/support/redis.ts';
import { startSlapd } from '../test/support/slapd.ts';
import type { TestSlapd } from '../test/support/slapd.ts';
import { imageEnvironment } from './image.ts';
import { addPeople, branchOf, enrolPeople } from './people.ts';
import type { ServerCommand } from './server-process.ts';
import { REDIRECT_URI, RESOURCE, TENANT } from './target.ts';
import type { People, Target } from './target.ts';

export interface Stack {
  sallyport: ServerCommand;
  bare: ServerCommand;
  people: People;
  databaseUrl: string;
  redisUrl: string;
  /** Of Sallyport, in Prometheus' text format. */
  metricsUrl: string;
}

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const BARE = fileURLToPath(new URL('bare-provider.ts', import.meta.url));
const DATABASE = 'bench';
const PUBLIC_URL = 'https://id.bench.test';
const CLIENTS = {
  web: { id: 'web', secret: 'the secret of an app that people sign in to' },
  machine: { id: 'machine', secret: 'the secret of an app that nobody signs in to' },
};

export interface StackOptions {
  /** How many can sign in. */
  people: number;
  /** Where Sallyport writes its CPU profile when it ends. */
  profileFolder?: string | undefined;
}

/** Runs until `mochaGlobalTeardown`. */
export async function startStack({ people: count, profileFolder }: StackOptions): Promise<Stack> {
  const folder = await mkdtemp(path.join(tmpdir(), 'sallyport-bench-'));
  atEnd(() => rm(folder, { recursive: true, force: true }));
  const [postgres, redis, slapd] = await Promise.all([startPostgres(), startRedis(), startSlapd()]);
  await postgres.administer(`create database ${DATABASE}`);
  await postgres.administer(`alter system set shared_preload_libraries = 'pg_stat_statements'`);
  await postgres.stop();
  await postgres.start();
  const people = await addPeople(slapd, count);

  const [port, opsPort, barePort] = [await freePort(), await freePort(), await freePort()];
  const databaseUrl = postgres.url(DATABASE);
  const settings = {
    publicUrl: PUBLIC_URL,
    production: true,
    listen: { host: '127.0.0.1', port },
    opsListen: { host: '127.0.0.1', port: opsPort },
    trustedProxies: ['loopback'],
    databaseUrl,
    redisUrl: redis.url,
    encryption: { keys: [{ id: 'k1', secret: 'a secret of the benchmark, long enough to be one' }] },
    tenants: { [TENANT]: tenant(slapd) },
  };
  const configFile = path.join(folder, 'sallyport.yaml');
  await writeFile(configFile, JSON.stringify(settings));
  await fillDatabase(configFile, people);

  const profiling = profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`];
  const env = imageEnvironment(path.join(folder, 'compile-cache'));
  const issuer = `${PUBLIC_URL}/t/${TENANT}`;
  const sallyport: Target = { name: 'sallyport', issuer, port, clients: CLIENTS };
  const bare: Target = { name: 'bare', issuer: 'https://bare.bench.test', port: barePort, clients: CLIENTS };
  return {
    sallyport: {
      target: sallyport,
      args: [...profiling, MAIN, 'serve', '--config', configFile],
      env,
      logFile: path.join(folder, 'sallyport.log'),
    },
    bare: { target: bare, args: [BARE, JSON.stringify(bare)], env, logFile: path.join(folder, 'bare.log') },
    people,
    databaseUrl,
    redisUrl: redis.url,
    metricsUrl: `http://127.0.0.1:${opsPort}/metrics`,
  };
}

/** What a tenant has that says nothing but what it must; ES256 throughout, as the library beside it. */
function tenant(slapd: TestSlapd): object {
  const { web, machine } = CLIENTS;
  return {
    name: 'Benchmark',
    resources: { [RESOURCE]: {} },
    directories: {
      corp: {
        preset: 'openldap',
        urls: [slapd.url],
        tls: { mode: 'starttls', caFile: slapd.caFile },
        bindDn: slapd.service.dn,
        bindPassword: slapd.service.password,
        baseDn: branchOf(slapd),
      },
    },
    clients: {
      [web.id]: {
        client_secret: web.secret,
        redirect_uris: [REDIRECT_URI],
        id_token_signed_response_alg: 'ES256',
        firstParty: true,
      },
      [machine.id]: { client_secret: machine.secret, grant_types: ['client_credentials'] },
    },
  };
}

async function fillDatabase(configFile: string, people: People): Promise<void> {
  const loaded = loadConfiguration({ file: configFile, env: {} });
  if (!loaded.ok) throw new Error(`the configuration of the benchmark: ${JSON.stringify(loaded.problems)}`);
  const { configuration } = loaded;
  const storage = await openStorage(configuration, createLog({ level: 'warn' }));
  try {
    await migrateUp(storage.db);
    const core = composeCore(storage);
    await core.applyConfiguration(configuration.tenants);
    await enrolPeople(core, configuration.tenants, people);
  } finally {
    await storage.db.close();
  }
}
