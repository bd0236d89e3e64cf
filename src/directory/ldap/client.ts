// What is done with a directory's servers, whichever of them serves: searches, as the service account; binds as a person; and what
// must not be done twice.
//
// How long anybody waits: a connection is opened within connectTimeoutMs (server-access.ts), and one that has room is waited for
// as long (pool.ts); one answer comes within operationTimeoutMs (connection.ts); a server that lets wait half a second is
// overtaken by the next (failover.ts). Here everything together ends after connectTimeoutMs + operationTimeoutMs, 5 s unless
// set, whatever the servers do; and where all are known to be down, at once (server-health.ts).

import { within } from '../../deadline.ts';
import { answerTimeoutMs } from '../directory-settings.ts';
import type { Search, SearchQuery, ServerResult } from './connection.ts';
import { GivenUp } from './connection.ts';
import type { Work } from './failover.ts';
import { firstOf, serversUp } from './failover.ts';
import type { Operation } from './pool.ts';
import { pooledServer } from './pooled-server.ts';
import { withWholeAttributes } from './ranges.ts';
import type { LdapEntry } from './responses.ts';
import { resultCode } from './result-codes.ts';
import { LdapResultError } from './result-error.ts';
import { bindAtOne, onOwnConnection, sentOnce } from './sent-once.ts';
import type { ServerAccess } from './server-access.ts';
import type { LdapServer } from './transport.ts';

export interface LdapClient {
  /** Every entry that matches, however many. @throws LdapResultError, or AggregateError with what each server did. */
  search: Search;
  /**
   * A simple bind, and its result whatever the code. No two servers are sent it because one is slow: a wrong password would count
   * twice.
   */
  bind(dn: string, password: string): Promise<ServerResult>;
  /** Runs it once, whatever happens, on a new connection that is bound as the service account and that nobody else uses. */
  once<T>(operation: Operation<T>): Promise<T>;
  close(): void;
}

export function ldapClient(configured: readonly LdapServer[], access: ServerAccess): LdapClient {
  const servers = configured.map((server) => pooledServer(server, access));
  const { pageSize } = access.settings;
  const inTime = <T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> =>
    within(answerTimeoutMs(access.settings), work, noAnswer);
  const noAnswer = (): Error => new GivenUp(`${servers.map(({ name }) => name).join(', ')}: no answer in time`);

  /** Searches change nothing, and so may run at two servers at once. */
  const searchOnShared = async (query: SearchQuery): Promise<LdapEntry[]> => {
    const work: Work<LdapEntry[]> = ({ searches }) => searches.run((connection) => connection.search(query));
    return (await firstOf({ servers: await serversUp(servers), work, failures: [] })).value;
  };

  const search = async (query: SearchQuery, signal: AbortSignal): Promise<LdapEntry[]> => {
    try {
      return await searchOnShared(query);
    } catch (error) {
      const tooMany = error instanceof LdapResultError && error.code === resultCode.sizeLimitExceeded;
      // On a connection of its own: slapd keeps the state of one paged search per connection.
      if (tooMany) return onOwnConnection(servers, (connection) => connection.searchPaged(query, pageSize), signal);
      throw error;
    }
  };

  return {
    search: (query) => inTime((signal) => withWholeAttributes((each) => search(each, signal))(query)),
    bind: (dn, password) =>
      sentOnce((sending) => inTime((signal) => bindAtOne(servers, { dn, password }, signal, sending))),
    once: (operation) =>
      sentOnce((sending) => inTime((signal) => onOwnConnection(servers, operation, signal, sending))),
    close: () => {
      for (const server of servers) server.close();
    },
  };
}
