// Everything that a sign-in asks of a directory, asked step by step for whoever sets one up: what was asked, what came back,
// and how long it took. No secret is in it.

import { reasonOf } from '../errors.ts';
import type { Directory, DirectoryGroup, DirectoryUser, LockoutPolicy } from './directory.ts';

/** One exchange with a server, in people's words. */
export interface ToldExchange {
  server: string;
  milliseconds: number;
  asked: string;
  answered: string;
}

export interface TrialStep {
  step: string;
  ok: boolean;
  milliseconds: number;
  /** What came of it, line by line. */
  told: readonly string[];
  exchanges: readonly ToldExchange[];
}

export interface Trial {
  directory: Directory;
  /** Who is looked for; nobody if left out. */
  login?: string | undefined;
  /** Proven as at a sign-in, if given: a wrong one counts at the directory. */
  password?: string | undefined;
  /** What was exchanged with servers since it was called last. */
  exchanged(): ToldExchange[];
  /** Where the steps are put as they are taken, for whoever does not wait until the last. */
  steps?: TrialStep[];
}

/** What came of a step, and what the next ones need of it: without that there is none. */
interface Result<T> {
  ok: boolean;
  told: string[];
  leads?: T | undefined;
}

/** The steps as far as they lead. */
export async function tryDirectory(trial: Trial): Promise<TrialStep[]> {
  const { directory, login, password, exchanged, steps = [] } = trial;
  const take = async <T>(step: string, work: () => Promise<Result<T>>): Promise<T | undefined> => {
    const started = performance.now();
    exchanged();
    const { ok, told, leads } = await work().catch((error: unknown): Result<T> => ({
      ok: false,
      told: [reasonOf(error)],
    }));
    steps.push({ step, ok, milliseconds: millisecondsSince(started), told, exchanges: exchanged() });
    return leads;
  };

  const reached = await take('servers', () => probe(directory));
  if (!reached) return steps;
  await take('rules for passwords', async () => ({
    ok: true,
    told: rulesOf(directory, await directory.lockoutPolicy()),
  }));
  if (login === undefined) return steps;

  const person = await take(`find ${login}`, () => find(directory, login));
  if (!person) return steps;
  await take(`groups of ${login}`, async () => ({ ok: true, told: groupsOf(await directory.groupsOf(person)) }));
  if (password !== undefined) await take(`sign in as ${login}`, () => signIn(directory, person, password));
  return steps;
}

/** One server that answers is enough to go on, and yet each that does not is a fault. */
async function probe(directory: Directory): Promise<Result<true>> {
  const probes = await directory.probe();
  const failed = new Set(probes.filter(({ ok }) => !ok).map(({ server }) => server));
  return {
    ok: failed.size === 0,
    told: probes.map(
      ({ ok, server, step, milliseconds, detail }) =>
        `${ok ? 'ok' : 'FAILED'} ${server} ${step} (${String(milliseconds)} ms): ${detail}`,
    ),
    leads: probes.some(({ server }) => !failed.has(server)) || undefined,
  };
}

async function find(directory: Directory, login: string): Promise<Result<DirectoryUser>> {
  const found = await directory.find(login);
  if (!found.ok) return { ok: false, told: [WHY_NOT_FOUND[found.reason]] };
  return { ok: true, told: personOf(found.value), leads: found.value };
}

async function signIn(directory: Directory, person: DirectoryUser, password: string): Promise<Result<never>> {
  const outcome = await directory.bind(person, password);
  return { ok: outcome.ok, told: [outcome.ok ? 'the password is right' : `refused: ${outcome.reason}`] };
}

const WHY_NOT_FOUND = {
  unknown: 'nobody: no entry matches, or the service account may not see it',
  ambiguous: 'more than one: nobody can sign in with a name that means two',
};

function rulesOf({ changesPasswords }: Directory, policy: LockoutPolicy | undefined): string[] {
  return [
    lockoutIn(policy),
    changesPasswords
      ? 'people can change an expired password at sign-in, where the directory lets them'
      : 'people cannot change a password at sign-in: the settings say so, or the connection is not encrypted',
  ];
}

function lockoutIn(policy: LockoutPolicy | undefined): string {
  if (!policy) return 'the service account may not read after how many failures an account is locked';
  if (policy.threshold === 0) return 'accounts are not locked after failures';
  const forgets = policy.window === undefined ? 'never forgotten' : `forgotten after ${String(policy.window)} s`;
  return `accounts are locked after ${String(policy.threshold)} failures, which are ${forgets}`;
}

function personOf(user: DirectoryUser): string[] {
  const { dn, stableId, username, state, passwordChangedAt, passwordExpiresAt, bindsLeft, profile } = user;
  const lines: [string, string | undefined][] = [
    ['entry', dn],
    ['immutable id', stableId],
    ['user name', username],
    ['state', state],
    ['password changed', passwordChangedAt?.toISOString()],
    ['password expires', passwordExpiresAt?.toISOString()],
    ['failures left until locked', bindsLeft?.toString()],
    ...Object.entries(profile),
  ];
  return lines.flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
}

function groupsOf(groups: readonly DirectoryGroup[]): string[] {
  if (groups.length === 0) return ['none'];
  return groups.map(({ name, dn, id, nameIsUnique, via }) => {
    const way = via.length === 0 ? 'direct' : `by ${via.join(' in ')}`;
    return `${name}${nameIsUnique ? '' : ' (not the only one of this name)'}: ${dn}, ${id}, ${way}`;
  });
}

function millisecondsSince(started: number): number {
  return Math.round(performance.now() - started);
}
