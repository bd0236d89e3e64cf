// An expected refusal is a value; a fault is an AppError (errors.ts). Nothing else is thrown across a folder's border.

/** What an operation came to: its value, or the reason it was refused. */
export type Outcome<T, R extends string> = Accepted<T> | Refused<R>;
export interface Accepted<T> {
  ok: true;
  value: T;
}
export interface Refused<R extends string> {
  ok: false;
  reason: R;
}

export function accepted<T>(value: T): Accepted<T> {
  return { ok: true, value };
}

export function refused<R extends string>(reason: R): Refused<R> {
  return { ok: false, reason };
}
