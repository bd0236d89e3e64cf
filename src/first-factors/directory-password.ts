// Passwords that a directory holds: which of a tenant's directories a login name means, and a bind there.

import type { BindRefusal, Directory } from '../directory/directory.ts';
import type { EphemeralStore } from '../ephemeral/ephemeral-store.ts';
import type { Outcome } from '../outcome.ts';
import { accepted, refused } from '../outcome.ts';
import { createBindPace } from './bind-pace.ts';
import type { BindPace } from './bind-pace.ts';
import { createBindTurns } from './bind-turns.ts';
import type { BindTurns, EntryReading } from './bind-turns.ts';
import type { Candidate, FirstFactor, MustChange, NamedDirectory } from './first-factor.ts';
import { allowancesOf } from './lockout-allowance.ts';
import type { LockoutLimit, LockoutLimits } from './lockout-allowance.ts';
import { entrySubject, orTheLast, typedSubject } from './password-attempts.ts';

interface Match extends EntryReading {
  source: NamedDirectory;
}

/**
 * Of a tenant's directories, in their order, makes the first factor that asks them. There is at least one. `trusting`: people may
 * trust browsers.
 */
export type DirectoryPassword = (directories: readonly NamedDirectory[], trusting: boolean) => FirstFactor;

export interface DirectoryPasswordDeps {
  store: EphemeralStore;
  lockoutLimits: LockoutLimits;
}

export function createDirectoryPassword({ store, lockoutLimits }: DirectoryPasswordDeps): DirectoryPassword {
  const paces = new WeakMap<Directory, BindPace>();
  const paceOf = (directory: Directory): BindPace => {
    const pace = paces.get(directory) ?? createBindPace();
    paces.set(directory, pace);
    return pace;
  };
  const turns = createBindTurns(store);

  return (directories, trusting) => ({
    async find(loginName) {
      const lookups = lookupsOf(loginName, directories);
      const { found, told } = await resolve(lookups, lockoutLimits);
      const allowances = allowancesOf(told, trusting);
      if (found.ok) {
        return { candidate: candidate(found.value, turns, paceOf(found.value.source.directory)), allowances };
      }
      const [asked] = lookups.map(({ source }) => source);
      const none = nobody(found.reason, asked, asked && paceOf(asked.directory));
      const prove: Candidate['prove'] = (...proof) =>
        turns.ofNobody(typedSubject(loginName), () => none.prove(...proof));
      return { candidate: { ...none, prove }, allowances };
    },
  });
}

/** Told as a wrong password, and has to take as long. The last one is not even asked of the directory. */
const QUICK: readonly BindRefusal[] = ['locked', 'inactive', 'nearly-locked'];

function candidate({ source, ...reading }: Match, turns: BindTurns, pace: BindPace): Candidate {
  const { id: directoryId, directory } = source;
  const { entry: found } = reading;

  return {
    subjects: [entrySubject(directoryId, found.stableId)],
    account: { kind: 'directory', directoryId, entry: found },
    who: { detail: { directory: directory.name, username: found.username, stableId: found.stableId } },
    prove: (password, mayTryLast) =>
      turns.ofSomebody(directory, reading, async (entry, since) => {
        const outcome = await orTheLast(mayTryLast, (last) => directory.bind(entry, password, last));
        if (outcome.ok) return accepted({ kind: 'directory', directoryId, entry, notice: outcome.value });
        if (outcome.reason === 'bad-credentials') pace.note(performance.now() - since);
        if (QUICK.includes(outcome.reason)) await pace.keep(since);
        const mustChange = directory.changesPasswords && mustChangeOf(outcome.reason);
        return mustChange ? accepted({ kind: 'directory', directoryId, entry, notice: {}, mustChange }) : outcome;
      }),
  };
}

function mustChangeOf(reason: BindRefusal): MustChange | undefined {
  return reason === 'must-change' || reason === 'expired' ? reason : undefined;
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
 * The one person whom a login name means, and what the directories bear that were asked. While a directory is down, a name found in
 * another one is taken for that one's: the worst case is a name that both have, and its password is then asked of the one that
 * answers, which lets in its own person or nobody. A name found nowhere may be the silent directory's, so that is no wrong name but
 * an outage.
 */
async function resolve(lookups: readonly Lookup[], limits: LockoutLimits): Promise<Resolved> {
  const matches = new Map<string, Match | 'ambiguous'>();
  const told: LockoutLimit[] = [];
  const faults: unknown[] = [];
  const search = async ({ source, login }: Lookup) => {
    const readAt = performance.now();
    const [limit, found] = await Promise.all([limits(source), source.directory.find(login)]);
    told.push(limit);
    if (found.ok) matches.set(`${source.id}:${found.value.stableId}`, { source, entry: found.value, readAt });
    else if (found.reason === 'ambiguous') matches.set(source.id, 'ambiguous');
  };
  await Promise.all(lookups.map((lookup) => search(lookup).catch((fault: unknown) => faults.push(fault))));

  if (matches.size === 0 && faults.length > 0) throw faults[0];
  return { found: theOnly([...matches.values()]), told };
}

/** Of all that the directories found: different people, or names that are ambiguous in one. */
export function theOnly<M extends object>([match, another]: readonly (M | 'ambiguous')[]): Outcome<
  M,
  'unknown' | 'ambiguous'
> {
  if (!match) return refused('unknown');
  return another || match === 'ambiguous' ? refused('ambiguous') : accepted(match);
}

interface Resolved {
  found: Outcome<Match, 'unknown' | 'ambiguous'>;
  told: readonly LockoutLimit[];
}

/** A name as one directory is asked for it. */
export interface Lookup {
  source: NamedDirectory;
  login: string;
}

/** A realm leaves those directories that have it; usually one. */
export function lookupsOf(loginName: string, directories: readonly NamedDirectory[]): Lookup[] {
  const named = [...realmLookups(loginName, directories), ...domainLookups(loginName, directories)];
  return named.length > 0 ? named : directories.map((source) => ({ source, login: loginName }));
}

/** The name may be one without its suffix (uid) or with it (mail, userPrincipalName). */
function realmLookups(loginName: string, directories: readonly NamedDirectory[]): Lookup[] {
  const at = loginName.lastIndexOf('@');
  const realm = loginName.slice(at + 1);
  const named = directories.filter((source) => at > 0 && source.realm?.toLowerCase() === realm);
  return named.flatMap((source) => [loginName.slice(0, at), loginName].map((login) => ({ source, login })));
}

/** `CORP\ann`, as people of Active Directory are used to: the domain's short name is the first label of its realm, by custom. */
function domainLookups(loginName: string, directories: readonly NamedDirectory[]): Lookup[] {
  const [domain = '', login = '', ...more] = loginName.split('\\');
  if (domain === '' || login === '' || more.length > 0) return [];
  const named = directories.filter(({ realm = '' }) => {
    const whole = realm.toLowerCase();
    return domain === whole || domain === whole.split('.', 1)[0];
  });
  return named.map((source) => ({ source, login }));
}
