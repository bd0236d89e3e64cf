// The servers of one directory: how each is reached, and what a connection needs before use.

import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { createSecureContext, TLSSocket } from 'node:tls';

import type { DirectorySettings } from '../directory-settings.ts';
import { GivenUp, LdapConnection } from './connection.ts';
import type { Observe } from './exchange.ts';
import { observed } from './exchange.ts';
import { resultCode } from './result-codes.ts';
import { LdapResultError } from './result-error.ts';
import type { LdapServer } from './transport.ts';
import { connectTcp, secureTransport } from './transport.ts';

export interface ServerAccess {
  settings: DirectorySettings;
  /** Of the service account. */
  bindPassword: string;
  observe?: Observe | undefined;
  serverChanged?: ServerChanged | undefined;
}

/** Told when it is first known how a server is, and at each change: up; down, and for which reason; no longer asked. */
export type ServerChanged = (change: ServerChange) => void;
export type ServerChange =
  { server: string; state: 'up' | 'unused' } | { server: string; state: 'down'; reason: string };

export function ldapServers({ urls, tls }: DirectorySettings): LdapServer[] {
  // Read when it is needed: a file that is missing is trouble with this directory's servers, and over when the file is there.
  let made: SecureContext | undefined;
  const secureContext = (): SecureContext => (made ??= secureContextOf(tls));
  return urls.map((text) => {
    const url = new URL(text);
    const encrypted = url.protocol === 'ldaps:';
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const port = url.port === '' ? (encrypted ? 636 : 389) : Number(url.port);
    return { name: `${url.hostname}:${port}`, host, port, security: encrypted ? 'ldaps' : tls.mode, secureContext };
  });
}

/** @throws Error when a file cannot be read, or the key is not the certificate's. */
function secureContextOf({ ca, caFile, certFile, keyFile }: DirectorySettings['tls']): SecureContext {
  const authorities = caFile === undefined ? ca : readFileSync(caFile, 'utf8');
  return createSecureContext({
    minVersion: 'TLSv1.2',
    ...(authorities !== undefined && { ca: authorities }),
    ...(certFile !== undefined && { cert: readFileSync(certFile, 'utf8') }),
    ...(keyFile !== undefined && { key: readFileSync(keyFile, 'utf8') }),
  });
}

/** A connection that is encrypted where it should be, and bound as the service account: within `connectTimeoutMs` in all. */
export async function connectTo(server: LdapServer, access: ServerAccess): Promise<LdapConnection> {
  const deadline = AbortSignal.timeout(access.settings.connectTimeoutMs);
  const connection = connectionOn(await openTransport(server, access, deadline), server, access);
  const giveUp = (): void => connection.close(new GivenUp('bind: no answer in time'));
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

/** A connection that is ready for LDAP messages, encrypted where the server is so configured. */
async function openTransport(server: LdapServer, access: ServerAccess, deadline: AbortSignal): Promise<Socket> {
  const socket = await connectedTo(server, access, deadline);
  return server.security === 'none' ? socket : securedTo(server, access, socket, deadline);
}

export function connectedTo(server: LdapServer, { observe }: ServerAccess, deadline: AbortSignal): Promise<Socket> {
  const { name } = server;
  return observed(
    observe,
    { operation: 'connect', server: name, asked: () => `TCP connection to ${name}`, answered: () => 'connected' },
    () => connectTcp(server, deadline),
  );
}

export function securedTo(
  server: LdapServer,
  { observe }: ServerAccess,
  socket: Socket,
  deadline: AbortSignal,
): Promise<Socket> {
  const { name, security } = server;
  return observed(
    observe,
    { operation: 'tls', server: name, asked: () => TLS_BY[security], answered: certificateInWords },
    () => secureTransport(socket, server, deadline),
  );
}

const TLS_BY = { none: 'nothing', starttls: 'StartTLS', ldaps: 'TLS from the first byte on' } as const;

function certificateInWords(socket: Socket): string {
  if (!(socket instanceof TLSSocket)) return 'not encrypted';
  // The words are made when they are asked for: there is no certificate any more by then.
  if (socket.destroyed) return 'encrypted, and closed since';
  const { subject, valid_to: validTo } = socket.getPeerCertificate();
  const name = [subject.CN].flat().join(', ');
  return `${socket.getProtocol() ?? 'TLS'}; certificate of ${name || 'no common name'}, verified, valid until ${validTo}`;
}

export function connectionOn(socket: Socket, server: LdapServer, { settings, observe }: ServerAccess): LdapConnection {
  const { operationTimeoutMs, maxResponseBytes } = settings;
  return new LdapConnection(socket, { server: server.name, operationTimeoutMs, maxResponseBytes, observe });
}

/** @throws LdapResultError when the server does not take the service account. */
export async function bindAsService(
  connection: LdapConnection,
  { settings, bindPassword }: ServerAccess,
): Promise<void> {
  const result = await connection.bind(settings.bindDn, bindPassword);
  if (result.code !== resultCode.success) throw new LdapResultError('bind', result);
}
