// A request that changes something, a count of failures at least, was sent, and no answer came: nobody knows what became of it.

import { AppError, reasonOf } from '../errors.ts';

/** The server may have done what was asked, or do it yet. */
export class Unanswered extends Error {
  constructor(cause: unknown) {
    super(reasonOf(cause));
    this.name = new.target.name;
  }
}

/** Whether a directory's fault leaves open what it did. Any other says that it was never asked, or did not look at it. */
export function isUnanswered(fault: unknown): boolean {
  return fault instanceof AppError && fault.cause instanceof Unanswered;
}
