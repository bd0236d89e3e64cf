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
}

type Work = () => Promise<{ ok: boolean; told: string[] }>;

/** The steps up to the first one that failed; those that tell more than a sign-in needs fail nothing. */
export async function tryDirectory({ directory, login, password, exchanged }: Trial): Promise<TrialStep[]> {
  const steps: TrialStep[] = [];
  const take = async (step: string, work: Work): Promise<boolean> => {
    const started = performance.now();
    exchanged();
    const { ok, told } = await work().catch((error: unknown) => ({ ok: false, told: [reasonOf(error)] }));
    steps.push({ step, ok, milliseconds: millisecondsSince(started), told, exchanges: exchanged() });
    return ok;
  };

  const reached = await take('servers', () => probe(directory));
  if (!reached) return steps;
  await take('rules for passwords', async () => ({
    ok: true,
    told: rulesOf(directory, await directory.lockoutPolicy()),
  }));
  if (login === undefined) return steps;

  let user: DirectoryUser | undefined;
  const found = await take(`find ${login}`, async () => {
    const outcome = await directory.find(login);
    if (outcome.ok) user = outcome.value;
    return { ok: outcome.ok, told: outcome.ok ? personOf(outcome.value) : [WHY_NOT_FOUND[outcome.reason]] };
  });
  const person = user;
  if (!found || !person) return steps;
  await take(`groups of ${login}`, async () => ({ ok: true, told: groupsOf(await directory.groupsOf(person)) }));
  if (password === undefined) return steps;
  await take(`sign in as ${login}`, async () => {
    const outcome = await directory.bind(person, password);
    return { ok: outcome.ok, told: [outcome.ok ? 'the password is right' : `refused: ${outcome.reason}`] };
  });
  return steps;
}

const WHY_NOT_FOUND = {
  unknown: 'nobody: no entry matches, or the service account may not see it',
  ambiguous: 'more than one: nobody can sign in with a name that means two',
};

/** One server that answers is enough to go on, and yet each that does not is a fault. */
async function probe(directory: Directory): Promise<{ ok: boolean; told: string[] }> {
  const probes = await directory.probe();
  return {
    ok: probes.every(({ ok }) => ok),
    told: probes.map(
      ({ ok, server, step, milliseconds, detail }) =>
        `${ok ? 'ok' : 'FAILED'} ${server} ${step} (${String(milliseconds)} ms): ${detail}`,
    ),
  };
}

function rulesOf({ changesPasswords }: Directory, policy: LockoutPolicy | undefined): string[] {
  return [
    lockoutIn(policy),
    changesPasswords
      ? 'people can change an expired password at sign-in'
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
