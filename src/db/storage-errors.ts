// Tells trouble with the database itself from what it has to say about a statement.

import pg from 'pg';
import { AppError, storageUnavailable } from '../errors.ts';

/**
 * SQLSTATEs, or their classes, that no other statement would have avoided (PostgreSQL, Appendix A): connection exception,
 * insufficient resources, statement time-out, shutdown, system error, and a primary that has become a standby.
 */
const unavailable = /^(08...|53...|57014|57P..|58...|25006|25P0[34])$/;

/** Of these, the ones after which the server keeps the connection in order. */
const connectionStays = /^(53[1-3]..|57014)$/;

/** What pg itself says of a connection that is dead, silent or not to be had. */
const pgWords =
  /^Connection terminated|^Query read timeout$|is not queryable$|^timeout exceeded when trying to connect$/;

/** `storage_unavailable` for trouble with the database; anything else, as a constraint violation, as it is. */
export function storageError(error: unknown): unknown {
  if (error instanceof AppError) return error;
  return isUnavailable(error) ? storageUnavailable(error) : error;
}

/** Whether the connection that answered with `error` is of no more use. */
export function losesConnection(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError)) return true;
  if (isStalePlan(error)) return true;
  const code = error.code ?? '';
  return unavailable.test(code) && !connectionStays.test(code);
}

function isUnavailable(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return unavailable.test(error.code ?? '') || isStalePlan(error);
  if (!(error instanceof Error)) return false;
  // The socket names its system call, or gathers an error for each address of the host; pg says it in words only.
  return 'syscall' in error || error instanceof AggregateError || pgWords.test(error.message);
}

/** A migration changed the result of a statement that was prepared before it; a new connection prepares it anew. */
function isStalePlan(error: pg.DatabaseError): boolean {
  return error.routine === 'RevalidateCachedQuery';
}
