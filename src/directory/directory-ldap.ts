// A directory over LDAP: people are found as the service account, and a password is proven by binding as the person.
// ldap-client.ts does what is asked on the wire; ldap-users.ts and ldap-groups.ts say what is asked; outcomes.ts says what a
// bind's answer means.

import { randomUUID } from 'node:crypto';

import type { Filter } from 'ldapts';

import { directoryUnavailable } from '../errors.ts';
import { accepted, refused } from '../outcome.ts';
import type { Directory } from './directory.ts';
import type { DirectorySettings } from './directory-settings.ts';
import { ldapClient } from './ldap-client.ts';
import { LdapResultError } from './ldap-connection.ts';
import { parentGroups, withUniqueNames } from './ldap-groups.ts';
import { PASSWORD_POLICY_CONTROL, readPasswordPolicy } from './ldap-password-policy.ts';
import { probeServer } from './ldap-probe.ts';
import type { LdapEntry } from './ldap-responses.ts';
import type { Observe } from './ldap-servers.ts';
import { ldapServers } from './ldap-servers.ts';
import { toDirectoryUser, userAttributes, userById, usersByLogin } from './ldap-users.ts';
import { walkUp } from './nested-groups.ts';
import { bindOutcome } from './outcomes.ts';
import { resolveSchema } from './presets.ts';

export interface LdapDirectoryOptions {
  name: string;
  settings: DirectorySettings;
  /** Of the service account. */
  bindPassword: string;
  observe?: Observe;
}

const MAX_NAME_LENGTH = 256;
const MAX_PASSWORD_BYTES = 1024;

/** @throws Error when `tls.caFile` cannot be read. Connects to nothing yet. */
export function createLdapDirectory({ name, settings, bindPassword, observe }: LdapDirectoryOptions): Directory {
  const access = { settings, bindPassword, observe };
  const servers = ldapServers(settings);
  const client = ldapClient(servers, access);
  const schema = resolveSchema(settings);
  const { baseDn, userBaseDn = baseDn, groupBaseDn = baseDn } = settings;
  const groups = { search: client.search, schema, baseDn, groupBaseDn };
  const nobody = `cn=${randomUUID()},${userBaseDn}`;

  const searchUsers = (filter: Filter): Promise<LdapEntry[]> => {
    const attributes = userAttributes(schema.users);
    return client.search({ base: userBaseDn, scope: 'sub', filter, attributes, sizeLimit: 2 });
  };

  const prove = async (dn: string, password: string, entryDisabled: boolean) => {
    if (!isPassword(password)) return refused('bad-credentials');
    const result = await client.bind(dn, password);
    const policy = readPasswordPolicy(result.controls.get(PASSWORD_POLICY_CONTROL));
    const outcome = bindOutcome({ code: result.code, policy, entryDisabled });
    if (!outcome) throw new LdapResultError('bind', result);
    return outcome;
  };

  return {
    name,
    changesPasswords: false,

    find: (login) =>
      orUnavailable(async () => {
        if (!isName(login)) return refused('unknown');
        const [entry, another] = await searchUsers(usersByLogin(schema.users, login));
        if (another) return refused('ambiguous');
        return entry ? accepted(toDirectoryUser(entry, schema.users)) : refused('unknown');
      }),

    bind: (user, password) => orUnavailable(() => prove(user.dn, password, user.state === 'disabled')),

    bindNobody: (password) =>
      orUnavailable(async () => {
        await prove(nobody, password, false);
      }),

    findByStableId: (id) =>
      orUnavailable(async () => {
        if (!isName(id)) return undefined;
        const [entry, another] = await searchUsers(userById(schema.users, id));
        if (another) throw new Error(`${schema.users.stableId} ${id} is not unique`);
        return entry && toDirectoryUser(entry, schema.users);
      }),

    groupsOf: (user) =>
      orUnavailable(async () => {
        const found = await walkUp(user.dn, schema.groups.depth, (dns) => parentGroups(groups, dns));
        return withUniqueNames(groups, found);
      }),

    changePassword: () => Promise.resolve(refused('not-allowed')),

    lockoutPolicy: () => Promise.resolve(undefined),

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

/**
 * Whether a password may be sent at all. An empty one makes an anonymous bind that succeeds (RFC 4513 5.1.2), and a server that
 * reads C strings takes one that begins with a NUL for empty.
 */
function isPassword(password: string): boolean {
  return password !== '' && !password.includes('\0') && Buffer.byteLength(password) <= MAX_PASSWORD_BYTES;
}
