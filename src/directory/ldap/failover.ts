// Which server is asked: the first in the configured order that is up, the next one where it fails, and the next one beside it
// where it lets wait.

import { reasonOf } from '../../errors.ts';
import { NoRoom } from './pool.ts';
import type { PooledServer } from './pooled-server.ts';
import { isAnswer, LdapResultError } from './result-error.ts';

export type Work<T> = (server: PooledServer) => Promise<T>;

export interface Turns<T> {
  /** In the order in which they are asked. */
  servers: readonly PooledServer[];
  work: Work<T>;
  /** Gets what a server brings after another one was faster. */
  late?(value: T): void;
  /** What went wrong so far, added to. */
  failures: Error[];
}

/** A server that has not come so far within this time is overtaken by the next. */
const PATIENCE_MS = 500;

/** The servers that are up. Where none is, but one was just now, waits for the verdict on it. @throws AggregateError */
export async function serversUp(servers: readonly PooledServer[]): Promise<PooledServer[]> {
  const isUp = ({ health }: PooledServer): boolean => health.isUp;
  if (!servers.some(isUp)) await firstUp(servers);
  const up = servers.filter(isUp);
  if (up.length > 0) return up;
  throw noneOf(servers.map(({ name, health }) => new Error(`${name}: ${health.trouble ?? 'not up'}`)));
}

async function firstUp(servers: readonly PooledServer[]): Promise<void> {
  const verdicts = servers.map(async ({ health }) => {
    if (!(await health.verdict())) throw new Error('down');
  });
  await Promise.any(verdicts).catch(() => undefined);
}

/**
 * What the first of the servers brings that brings anything, and which it was. An LDAP result that refuses is thrown as it is:
 * another server would say the same.
 *
 * @throws AggregateError with what each of them did, when none brings anything.
 */
export async function firstOf<T>(turns: Turns<T>): Promise<{ server: PooledServer; value: T }> {
  const { work, late, failures } = turns;
  const remaining = [...turns.servers];
  const asked = new Map<PooledServer, Promise<Turn<T>>>();
  for (;;) {
    const next = remaining.shift();
    if (next) asked.set(next, turnOf(next, work));
    if (asked.size === 0) throw noneOf(failures);
    const turn = await firstTurn([...asked.values()], remaining.length > 0);
    if (!turn) continue;
    asked.delete(turn.server);
    if (turn.came === 'trouble') {
      failures.push(troubleWith(turn.server, turn.error));
      continue;
    }
    for (const [overtaken, theirs] of asked) {
      if (isBefore(turns.servers, overtaken, turn.server)) troubleWith(overtaken, `no answer in ${PATIENCE_MS} ms`);
      void theirs.then((afterwards) => dealWithLate(afterwards, late));
    }
    if (turn.came === 'refusal') throw turn.refusal.by(turn.server.name);
    return turn;
  }
}

/** Puts the server in doubt, and tells what happened for people. */
export function troubleWith({ name, health }: PooledServer, error: unknown): Error {
  if (!(error instanceof NoRoom)) health.doubt(error);
  return error instanceof LdapResultError ? error.by(name) : new Error(`${name}: ${reasonOf(error)}`);
}

type Turn<T> =
  | { server: PooledServer; came: 'value'; value: T }
  | { server: PooledServer; came: 'refusal'; refusal: LdapResultError }
  | { server: PooledServer; came: 'trouble'; error: unknown };

async function turnOf<T>(server: PooledServer, work: Work<T>): Promise<Turn<T>> {
  try {
    return { server, came: 'value', value: await work(server) };
  } catch (error) {
    return isAnswer(error) ? { server, came: 'refusal', refusal: error } : { server, came: 'trouble', error };
  }
}

/** Undefined when it is the next server's turn to be asked as well. */
async function firstTurn<T>(turns: Promise<Turn<T>>[], another: boolean): Promise<Turn<T> | undefined> {
  if (!another) return Promise.race(turns);
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), PATIENCE_MS);
  });
  try {
    return await Promise.race([...turns, patience]);
  } finally {
    clearTimeout(timer);
  }
}

/** A server that failed in the end, though it was overtaken, is in trouble all the same. */
function dealWithLate<T>(turn: Turn<T>, late: Turns<T>['late']): void {
  if (turn.came === 'value') late?.(turn.value);
  if (turn.came === 'trouble') troubleWith(turn.server, turn.error);
}

function isBefore(order: readonly PooledServer[], one: PooledServer, another: PooledServer): boolean {
  return order.indexOf(one) < order.indexOf(another);
}

function noneOf(failures: readonly Error[]): AggregateError {
  return new AggregateError(failures, failures.map(({ message }) => message).join('; '));
}
