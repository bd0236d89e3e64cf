// Whom a login name means, worked out as a sign-in does it, and told step by step: what each directory was asked and said, the entry,
// the account, its groups. Nothing is proven and nothing written.

import type { Directory, DirectoryGroup, DirectoryUser } from '../../directory/directory.ts';
import type { DirectorySettings } from '../../directory/directory-settings.ts';
import { resolveSchema } from '../../directory/presets.ts';
import { usersByLogin } from '../../directory/users.ts';
import { reasonOf } from '../../errors.ts';
import { lookupsOf, theOnly } from '../../first-factors/directory-password.ts';
import type { Lookup } from '../../first-factors/directory-password.ts';
import type { NamedDirectory } from '../../first-factors/first-factor.ts';
import { localNameOf, meansLocal } from '../../first-factors/local-password.ts';
import { entrySubject, typedSubject } from '../../first-factors/password-attempts.ts';
import { isLocal } from '../../groups/local-membership.ts';
import { normalizeLoginName } from '../../security/login-name.ts';
import type { Tenant } from '../../tenants/tenants.ts';
import type { User, Users } from '../../users/users.ts';
import type { Explanation } from './explain-shape.ts';

export interface PersonDeps {
  users: Pick<Users, 'findByEntry' | 'findByLocalName'>;
  directoriesOf(tenant: Tenant): readonly NamedDirectory[];
}

/** Who was found, so that the next steps can go on. */
export interface FoundPerson {
  user: User;
  /** Never signed in: there is no user yet. */
  isNew: boolean;
  /** What attempts on the password and on second factors are counted on. */
  subjects: readonly string[];
  hasPassword: boolean;
  changesPasswords: boolean;
}

export interface ExplainedPerson extends Pick<Explanation, 'login' | 'lookups' | 'entry' | 'account'> {
  person: FoundPerson | undefined;
  refusal: 'malformed-login' | 'directory-unavailable' | 'unknown-login' | 'ambiguous-login' | undefined;
  /** The spelling that was typed counts, too. */
  typed: string | undefined;
  notes: string[];
}

/** Stands for the id of somebody who has none yet. */
const NO_ID = '00000000-0000-0000-0000-000000000000';

type Settings = ReadonlyMap<string, DirectorySettings>;

export function createExplainPerson({ users, directoriesOf }: PersonDeps) {
  return async (tenant: Tenant, login: string): Promise<ExplainedPerson> => {
    const name = normalizeLoginName(login);
    if (!name.ok) return { ...NOBODY, login: { compared: null, means: 'nothing' }, refusal: 'malformed-login' };
    const directories = directoriesOf(tenant);
    const means = meansLocal(name.value, directories) ? 'local' : 'directory';
    const found =
      means === 'local' ? await local(tenant, name.value) : await inDirectories(tenant, name.value, directories);
    return { ...NOBODY, notes: [], ...found, login: { compared: name.value, means }, typed: typedSubject(name.value) };
  };

  async function local(tenant: Tenant, name: string): Promise<Partial<ExplainedPerson>> {
    const found = await users.findByLocalName(tenant.id, localNameOf(name));
    if (!found) return { refusal: 'unknown-login' };
    const { user, passwordHash } = found;
    const subjects = [`user:${user.id}`];
    const person = { user, isNew: false, subjects, hasPassword: passwordHash !== undefined, changesPasswords: false };
    return { account: accountOf(user, 'local', false), person };
  }

  async function inDirectories(
    tenant: Tenant,
    name: string,
    directories: readonly NamedDirectory[],
  ): Promise<Partial<ExplainedPerson>> {
    const settings: Settings = new Map(tenant.directories.map(({ id, settings: its }) => [id, its]));
    const asked = await Promise.all(lookupsOf(name, directories).map((lookup) => ask(lookup, settings)));
    const lookups = asked.map(({ told }) => told);
    const matches = new Map(asked.flatMap(({ key, match }) => (match ? [[key, match] as const] : [])));
    const isDown = asked.some(({ told }) => told.found === 'no answer');
    const notes = isDown ? ['A directory does not answer: whom it has is not known.'] : [];
    const one = theOnly([...matches.values()]);
    if (one.ok) return { lookups, ...(await entered(tenant, one.value, notes)), notes };
    if (one.reason === 'ambiguous') return { lookups, refusal: 'ambiguous-login', notes };
    return { lookups, refusal: isDown ? 'directory-unavailable' : 'unknown-login', notes };
  }

  async function entered(tenant: Tenant, { source, entry }: Match, notes: string[]): Promise<Partial<ExplainedPerson>> {
    const { id: directoryId, directory } = source;
    const known = await users.findByEntry(tenant.id, directoryId, entry.stableId);
    const groups = await groupsOf(directory, entry, notes);
    const user = asNow(tenant, directoryId, entry, groups ?? known?.directory?.groups ?? [], known);
    if (!known) notes.push('They have never signed in: their sub is made at the first sign-in.');
    const subjects = [entrySubject(directoryId, entry.stableId), ...(known ? [`user:${known.id}`] : [])];
    const { changesPasswords } = directory;
    return {
      entry: shownEntry(directory.name, entry),
      account: accountOf(user, 'directory', !known),
      person: { user, isNew: !known, subjects, hasPassword: true, changesPasswords },
    };
  }
}

