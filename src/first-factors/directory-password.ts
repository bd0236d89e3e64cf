// Passwords that a directory holds: which of a tenant's directories a login name means, and a bind there.

import type { Directory, DirectoryUser } from '../directory/directory.ts';
import type { Outcome } from '../outcome.ts';
import { accepted, refused } from '../outcome.ts';
import { createBindPace } from './bind-pace.ts';
import type { BindPace } from './bind-pace.ts';
import type { Candidate, FirstFactor } from './first-factor.ts';
import { allowancesOf } from './lockout-allowance.ts';

export interface NamedDirectory {
  id: string;
  directory: Directory;
  /** `ann@<realm>` means this directory and no other. */
  realm?: string;
  /** Binds that may fail before we stop asking: fewer than the directory itself locks an account after, if it does. */
  lockoutBudget?: number;
  /** Seconds after which the directory forgets failed binds; 15 minutes if left out. */
  lockoutWindow?: number;
}

interface Match {
  source: NamedDirectory;
  entry: DirectoryUser;
}

/**
 * Of a tenant's directories, in their order, makes the first factor that asks them. There is at least one. `trusting`: people may
 * trust browsers.
 */
export type DirectoryPassword = (directories: readonly NamedDirectory[], trusting: boolean) => FirstFactor;

export function createDirectoryPassword(): DirectoryPassword {
  const paces = new WeakMap<Directory, BindPace>();
  const paceOf = (directory: Directory): BindPace => {
    const pace = paces.get(directory) ?? createBindPace();
    paces.set(directory, pace);
    return pace;
  };

  return (directories, trusting) => ({
    allowances: allowancesOf(directories, trusting),
    async find(loginName) {
      const lookups = lookupsOf(loginName, directories);
      const found = await resolve(lookups);
      if (found.ok) return candidate(found.value, paceOf(found.value.source.directory));
      const [asked] = lookups.map(({ source }) => source);
      return nobody(found.reason, asked, asked && paceOf(asked.directory));
    },
  });
}

function candidate({ source, entry }: Match, pace: BindPace): Candidate {
  const { id: directoryId, directory } = source;
  return {
    subjects: [`directory:${directoryId}:${entry.stableId}`],
    account: { kind: 'directory', directoryId, entry },
    who: { detail: { directory: directory.name, username: entry.username, stableId: entry.stableId } },
    async prove(password) {
      const since = performance.now();
      const outcome = await directory.bind(entry, password);
      if (outcome.ok) return accepted({ kind: 'directory', directoryId, entry, notice: outcome.value });
      if (outcome.reason === 'bad-credentials') pace.note(performance.now() - since);
      if (outcome.reason === 'locked') await pace.keep(since);
      return outcome;
    },
  };
}

function nobody(
  reason: 'unknown' | 'ambiguous',
  asked: NamedDirectory | undefined,
  pace: BindPace | undefined,
): Candidate {
  return {
    subjects: [],
    ...(asked && { account: { kind: 'directory', directoryId: asked.id, entry: { stableId: '' } } }),
    who: {},
    async prove(password) {
      const since = performance.now();
      await asked?.directory.bindNobody(password);
      await pace?.keep(since);
      return refused(reason);
    },
  };
}

/**
 * The one person whom a login name means. While a directory is down, a name found in another one is taken for that one's: the
 * worst case is a name that both have, and its password is then asked of the one that answers, which lets in its own person or
 * nobody. A name found nowhere may be the silent directory's, so that is no wrong name but an outage.
 */
async function resolve(lookups: readonly Lookup[]): Promise<Outcome<Match, 'unknown' | 'ambiguous'>> {
  const matches = new Map<string, Match | 'ambiguous'>();
  const faults: unknown[] = [];
  const search = async ({ source, login }: Lookup) => {
    const found = await source.directory.find(login);
    if (found.ok) matches.set(`${source.id}:${found.value.stableId}`, { source, entry: found.value });
    else if (found.reason === 'ambiguous') matches.set(source.id, 'ambiguous');
  };
  await Promise.all(lookups.map((lookup) => search(lookup).catch((fault: unknown) => faults.push(fault))));

  const [match, another] = matches.values();
  if (!match && faults.length > 0) throw faults[0];
  if (!match) return refused('unknown');
  return another || match === 'ambiguous' ? refused('ambiguous') : accepted(match);
}

interface Lookup {
  source: NamedDirectory;
  login: string;
}

/** A realm leaves one directory, where the name may be one without its suffix (uid) or with it (mail, userPrincipalName). */
function lookupsOf(loginName: string, directories: readonly NamedDirectory[]): Lookup[] {
  const at = loginName.lastIndexOf('@');
  const realm = loginName.slice(at + 1);
  const named = directories.filter((source) => at > 0 && source.realm?.toLowerCase() === realm);
  if (named.length === 0) return directories.map((source) => ({ source, login: loginName }));
  return named.flatMap((source) => [loginName.slice(0, at), loginName].map((login) => ({ source, login })));
}
