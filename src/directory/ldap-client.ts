// What is done with a directory's servers, whichever of them serves: searches, as the service account; binds as a person; and what
// must not be done twice.
//
// How long anybody waits: a connection is opened within connectTimeoutMs (ldap-servers.ts), and one that has room is waited for
// as long (ldap-pool.ts); one answer comes within operationTimeoutMs (ldap-connection.ts); a server that lets wait half a second is
// overtaken by the next (ldap-failover.ts). Here everything together ends after connectTimeoutMs + operationTimeoutMs, 5 s unless
// set, whatever the servers do; and where all are known to be down, at once (ldap-server-health.ts).

import { within } from './deadline.ts';
import type { LdapConnection, Search, SearchQuery } from './ldap-connection.ts';
import { GivenUp, LdapResultError } from './ldap-connection.ts';
import type { Work } from './ldap-failover.ts';
import { firstOf, serversUp, troubleWith } from './ldap-failover.ts';
import type { Lease } from './ldap-pool.ts';
import { isAnswer, NOT_SERVING, NotSent } from './ldap-pool.ts';
import { withWholeAttributes } from './ldap-ranges.ts';
import type { LdapEntry, LdapResult } from './ldap-responses.ts';
import { pooledServer } from './ldap-server.ts';
import type { ServerAccess } from './ldap-servers.ts';
import type { LdapServer } from './ldap-transport.ts';

export interface LdapClient {
  /** Every entry that matches, however many. @throws LdapResultError, or AggregateError with what each server did. */
  search: Search;
  /**
   * A simple bind, and its result whatever the code. No two servers are sent it because one is slow: a wrong password would count
   * twice.
   */
  bind(dn: string, password: string): Promise<LdapResult>;
  /** Runs it once, whatever happens, on a new connection that is bound as the service account and that nobody else uses. */
  once<T>(operation: Operation<T>): Promise<T>;
  close(): void;
}

type Operation<T> = (connection: LdapConnection) => Promise<T>;

const SIZE_LIMIT_EXCEEDED = 4;

export function ldapClient(configured: readonly LdapServer[], access: ServerAccess): LdapClient {
  const servers = configured.map((server) => pooledServer(server, access));
  const { connectTimeoutMs, operationTimeoutMs, pageSize } = access.settings;
  const patienceMs = connectTimeoutMs + operationTimeoutMs;
  const bounded = <T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> =>
    within(patienceMs, () => new GivenUp(`${servers.map(({ name }) => name).join(', ')}: no answer in time`), work);

  /** Searches change nothing, and so may run at two servers at once. */
  const searchOnShared = async (query: SearchQuery): Promise<LdapEntry[]> => {
    const work: Work<LdapEntry[]> = ({ searches }) => searches.run((connection) => connection.search(query));
    return (await firstOf({ servers: await serversUp(servers), work, failures: [] })).value;
  };

  const once = async <T>(operation: Operation<T>, signal: AbortSignal): Promise<T> => {
    const { server, value: connection } = await firstOf({
      servers: await serversUp(servers),
      work: ({ open }) => open(),
      late: (unused) => unused.close(),
      failures: [],
    });
    signal.addEventListener('abort', () => connection.close(new GivenUp('no answer in time')));
    try {
      signal.throwIfAborted();
      return await operation(connection);
    } catch (error) {
      throw isAnswer(error) ? error.by(server.name) : troubleWith(server, error);
    } finally {
      connection.close();
    }
  };

  const search = async (query: SearchQuery, signal: AbortSignal): Promise<LdapEntry[]> => {
    try {
      return await searchOnShared(query);
    } catch (error) {
      const tooMany = error instanceof LdapResultError && error.code === SIZE_LIMIT_EXCEEDED;
      // On a connection of its own: slapd keeps the state of one paged search per connection.
      if (tooMany) return once((connection) => connection.searchPaged(query, pageSize), signal);
      throw error;
    }
  };

  const bind = async (dn: string, password: string, signal: AbortSignal): Promise<LdapResult> => {
    const failures: Error[] = [];
    let candidates = await serversUp(servers);
    for (;;) {
      const work: Work<Lease> = ({ binds }) => binds.lease();
      const late = (unused: Lease): void => unused.giveBack();
      const { server, value: lease } = await firstOf({ servers: candidates, work, late, failures });
      if (signal.aborted) lease.giveBack();
      signal.throwIfAborted();
      try {
        return await lease.run((connection) => servedBind(connection, dn, password));
      } catch (error) {
        const trouble = troubleWith(server, error);
        if (!(error instanceof NotSent || error instanceof LdapResultError)) throw trouble;
        failures.push(trouble);
        candidates = candidates.filter((other) => other !== server);
      }
    }
  };

  return {
    search: (query) => bounded((signal) => withWholeAttributes((each) => search(each, signal))(query)),
    bind: (dn, password) => bounded((signal) => bind(dn, password, signal)),
    once: (operation) => bounded((signal) => once(operation, signal)),
    close: () => {
      for (const server of servers) server.close();
    },
  };
}

async function servedBind(connection: LdapConnection, dn: string, password: string): Promise<LdapResult> {
  const result = await connection.bind(dn, password);
  if (NOT_SERVING.has(result.code)) throw new LdapResultError('bind', result);
  return result;
}
