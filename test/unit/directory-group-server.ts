// A small directory of people and groups, whose searches for groups are counted.

import type { z } from 'zod';

import { startEmbeddedDirectory } from '../../src/demo/directory/embedded-directory.ts';
import { answerTimeoutMs, directorySettings } from '../../src/directory/directory-settings.ts';
import { ldapClient } from '../../src/directory/ldap/client.ts';
import type { Search, SearchQuery } from '../../src/directory/ldap/connection.ts';
import { LdapResultError } from '../../src/directory/ldap/result-error.ts';
import { rememberedRootDse } from '../../src/directory/ldap/root-dse.ts';
import { ldapServers } from '../../src/directory/ldap/server-access.ts';
import { ldapMemberships } from '../../src/directory/memberships.ts';
import { resolveSchema } from '../../src/directory/presets.ts';
import { atEnd } from '../support/global-teardown.ts';
import type { LdifAttributes } from '../support/ldif.ts';
import { ldifEntry } from '../support/ldif.ts';

export type Settings = z.input<typeof directorySettings>;

export const SUFFIX = 'dc=a';
const admin = { dn: `cn=admin,${SUFFIX}`, password: 'admin-password' };
const UNAVAILABLE_CRITICAL_EXTENSION = 12;

export interface GroupServer {
  /** What was searched for on the way to groups, since the last call of `groupsOf`. */
  asked: readonly SearchQuery[];
  /**
   * The path to each group, sorted: `inner > middle`.
   *
   * @param refuse the server refuses these searches
   */
  groupsOf(dn: string, settings: Partial<Settings>, refuse?: (query: SearchQuery) => boolean): Promise<string[]>;
}

interface Seed {
  entries: readonly string[];
  capabilities?: readonly string[];
  maxValRange?: number;
}

/** An entry below the suffix. */
export function seedEntry(dn: string, attributes: LdifAttributes): string {
  return ldifEntry(`${dn},${SUFFIX}`, attributes);
}

/** Runs until the last test is over. People are in ou=people, groups in ou=groups and ou=sales. */
export async function groupServer({ entries, ...options }: Seed): Promise<GroupServer> {
  const root = ldifEntry(SUFFIX, { objectClass: 'domain', dc: 'a' });
  const branches = ['people', 'groups', 'sales'].map((ou) =>
    seedEntry(`ou=${ou}`, { objectClass: 'organizationalUnit', ou }),
  );
  const ldif = [root, ...branches, ...entries].join('');
  const server = await startEmbeddedDirectory({ ...options, ldif, suffix: SUFFIX, admin });
  atEnd(() => server.close());
  const asked: SearchQuery[] = [];
  return {
    asked,
    groupsOf: async (dn, more, refuse = () => false) => {
      asked.length = 0;
      const connection = { urls: [server.url], tls: { mode: 'none' as const }, bindDn: admin.dn, baseDn: SUFFIX };
      const settings = directorySettings.parse({ ...connection, ...more });
      const client = ldapClient(ldapServers(settings), { settings, bindPassword: admin.password });
      const search: Search = (query) => {
        asked.push(query);
        return refuse(query) ? Promise.reject(refusal()) : client.search(query);
      };
      const { groupBaseDn = SUFFIX } = settings;
      const rootDse = rememberedRootDse(client.search);
      try {
        const source = { search, rootDse, schema: resolveSchema(settings), groupBaseDn };
        const groups = await ldapMemberships(source, answerTimeoutMs(settings))(`${dn},${SUFFIX}`);
        return groups.map((group) => [...group.via, group.dn].map(shortName).join(' > ')).sort();
      } finally {
        client.close();
      }
    },
  };
}

function refusal(): LdapResultError {
  const result = { code: UNAVAILABLE_CRITICAL_EXTENSION, diagnosticMessage: '', controls: new Map<string, Buffer>() };
  return new LdapResultError('search', result);
}

function shortName(dn: string): string {
  return dn.replace(`,${SUFFIX}`, '').replace(',ou=groups', '').replace(/^cn=/, '');
}
