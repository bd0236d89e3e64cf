// One server of a directory, with connections of its own and a breaker of its own, so that trouble with it stays with it.

import type { LdapConnection } from './connection.ts';
import { GivenUp } from './connection.ts';
import { present } from './filter.ts';
import { oneFirst } from './one-first.ts';
import { LdapPool, NotSent } from './pool.ts';
import { resultCode } from './result-codes.ts';
import { isAnswer, LdapResultError } from './result-error.ts';
import type { ServerAccess } from './server-access.ts';
import { connectTo } from './server-access.ts';
import type { ServerHealth } from './server-health.ts';
import { createServerHealth } from './server-health.ts';
import type { LdapServer } from './transport.ts';

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
  /** A new connection, the caller's own. @throws NotSent */
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

const CHECK_MS = { first: 1000, last: 10_000, refused: 60_000, refusedAgain: 600_000 };

export function pooledServer(server: LdapServer, access: ServerAccess): PooledServer {
  const { name } = server;
  const { serverChanged } = access;
  const { connectTimeoutMs, baseDn } = access.settings;

  const { open, openToCheck } = serviceConnections(() => connectTo(server, access), {
    proven: () => health.proven(),
    fail: (error) => health.fail(error),
  });
  const pooled = { open, waitMs: connectTimeoutMs, waiting: WAITING, idleMs: IDLE_MS };
  const searches = new LdapPool({
    ...pooled,
    size: SEARCH_CONNECTIONS,
    sharers: SEARCHES_PER_CONNECTION,
    repeats: true,
  });
  const binds = new LdapPool({ ...pooled, size: BIND_CONNECTIONS, sharers: 1, repeats: false });

  const health = createServerHealth({
    async check() {
      const connection = await openToCheck();
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

interface ServiceConnections {
  /** @throws NotSent, at once where the server has refused the service account. */
  open(): Promise<LdapConnection>;
  /** Asks a server that has refused it, too. */
  openToCheck(): Promise<LdapConnection>;
}

function serviceConnections(
  connect: () => Promise<LdapConnection>,
  health: Pick<ServerHealth, 'proven' | 'fail'>,
): ServiceConnections {
  let refusal: LdapResultError | undefined;
  const openToCheck = oneFirst(async () => {
    try {
      const connection = await connect();
      refusal = undefined;
      health.proven();
      return connection;
    } catch (error) {
      if (isRefusal(error)) {
        refusal = error;
        health.fail(error);
      }
      throw error;
    }
  });
  return {
    openToCheck,
    async open() {
      try {
        // Whoever chose the server while it was up may come here when it is down.
        if (refusal) throw refusal;
        return await openToCheck();
      } catch (error) {
        throw new NotSent(error);
      }
    },
  };
}

/**
 * A server that refuses the service account is asked seldom: each refusal counts towards locking that account. It is asked once by
 * whoever comes first, then after a minute, then every ten minutes: four times in half an hour, for each process and each directory
 * that names the server. Directories like to lock after five, so that two processes get there in eleven minutes, not in one second.
 */
function checkDelay(failed: number, error: unknown): number {
  if (isRefusal(error)) return failed === 1 ? CHECK_MS.refused : CHECK_MS.refusedAgain;
  return Math.min(CHECK_MS.first * 2 ** (failed - 1), CHECK_MS.last);
}

/** Of the service account, on a connection that is being opened. */
function isRefusal(error: unknown): error is LdapResultError {
  return error instanceof LdapResultError && error.code === resultCode.invalidCredentials;
}

/** Not the root entry, which many a server reads without its database. That the entry may not be read is an answer, too. */
async function askForLife(connection: LdapConnection, base: string): Promise<void> {
  try {
    await connection.search({ base, scope: 'base', filter: present('objectClass'), attributes: ['1.1'] });
  } catch (error) {
    if (!isAnswer(error)) throw error;
  }
}
