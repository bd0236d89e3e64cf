// What a command's exit code says, as docs/command-line.md has it.

export const EXIT_DONE = 0;
/** Whatever else fails: the configuration, the storage, a fault. */
export const EXIT_FAILED = 1;
/** What was typed cannot be read. */
export const EXIT_USAGE = 2;
export const EXIT_NOT_FOUND = 3;
/** It stands, and does not allow that: a conflict, the last owner, what the file owns. */
export const EXIT_REFUSED = 4;
/** Of an import: some rows failed, or there were none. */
export const EXIT_ROWS_FAILED = 5;
/** The audit log is not as it was sealed. */
export const EXIT_BROKEN = 6;

/** What is typed cannot be read; the message says why. */
export class UsageError extends Error {}
