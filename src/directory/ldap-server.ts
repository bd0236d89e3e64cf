// One server of a directory, with connections of its own and a breaker of its own, so that trouble with it stays with it.

import type { LdapConnection } from './ldap-connection.ts';
import { GivenUp, LdapResultError } from './ldap-connection.ts';
import { present } from './ldap-filter.ts';
import { isAnswer, LdapPool } from './ldap-pool.ts';
import type { ServerHealth } from './ldap-server-health.ts';
import { createServerHealth } from './ldap-server-health.ts';
import type { ServerAccess } from './ldap-servers.ts';
import { connectTo } from './ldap-servers.ts';
import type { LdapServer } from './ldap-transport.ts';

export interface PooledServer {
  readonly name: string;
  readonly health: ServerHealth;
  /** Shared: searches of many at once. */
  readonly searches: LdapPool;
  /**
   * Each for one bind at a time: it may change who the connection belongs to for all that runs on it (RFC 4511 4.2.1), so nothing
   * else does.
   */
  readonly binds: LdapPool;
  /** A new connection, the caller's own. */
  open(): Promise<LdapConnection>;
  close(): void;
}

const SEARCH_CONNECTIONS = 3;
/** slapd hangs up on a client with too many requests pending (`conn_max_pending_auth`, 1000 unless set). */
const SEARCHES_PER_CONNECTION = 50;
const BIND_CONNECTIONS = 8;
/** Eight connections serve some thousand binds a second; with more than this waiting the directory is not keeping up. */
const WAITING = 500;
const IDLE_MS = 60_000;
/** Sooner than any firewall forgets a quiet connection without telling. */
const TEND_MS = 30_000;

const INVALID_CREDENTIALS = 49;
const CHECK_MS = { first: 1000, last: 10_000, refused: 60_000, refusedAgain: 600_000 };

export function pooledServer(server: LdapServer, access: ServerAccess): PooledServer {
  const { name } = server;
  const { serverChanged } = access;
  const { connectTimeoutMs, baseDn } = access.settings;

  const open = async (): Promise<LdapConnection> => {
    const connection = await connectTo(server, access);
    health.proven();
    return connection;
  };
  const pooled = { open, waitMs: connectTimeoutMs, waiting: WAITING, idleMs: IDLE_MS };
  const searches = new LdapPool({ ...pooled, size: SEARCH_CONNECTIONS, sharers: SEARCHES_PER_CONNECTION });
  const binds = new LdapPool({ ...pooled, size: BIND_CONNECTIONS, sharers: 1 });

  const health = createServerHealth({
    async check() {
      const connection = await connectTo(server, access);
      try {
        await askForLife(connection, baseDn);
      } finally {
        connection.close();
      }
    },
    changed(up, reason = 'unknown') {
      if (up) {
        serverChanged?.({ server: name, state: 'up' });
        return;
      }
      const down = new GivenUp(`the server is down: ${reason}`);
      for (const pool of [searches, binds]) pool.reset(down);
      serverChanged?.({ server: name, state: 'down', reason });
    },
    delayMs: checkDelay,
  });

  const tend = (): Promise<unknown> =>
    Promise.all([searches, binds].map((pool) => pool.tend((connection) => askForLife(connection, baseDn))));
  const tending = setInterval(() => void tend().catch(health.doubt), TEND_MS).unref();

  return {
    name,
    health,
    searches,
    binds,
    open,
    close() {
      clearInterval(tending);
      health.close();
      for (const pool of [searches, binds]) pool.close();
      serverChanged?.({ server: name, state: 'unused' });
    },
  };
}

/**
 * A server that refuses the service account is asked seldom: each refusal counts towards locking that account, too. So there are
 * four in half an hour, where directories like to lock after five.
 */
function checkDelay(failed: number, error: unknown): number {
  const isRefused = error instanceof LdapResultError && error.code === INVALID_CREDENTIALS;
  if (isRefused) return failed === 1 ? CHECK_MS.refused : CHECK_MS.refusedAgain;
  return Math.min(CHECK_MS.first * 2 ** (failed - 1), CHECK_MS.last);
}

/** Not the root entry, which many a server reads without its database. That the entry may not be read is an answer, too. */
async function askForLife(connection: LdapConnection, base: string): Promise<void> {
  try {
    await connection.search({ base, scope: 'base', filter: present('objectClass'), attributes: ['1.1'] });
  } catch (error) {
    if (!isAnswer(error)) throw error;
  }
}