async function groupsOf(directory: Directory, entry: DirectoryUser, notes: string[]) {
  try {
    return await directory.groupsOf(entry);
  } catch (fault) {
    notes.push(`The directory did not answer when it was asked for the groups: ${reasonOf(fault)}`);
    return undefined;
  }
}

const NOBODY = {
  lookups: [],
  entry: null,
  account: null,
  person: undefined,
  refusal: undefined,
  typed: undefined,
  notes: [],
};

interface Match {
  source: NamedDirectory;
  entry: DirectoryUser;
}

async function ask({ source, login }: Lookup, settings: Settings) {
  const its = settings.get(source.id);
  const asked = {
    directory: source.directory.name,
    login,
    base: its ? (its.userBaseDn ?? its.baseDn) : '',
    filter: its ? usersByLogin(resolveSchema(its).users, login).toString() : '',
    entry: null,
    detail: null,
  };
  try {
    const outcome = await source.directory.find(login);
    if (outcome.ok) {
      const { value: entry } = outcome;
      const match: Match = { source, entry };
      return {
        key: `${source.id}:${entry.stableId}`,
        match,
        told: { ...asked, found: 'one' as const, entry: entry.dn },
      };
    }
    const isAmbiguous = outcome.reason === 'ambiguous';
    const found = isAmbiguous ? ('more than one' as const) : ('nobody' as const);
    return { key: source.id, match: isAmbiguous ? ('ambiguous' as const) : undefined, told: { ...asked, found } };
  } catch (fault) {
    return {
      key: source.id,
      match: undefined,
      told: { ...asked, found: 'no answer' as const, detail: reasonOf(fault) },
    };
  }
}

/** As a sign-in would keep them. */
function asNow(
  tenant: Tenant,
  directoryId: string,
  entry: DirectoryUser,
  groups: readonly DirectoryGroup[],
  known: User | undefined,
): User {
  const { stableId, dn, username, profile, state } = entry;
  const directory = { id: directoryId, stableId, dn, groups, state, checkedAt: new Date() };
  const before = known ?? {
    id: NO_ID,
    tenantId: tenant.id,
    status: 'active' as const,
    local: undefined,
    lastLoginAt: undefined,
    proofGeneration: 0,
    groups: [],
  };
  return { ...before, username, profile, directory, groups: [...groups, ...before.groups.filter(isLocal)] };
}

function accountOf({ id, status, lastLoginAt }: User, kind: 'directory' | 'local', isNew: boolean) {
  return { id: isNew ? null : id, kind, status, lastLoginAt: lastLoginAt?.toISOString() ?? null };
}

function shownEntry(directory: string, entry: DirectoryUser): Explanation['entry'] {
  const { dn, stableId, username, state, passwordChangedAt, passwordExpiresAt, bindsLeft, profile } = entry;
  return {
    directory,
    dn,
    stableId,
    userName: username,
    state,
    passwordChangedAt: passwordChangedAt?.toISOString() ?? null,
    passwordExpiresAt: passwordExpiresAt?.toISOString() ?? null,
    failuresLeft: bindsLeft ?? null,
    profile: { ...profile },
  };
}
