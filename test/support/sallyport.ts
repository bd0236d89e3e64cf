// The product as an operator runs it: processes of `sallyport serve` on a configuration file, with real Postgres, Redis and
// slapd behind them.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { atEnd } from './global-teardown.ts';
import { freePort } from './ports.ts';
import { testDatabaseUrl } from './postgres.ts';
import { startProcess } from './processes.ts';
import type { TestProcess } from './processes.ts';
import { testRedisUrl } from './redis.ts';
import { testSlapd } from './slapd.ts';

export const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface SallyportOptions {
  /** As in the configuration file; `directoryOf` makes the usual directory. */
  tenants: Record<string, TenantDeclaration>;
  /** Over what is the same for all; `undefined` takes a key away. */
  server?: Record<string, unknown>;
  /** Brings the database to this version first: one of the caller's own, named in `server`. */
  migrate?: boolean;
  /** Of the public URL; any that is free if left out. */
  port?: number;
  /** Processes on the same storage. All have the public URL of the first. */
  processes?: number;
  /** Of each process. */
  env?: Record<string, string>;
}

interface TenantDeclaration {
  policy?: { secondFactors?: object; [setting: string]: unknown };
  [setting: string]: unknown;
}

export interface Sallyport {
  publicUrl: string;
  /** Where each process listens, the first one at the public URL. */
  urls: readonly string[];
  /** For `createUserAgent`: talk to the process of this number as if it were the public URL. */
  through(process: number): { proxied: Record<string, string> };
  issuer(tenant: string): string;
  databaseUrl: string;
  redisUrl: string;
  configFile: string;
  processes: readonly TestProcess[];
  /** Starts another process on the configuration as the file has it now; answers its URL. */
  startAnother(env?: Record<string, string>): Promise<string>;
  stop(): Promise<void>;
}

/** One branch of the slapd that all tests share, for a tenant's `directories`. */
export async function directoryOf(branch: string, settings: object = {}): Promise<object> {
  const slapd = await testSlapd();
  return {
    preset: 'openldap',
    urls: [slapd.url],
    tls: { mode: 'starttls', caFile: slapd.caFile },
    bindDn: slapd.service.dn,
    bindPassword: slapd.service.password,
    baseDn: `o=${branch},${slapd.suffix}`,
    ...settings,
  };
}

/** One command, from its start to its end: its exit code, or the signal that ended it, and all that it printed. */
export async function runSallyport(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number | NodeJS.Signals; output: string }> {
  const command = await startProcess(process.execPath, [MAIN, ...args], { env });
  const timeout = setTimeout(() => command.signal('SIGKILL'), 20_000);
  const code = await command.exited;
  clearTimeout(timeout);
  return { code, output: command.output() };
}

/** A tenant that says nothing of which second factors it allows gets the one that a browser without a script can set up at once. */
function withTotp(tenant: TenantDeclaration): object {
  const { policy } = tenant;
  return { ...tenant, policy: { ...policy, secondFactors: { allowed: ['totp'], ...policy?.secondFactors } } };
}

/** Runs until the last test has ended, unless stopped before. */
export async function startSallyport({
  tenants,
  server = {},
  migrate = false,
  port,
  processes: count = 1,
  env: everywhere = {},
}: SallyportOptions): Promise<Sallyport> {
  const folder = await mkdtemp(path.join(tmpdir(), 'sallyport-'));
  const configFile = path.join(folder, 'sallyport.yaml');
  const publicUrl = `http://localhost:${port ?? (await freePort())}`;
  const [databaseUrl, redisUrl] = await Promise.all([testDatabaseUrl(), testRedisUrl()]);
  const settings = {
    publicUrl,
    databaseUrl,
    redisUrl,
    encryption: { keys: [{ id: 'test', secret: 'a secret of the tests, long enough to be one' }] },
    shutdownGrace: '2s',
    tenants: Object.fromEntries(Object.entries(tenants).map(([slug, tenant]) => [slug, withTotp(tenant)])),
    ...server,
  };
  // JSON is YAML.
  await writeFile(configFile, JSON.stringify(settings, null, 2));

  const urls: string[] = [];
  const processes: TestProcess[] = [];
  async function startOn(url: string, env: Record<string, string> = {}): Promise<string> {
    const started = await startProcess(process.execPath, [MAIN, 'serve', '--config', configFile], {
      ready: /"msg":"ready"/,
      env: { PORT: new URL(url).port, SALLYPORT_LISTEN_HOST: 'localhost', ...everywhere, ...env },
    });
    processes.push(started);
    urls.push(url);
    return url;
  }
  const startAnother = async (env?: Record<string, string>) => startOn(`http://localhost:${await freePort()}`, env);

  if (migrate) await runSallyport(['migrate', '--config', configFile]);
  await startOn(publicUrl);
  for (let more = 1; more < count; more++) await startAnother();

  async function stop(): Promise<void> {
    await Promise.all(processes.splice(0).map((one) => one.stop()));
    await rm(folder, { recursive: true, force: true });
  }
  atEnd(stop);
  return {
    publicUrl,
    urls,
    through: (number) => ({ proxied: { [publicUrl]: urls[number] ?? publicUrl } }),
    issuer: (tenant) => `${publicUrl}/t/${tenant}`,
    databaseUrl,
    redisUrl,
    configFile,
    processes,
    startAnother,
    stop,
  };
}
