// What no two servers may be sent: a wrong password counts at each of them, and what was changed cannot be changed from the old
// state again. So it is the next server's turn only as long as the one before has not seen it.

import { Unanswered } from '../unanswered.ts';
import type { LdapConnection, ServerResult } from './connection.ts';
import { GivenUp } from './connection.ts';
import type { Work } from './failover.ts';
import { firstOf, serversUp, troubleWith } from './failover.ts';
import type { Lease, Operation } from './pool.ts';
import { NotSent } from './pool.ts';
import type { PooledServer } from './pooled-server.ts';
import { isServed } from './result-codes.ts';
import { isAnswer, LdapResultError } from './result-error.ts';

/** Whether a server may have seen what is to be sent. */
export interface Sending {
  isSent: boolean;
}

/** @throws Unanswered instead of whatever ended `work`, answers aside, once something had been sent. */
export async function sentOnce<T>(work: (sending: Sending) => Promise<T>): Promise<T> {
  const sending: Sending = { isSent: false };
  try {
    return await work(sending);
  } catch (error) {
    throw sending.isSent && !isAnswer(error) ? new Unanswered(error) : error;
  }
}

/** @throws AggregateError when no server could be sent it, or what went wrong at the one that was. */
export async function bindAtOne(
  servers: readonly PooledServer[],
  { dn, password }: { dn: string; password: string },
  signal: AbortSignal,
  sending: Sending,
): Promise<ServerResult> {
  const failures: Error[] = [];
  let candidates = await serversUp(servers);
  for (;;) {
    const work: Work<Lease> = ({ binds }) => binds.lease();
    const late = (unused: Lease): void => unused.giveBack();
    const { server, value: lease } = await firstOf({ servers: candidates, work, late, failures });
    if (signal.aborted) lease.giveBack();
    signal.throwIfAborted();
    try {
      return await lease.run((connection) => {
        sending.isSent = true;
        return servedBind(connection, dn, password);
      });
    } catch (error) {
      const trouble = troubleWith(server, error);
      if (!(error instanceof NotSent || error instanceof LdapResultError)) throw trouble;
      sending.isSent = false;
      failures.push(trouble);
      candidates = candidates.filter((other) => other !== server);
    }
  }
}

async function servedBind(connection: LdapConnection, dn: string, password: string): Promise<ServerResult> {
  const result = await connection.bind(dn, password);
  if (!isServed(result.code)) throw new LdapResultError('bind', result);
  return result;
}

/** On a new connection, bound as the service account, that is closed afterwards. */
export async function onOwnConnection<T>(
  servers: readonly PooledServer[],
  operation: Operation<T>,
  signal: AbortSignal,
  sending: Sending = { isSent: false },
): Promise<T> {
  const { server, value: connection } = await firstOf({
    servers: await serversUp(servers),
    work: ({ open }) => open(),
    late: (unused) => unused.close(),
    failures: [],
  });
  signal.addEventListener('abort', () => connection.close(new GivenUp('no answer in time')));
  try {
    signal.throwIfAborted();
    sending.isSent = true;
    return await operation(connection);
  } catch (error) {
    throw isAnswer(error) ? error.by(server.name) : troubleWith(server, error);
  } finally {
    connection.close();
  }
}
