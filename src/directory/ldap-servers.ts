// The servers of one directory: how each is reached, in which order they are asked, and what a connection needs before use.

import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';

import type { DirectorySettings } from './directory-settings.ts';
import { LdapConnection, LdapResultError } from './ldap-connection.ts';
import type { LdapServer } from './ldap-transport.ts';
import { openTransport } from './ldap-transport.ts';

/** Told of every operation: the server as `host:port`, seconds, and whether an answer came (a refusal is one). */
export type Observe = (operation: 'connect' | 'bind' | 'search', server: string, seconds: number, ok: boolean) => void;

export interface ServiceAccount {
  bindDn: string;
  bindPassword: string;
}

export function ldapServers({ urls, tls }: DirectorySettings): LdapServer[] {
  const ca = tls.ca ?? (tls.caFile === undefined ? undefined : readFileSync(tls.caFile, 'utf8'));
  const secureContext = createSecureContext({ ...(ca !== undefined && { ca }), minVersion: 'TLSv1.2' });
  return urls.map((text) => {
    const url = new URL(text);
    const encrypted = url.protocol === 'ldaps:';
    return {
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? (encrypted ? 636 : 389) : Number(url.port),
      security: encrypted ? 'ldaps' : tls.mode,
      secureContext,
    };
  });
}

/**
 * A connection to the first server that can be reached and takes the service account. That it was bound proves that it
 * answers: a server that accepts connections and then hangs is passed over like one that is down.
 *
 * @throws AggregateError when none does, with what each of them said.
 */
export async function connectToFirst(servers: readonly LdapServer[], access: ServerAccess): Promise<LdapConnection> {
  const failures: Error[] = [];
  for (const server of servers) {
    try {
      return await connectTo(server, access);
    } catch (cause) {
      failures.push(new Error(`${serverName(server)}: ${messageOf(cause)}`, { cause }));
    }
  }
  throw new AggregateError(failures, failures.map(messageOf).join('; '));
}

async function connectTo(server: LdapServer, access: ServerAccess): Promise<LdapConnection> {
  const started = performance.now();
  const socket = openTransport(server, AbortSignal.timeout(access.connectTimeoutMs));
  ...
