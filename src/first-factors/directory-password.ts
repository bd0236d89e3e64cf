// Passwords that a directory holds: which of a tenant's directories a login name means, and a bind there.

import type { BindRefusal, Directory, DirectoryUser } from '../directory/directory.ts';
import type { EphemeralStore } from '../ephemeral/ephemeral-store.ts';
import { inTurn } from '../ephemeral/in-turn.ts';
import type { Outcome } from '../outcome.ts';
import { accepted, refused } from '../outcome.ts';
import { createBindPace } from './bind-pace.ts';
import type { BindPace } from './bind-pace.ts';
import type { Candidate, FirstFactor, MustChange } from './first-factor.ts';
import { allowancesOf } from './lockout-allowance.ts';
import type { LockoutLimit, LockoutLimits } from './lockout-allowance.ts';
import { entrySubject, typedSubject } from './password-attempts.ts';

export interface NamedDirectory {
  id: string;
  directory: Directory;
  /** `ann@<realm>`, or `<realm>\ann`, means this directory and no other. */
  realm?: string | undefined;
  /** Binds that may fail before we stop asking; fewer where the directory tells that it locks an account after as many. */
  lockoutBudget?: number | undefined;
  /** Seconds after which the directory forgets failed binds; what it tells if left out. */
  lockoutWindow?: number | undefined;
}

interface Match {
  source: NamedDirectory;
  entry: DirectoryUser;
  limit: LockoutLimit;
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

/** Seconds that a bind waits for the one before it; a directory that takes longer is about to be given up. */
const LONGEST_TURN = 5;

export function createDirectoryPassword({ store, lockoutLimits }: DirectoryPasswordDeps): DirectoryPassword {
  const paces = new WeakMap<Directory, BindPace>();
  const paceOf = (directory: Directory): BindPace => {
    const pace = paces.get(directory) ?? createBindPace();
    paces.set(directory, pace);
    return pace;
  };
  /** One bind of an account at a time, in whichever process. Nobody's likewise, so that many guesses at once tell nothing. */
  const inTurnAt = (subject: string, candidate: Candidate): Candidate => ({
    ...candidate,
    prove: (password) => inTurn(store, `bind:${subject}`, LONGEST_TURN, () => candidate.prove(password)),
  });

  return (directories, trusting) => ({
    async find(loginName) {
      const lookups = lookupsOf(loginName, directories);
      const { found, told } = await resolve(lookups, lockoutLimits);
      const allowances = allowancesOf(told, trusting);
      if (found.ok) {
        const { source, entry } = found.value;
        const somebody = candidate(found.value, paceOf(source.directory));
        return { candidate: inTurnAt(entrySubject(source.id, entry.stableId), somebody), allowances };
      }
      const [asked] = lookups.map(({ source }) => source);
      const none = nobody(found.reason, asked, asked && paceOf(asked.directory));
      return { candidate: inTurnAt(`${asked?.id}:${typedSubject(loginName)}`, none), allowances };
    },
  });
}

/** Told as a wrong password, and has to take as long. The last one is not even asked of the directory. */
const QUICK: readonly BindRefusal[] = ['locked', 'inactive', 'nearly-locked'];

function candidate({ source, entry: found, limit }: Match, pace: BindPace): Candidate {
  const { id: directoryId, directory } = source;

  /**
   * Where failures elsewhere have left less than our own limit lets through, the directory's count decides; and that has to be the one
   * after those who were before us in turn.
   */
  async function latest(): Promise<DirectoryUser> {
    const mayRunOut = found.bindsLeft !== undefined && found.bindsLeft <= limit.budget;
    return (mayRunOut && (await directory.findByStableId(found.stableId))) || found;
  }

  return {
    subjects: [entrySubject(directoryId, found.stableId)],
    account: { kind: 'directory', directoryId, entry: found },
    who: { detail: { directory: directory.name, username: found.username, stableId: found.stableId } },
    async prove(password) {
      const since = performance.now();
      const entry = await latest();
      const outcome = await directory.bind(entry, password);
      if (outcome.ok) return accepted({ kind: 'directory', directoryId, entry, notice: outcome.value });
      if (outcome.reason === 'bad-credentials') pace.note(performance.now() - since);
      if (QUICK.includes(outcome.reason)) await pace.keep(since);
      const mustChange = directory.changesPasswords && mustChangeOf(outcome.reason);
      return mustChange ? accepted({ kind: 'directory', directoryId, entry, notice: {}, mustChange }) : outcome;
    },
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
    const [limit, found] = await Promise.all([limits(source), source.directory.find(login)]);
    told.push(limit);
    if (found.ok) matches.set(`${source.id}:${found.value.stableId}`, { source, entry: found.value, limit });
    else if (found.reason === 'ambiguous') matches.set(source.id, 'ambiguous');
  };
  await Promise.all(lookups.map((lookup) => search(lookup).catch((fault: unknown) => faults.push(fault))));

  const [match, another] = matches.values();
  if (!match && faults.length > 0) throw faults[0];
  if (!match) return { found: refused('unknown'), told };
  return { found: another || match === 'ambiguous' ? refused('ambiguous') : accepted(match), told };
}

interface Resolved {
  found: Outcome<Match, 'unknown' | 'ambiguous'>;
  told: readonly LockoutLimit[];
}

interface Lookup {
  source: NamedDirectory;
  login: string;
}

/** A realm leaves those directories that have it; usually one. */
function lookupsOf(loginName: string, directories: readonly NamedDirectory[]): Lookup[] {
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
