// The two things that are done with a directory's servers: searches, as the service account, on a few shared connections; and
// binds as a person, each on a connection of its own for as long as it takes.

import type { SearchQuery } from './ldap-connection.ts';
import { LdapResultError } from './ldap-connection.ts';
import { LdapPool, NOT_SERVING } from './ldap-pool.ts';
import type { LdapEntry, LdapResult } from './ldap-responses.ts';
import type { ServerAccess } from './ldap-servers.ts';
import { connectToFirst } from './ldap-servers.ts';
import type { LdapServer } from './ldap-transport.ts';

export interface LdapClient {
  /** Every entry that matches, however many. @throws LdapResultError, or whatever ended the connection. */
  search(query: SearchQuery): Promise<LdapEntry[]>;
  /** A simple bind, and its result whatever the code. @throws whatever ended the connection. */
  bind(dn: string, password: string): Promise<LdapResult>;
  close(): void;
}

const SEARCH_CONNECTIONS = 3;
/** slapd hangs up on a client with too many requests pending (`conn_max_pending_auth`, 1000 unless set). */
const SEARCHES_PER_CONNECTION = 50;
const BIND_CONNECTIONS = 8;
const IDLE_MS = 60_000;
const SIZE_LIMIT_EXCEEDED = 4;

export function ldapClient(servers: readonly LdapServer[], access: ServerAccess): LdapClient {
  const { operationTimeoutMs, pageSize } = access.settings;
  const open = () => connectToFirst(servers, access);
  const pooled = { open, waitMs: operationTimeoutMs, idleMs: IDLE_MS };
  const searches = new LdapPool({ ...pooled, size: SEARCH_CONNECTIONS, sharers: SEARCHES_PER_CONNECTION });
  // A bind may change who the connection belongs to for all that runs on it (RFC 4511 4.2.1), so nothing else does.
  const binds = new LdapPool({ ...pooled, size: BIND_CONNECTIONS, sharers: 1 });

  /** On a connection of its own: slapd keeps the state of one paged search per connection. */
  const searchPaged = async (query: SearchQuery): Promise<LdapEntry[]> => {
    const connection = await open();
    try {
      return await connection.searchPaged(query, pageSize);
    } finally {
      connection.close();
    }
  };

  return {
    search: async (query) => {
      try {
        return await searches.run((connection) => connection.search(query));
      } catch (error) {
        const tooMany = error instanceof LdapResultError && error.code === SIZE_LIMIT_EXCEEDED;
        if (tooMany) return searchPaged(query);
        throw error;
      }
    },
    bind: (dn, password) =>
      binds.run(async (connection) => {
        const result = await connection.bind(dn, password);
        if (NOT_SERVING.has(result.code)) throw new LdapResultError('bind', result);
        return result;
      }),
    close: () => {
      searches.close();
      binds.close();
    },
  };
}
