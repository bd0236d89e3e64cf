// The servers of one directory: how each is reached, in which order they are asked, and what a connection needs before use.

import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { createSecureContext } from 'node:tls';

import type { DirectorySettings } from './directory-settings.ts';
import { LdapConnection, LdapResultError } from './ldap-connection.ts';
import type { LdapServer } from './ldap-transport.ts';
import { openTransport } from './ldap-transport.ts';

/** Told of every operation: the server as `host:port`, seconds, and whether an answer came (a refusal is one). */
export type Observe = (operation: 'connect' | 'bind' | 'search', server: string, seconds: number, ok: boolean) => void;

export interface ServerAccess {
  settings: DirectorySettings;
  /** Of the service account. */
  bindPassword: string;
  observe?: Observe | undefined;
}

export function ldapServers({ urls, tls }: DirectorySettings): LdapServer[] {
  const ca = tls.ca ?? (tls.caFile === undefined ? undefined : readFileSync(tls.caFile, 'utf8'));
  const secureContext = createSecureContext({ ...(ca !== undefined && { ca }), minVersion: 'TLSv1.2' });
  return urls.map((text) => {
    const url = new URL(text);
    const encrypted = url.protocol === 'ldaps:';
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const port = url.port === '' ? (encrypted ? 636 : 389) : Number(url.port);
    return { name: `${url.hostname}:${port}`, host, port, security: encrypted ? 'ldaps' : tls.mode, secureContext };
  });
}

/**
 * A connection to the first server that can be reached and takes the service account. That it did proves that it answers:
 * a server that accepts connections and then hangs is passed over like one that is down.
 *
 * @throws AggregateError with what each server said, when none is of use.
 */
export async function connectToFirst(servers: readonly LdapServer[], access: ServerAccess): Promise<LdapConnection> {
  const failures: Error[] = [];
  for (const server of servers) {
    try {
      return await connectTo(server, access);
    } catch (cause) {
      failures.push(new Error(`${server.name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause }));
    }
  }
  throw new AggregateError(failures, failures.map(({ message }) => message).join('; '));
}

async function connectTo(server: LdapServer, access: ServerAccess): Promise<LdapConnection> {
  const deadline = AbortSignal.timeout(access.settings.connectTimeoutMs);
  const connection = connectionOn(await observedTransport(server, access, deadline), server, access);
  const giveUp = (): void => connection.close(new Error('bind: no answer in time'));
  deadline.addEventListener('abort', giveUp);
  try {
    await bindAsService(connection, access);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  } finally {
    deadline.removeEventListener('abort', giveUp);
  }
}

async function observedTransport(
  server: LdapServer,
  { observe }: ServerAccess,
  deadline: AbortSignal,
): Promise<Socket> {
  const started = performance.now();
  const done = (ok: boolean): void => observe?.('connect', server.name, (performance.now() - started) / 1000, ok);
  try {
    const socket = await openTransport(server, deadline);
    done(true);
    return socket;
  } catch (error) {
    done(false);
    throw error;
  }
}

export function connectionOn(socket: Socket, server: LdapServer, { settings, observe }: ServerAccess): LdapConnection {
  const { operationTimeoutMs, maxResponseBytes } = settings;
  return new LdapConnection(socket, {
    operationTimeoutMs,
    maxResponseBytes,
    observe: (operation, seconds, ok) => observe?.(operation, server.name, seconds, ok),
  });
}

/** @throws LdapResultError when the server does not take the service account. */
export async function bindAsService(
  connection: LdapConnection,
  { settings, bindPassword }: ServerAccess,
): Promise<void> {
  const result = await connection.bind(settings.bindDn, bindPassword);
  if (result.code !== 0) throw new LdapResultError('bind', result);
}
