import type { QueryConfig } from 'pg';
import type { Connection } from './connection-pool.ts';

/** One transaction on one connection. It fails as a whole: after a first failure, nothing runs in it and it never commits. */
export interface Unit {
  query<Row extends object>(statement: QueryConfig): Promise<Row[]>;
  /** Runs `work` as a part of this unit; if that part fails, the unit does, even if the caller swallows the error. */
  join<T>(work: () => Promise<T>): Promise<T>;
  /** Resolves once the database has confirmed. Rejects with the unit's first failure, or the commit's own. */
  commit(): Promise<void>;
  rollback(): Promise<void>;
}

export async function beginUnit(connection: Connection): Promise<Unit> {
  await connection.run({ text: 'begin' });
  let last: Promise<unknown> = Promise.resolve();
  let failure: { error: unknown } | undefined;
  let ended = false;

  // Statements of one unit that are started at once wait for each other here: pg is about to give up its own queue.
  const inTurn = <Row extends object>(statement: QueryConfig): Promise<Row[]> => {
    const result = last.then(() => {
      if (failure) throw failure.error;
      return connection.run<Row>(statement);
    });
    last = result.catch((error: unknown) => (failure ??= { error }));
    return result;
  };
  const assertOpen = (): void => {
    if (ended) throw new Error('The unit of work has ended: something that was started in it was not awaited.');
  };

  return {
    async query<Row extends object>(statement: QueryConfig) {
      assertOpen();
      return inTurn<Row>(statement);
    },
    async join(work) {
      assertOpen();
      try {
        return await work();
      } catch (error) {
        failure ??= { error };
        throw error;
      }
    },
    async commit() {
      ended = true;
      await inTurn({ text: 'commit' });
    },
    async rollback() {
      ended = true;
      await last;
      // Where this fails, the connection is lost, and the server rolls back by itself.
      if (!connection.isLost()) await connection.run({ text: 'rollback' }).catch(() => undefined);
    },
  };
}
