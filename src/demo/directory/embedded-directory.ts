// A small LDAPv3 server in this process, seeded from LDIF and kept in memory: for the demo and for tests, on loopback only.
// Entries are in tree.ts, one client's conversation in connection.ts, what it may do in session.ts.

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { createServer } from 'node:net';
import { createSecureContext } from 'node:tls';

import { isLoopback } from '../../loopback.ts';
import { ClientConnection } from './connection.ts';
import { LdapRefusal } from './ldap-refusal.ts';
import type { LdifEntry } from './ldif.ts';
import { parseLdif } from './ldif.ts';
import { PasswordPolicy } from './password-policy.ts';
import type { DirectoryContext } from './session.ts';
import { DirectoryTree } from './tree.ts';

export interface EmbeddedDirectoryOptions {
  /** The seed (RFC 2849). Passwords in plain text are hashed as they are read. */
  ldif: string;
  /** A loopback address or `localhost`. */
  host?: string;
  /** A free one, unless told. */
  port?: number;
  /** The DN of the topmost entry. */
  suffix: string;
  /** May write everything; needs no entry. */
  admin: { dn: string; password: string };
  /** Offers StartTLS with this certificate and key (PEM). */
  tls?: { cert: string; key: string };
  /** It does not start in production. */
  productionMode?: boolean;
  /** Entries in one answer that is not paged, and in one page (500; Active Directory has 1000). */
  sizeLimit?: number;
  /** Values of one attribute in one answer: no limit, unless told, and no ranges. Active Directory has 1500. */
  maxValRange?: number;
  /** OIDs that it gives for its supportedCapabilities, as Active Directory does ([MS-ADTS] 3.1.1.3.4.3). */
  capabilities?: readonly string[];
  /** Wrong passwords until an account is locked (5), and for how many seconds (300). */
  lockout?: { maxFailures: number; seconds: number };
  now?: () => Date;
}

export interface EmbeddedDirectory {
  url: string;
  port: number;
  close(): Promise<void>;
}

/** @throws Error when it may not run here, or cannot read the seed. */
export async function startEmbeddedDirectory(options: EmbeddedDirectoryOptions): Promise<EmbeddedDirectory> {
  const { host = '127.0.0.1', port = 0, tls, productionMode = false } = options;
  if (productionMode) throw new Error('the embedded directory is for demonstration and does not start in production');
  if (!isLoopback(host)) throw new Error(`the embedded directory listens on loopback only, not on ${host}`);

  const context = createContext(options);
  const secureContext = tls && createSecureContext(tls);
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    new ClientConnection(socket, context, secureContext);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');

  return {
    url: `ldap://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    port: address.port,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function createContext(options: EmbeddedDirectoryOptions): DirectoryContext {
  const { ldif, suffix, admin, tls, sizeLimit = 500, maxValRange, capabilities = [], now = () => new Date() } = options;
  const { maxFailures, seconds: lockoutSeconds } = options.lockout ?? { maxFailures: 5, seconds: 300 };
  const tree = new DirectoryTree(suffix);
  for (const { dn, attributes } of parseLdif(ldif)) addSeed(tree, dn, attributes);
  const policy = new PasswordPolicy(tree, { maxFailures, lockoutSeconds, now });
  return { tree, policy, suffix, admin, sizeLimit, maxValRange, capabilities, offersStartTls: tls !== undefined };
}

function addSeed(tree: DirectoryTree, dn: string, attributes: LdifEntry['attributes']): void {
  try {
    tree.add(dn, attributes);
  } catch (cause) {
    const why = cause instanceof LdapRefusal ? `${cause.code} ${cause.message}` : String(cause);
    throw new Error(`the seed cannot be loaded at ${dn}: ${why}`, { cause });
  }
}
