// Tries one server step by step, for check-config and for whoever asks why a directory does not answer.

import type { DirectoryProbe } from '../directory.ts';
import type { LdapConnection } from './connection.ts';
import { present } from './filter.ts';
import type { ServerAccess } from './server-access.ts';
import { bindAsService, connectedTo, connectionOn, securedTo } from './server-access.ts';
import type { LdapServer } from './transport.ts';

/** The steps up to the first that failed, which is then the last. Never throws. */
export async function probeServer(server: LdapServer, access: ServerAccess): Promise<DirectoryProbe[]> {
  const probes: DirectoryProbe[] = [];
  const step = <T>(name: DirectoryProbe['step'], detail: string, work: Promise<T>): Promise<T> =>
    timed(work, (milliseconds, error) => {
      probes.push({ step: name, server: server.name, ok: !error, milliseconds, detail: error?.message ?? detail });
    });
  try {
    await takeSteps(server, access, step);
  } catch {
    // The list ends with the step that failed.
  }
  return probes;
}

type Step = <T>(name: DirectoryProbe['step'], detail: string, work: Promise<T>) => Promise<T>;

async function takeSteps(server: LdapServer, access: ServerAccess, step: Step): Promise<void> {
  const { bindDn, baseDn, userBaseDn = baseDn, groupBaseDn = baseDn, connectTimeoutMs } = access.settings;
  const deadline = AbortSignal.timeout(connectTimeoutMs);
  const plain = await step('connect', `connected to ${server.name}`, connectedTo(server, access, deadline));
  const socket =
    server.security === 'none'
      ? plain
      : await step('tls', `${server.security}, certificate verified`, securedTo(server, access, plain, deadline));
  const connection = connectionOn(socket, server, access);
  try {
    await step('bind', `bound as ${bindDn}`, bindAsService(connection, access));
    for (const base of new Set([baseDn, userBaseDn, groupBaseDn])) {
      await step('search', `found ${base}`, findBase(connection, base));
    }
  } finally {
    connection.close();
  }
}

async function findBase(connection: LdapConnection, base: string): Promise<void> {
  const filter = present('objectClass');
  const found = await connection.search({ base, scope: 'base', filter, attributes: ['1.1'] });
  if (found.length === 0) throw new Error(`the service account may not see ${base}`);
}

async function timed<T>(work: Promise<T>, report: (milliseconds: number, error?: Error) => void): Promise<T> {
  const started = performance.now();
  const elapsed = (): number => Math.round(performance.now() - started);
  try {
    const value = await work;
    report(elapsed());
    return value;
  } catch (error) {
    report(elapsed(), error instanceof Error ? error : new Error(String(error)));
    throw error;
  }
}
