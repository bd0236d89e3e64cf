// A directory over LDAP: people are found as the service account, and a password is proven by binding as the person.
// ldap/client.ts does what is asked on the wire; users.ts and memberships.ts say what is asked; passwords.ts is what is done with
// passwords, and lockout.ts knows how often one may be tried.

import { randomUUID } from 'node:crypto';

import type { Filter } from 'ldapts';

import { directoryUnavailable } from '../errors.ts';
import { accepted, refused } from '../outcome.ts';
import type { Directory, DirectoryUser } from './directory.ts';
import type { DirectorySettings } from './directory-settings.ts';
import { answerTimeoutMs } from './directory-settings.ts';
import { ldapClient } from './ldap/client.ts';
import type { Observe } from './ldap/exchange.ts';
import { probeServer } from './ldap/probe.ts';
import type { LdapEntry } from './ldap/responses.ts';
import { rememberedRootDse } from './ldap/root-dse.ts';
import type { ServerChanged } from './ldap/server-access.ts';
import { ldapServers } from './ldap/server-access.ts';
import { createLockout } from './lockout.ts';
import { ldapGroupListing } from './group-listing.ts';
import { ldapMemberships } from './memberships.ts';
import { ldapPasswords } from './passwords.ts';
import { resolveSchema } from './presets.ts';
import { anybody, toDirectoryUser, userAttributes, userById, usersByLogin } from './users.ts';

export interface LdapDirectoryOptions {
  name: string;
  settings: DirectorySettings;
  /** Of the service account. */
  bindPassword: string;
  observe?: Observe;
  serverChanged?: ServerChanged;
  /** Hears once of each lockout policy of single people that the service account may not read, by its DN. */
  lockoutHidden?: (dn: string) => void;
  now?: () => Date;
}

const MAX_NAME_LENGTH = 256;

/** Connects to nothing yet. */
export function createLdapDirectory(options: LdapDirectoryOptions): Directory {
  const { name, settings, bindPassword, observe, serverChanged, lockoutHidden, now = () => new Date() } = options;
  const access = { settings, bindPassword, observe, serverChanged };
  const servers = ldapServers(settings);
  const client = ldapClient(servers, access);
  const schema = resolveSchema(settings);
  const { baseDn, userBaseDn = baseDn, groupBaseDn = baseDn } = settings;
  const rootDse = rememberedRootDse(client.search);
  const groupSource = { search: client.search, rootDse, schema, groupBaseDn };
  const memberships = ldapMemberships(groupSource, answerTimeoutMs(settings));
  const groupListing = ldapGroupListing(groupSource, userBaseDn);
  const nobody = `cn=${randomUUID()},${userBaseDn}`;

  const passwords = ldapPasswords({ client, servers, schema, now });
  const lockout = createLockout({
    search: client.search,
    rootDse,
    kind: schema.lockout,
    baseDn,
    configured: { ...settings, untoldBudget: schema.untoldBudget },
    rulesHidden: lockoutHidden,
    now,
  });

  const searchUsers = (filter: Filter): Promise<LdapEntry[]> => {
    const attributes = [...new Set([...userAttributes(schema.users), ...lockout.attributes])];
    return client.search({ base: userBaseDn, scope: 'sub', filter, attributes, sizeLimit: 2 });
  };

  const toUser = async (entry: LdapEntry): Promise<DirectoryUser> => {
    const bindsLeft = await lockout.bindsLeft(entry);
    return { ...toDirectoryUser(entry, schema.users, now()), ...(bindsLeft !== undefined && { bindsLeft }) };
  };

  return {
    name,
    changesPasswords: passwords.changeable,

    find: (login) =>
      orUnavailable(async () => {
        if (!isName(login)) return refused('unknown');
        const [entry, another] = await searchUsers(usersByLogin(schema.users, login));
        if (another) return refused('ambiguous');
        return entry ? accepted(await toUser(entry)) : refused('unknown');
      }),

    bind: (user, password, last) => orUnavailable(() => passwords.bind(user, password, last)),

    bindNobody: (password) =>
      orUnavailable(async () => {
        await passwords.bind({ dn: nobody, state: 'enabled' }, password);
      }),

    findByStableId: (id) =>
      orUnavailable(async () => {
        const byId = isName(id) ? userById(schema.users, id) : undefined;
        if (!byId) return undefined;
        const [entry, another] = await searchUsers(byId);
        if (another) throw new Error(`${schema.users.stableId} ${id} is not unique`);
        return entry && toUser(entry);
      }),

    showsPeople: () => orUnavailable(async () => (await searchUsers(anybody(schema.users))).length > 0),

    groupsOf: (user) => orUnavailable(() => memberships(user.dn)),

    listGroups: (query) =>
      orUnavailable(async () => {
        const { search } = query;
        if (search !== undefined && !isName(search)) return { groups: [], truncated: false };
        return groupListing.list(query);
      }),

    findGroup: (id) => orUnavailable(async () => (isName(id) ? groupListing.find(id) : undefined)),

    groupMembers: (id, limit) => orUnavailable(async () => (isName(id) ? groupListing.members(id, limit) : undefined)),

    changePassword: (user, current, next, last) => orUnavailable(() => passwords.change(user, current, next, last)),

    lockoutPolicy: () => orUnavailable(lockout.policy),

    probe: async () => (await Promise.all(servers.map((server) => probeServer(server, access)))).flat(),

    close: async () => client.close(),
  };
}

async function orUnavailable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw directoryUnavailable(cause);
  }
}

/** What can be somebody's name. No schema allows control characters in one, and some servers stop reading at a NUL. */
function isName(text: string): boolean {
  return text !== '' && text.length <= MAX_NAME_LENGTH && !/\p{Cc}/u.test(text);
}
