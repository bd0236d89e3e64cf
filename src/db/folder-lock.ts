import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../errors.ts';

/** The locks that this process holds, or is about to, by their path. */
const held = new Set<string>();

/**
 * Makes `folder` this process's own until the returned function is called. The lock is a file in it, `lock`, that holds the
 * process's id; one that a dead process left is taken over.
 *
 * @throws AppError `invalid_configuration` that names the process which has the folder.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const lock = path.join(await realpath(folder), 'lock');
  if (held.has(lock)) throw inUse(folder, lock, process.pid);
  held.add(lock);
  try {
    await createOrTakeOver(folder, lock);
  } catch (error) {
    held.delete(lock);
    throw error;
  }
  return async () => {
    await rm(lock, { force: true });
    held.delete(lock);
  };
}

async function createOrTakeOver(folder: string, lock: string): Promise<void> {
  while (!(await create(lock))) {
    const owner = await readOwner(lock);
    if (owner !== undefined && isOther(owner)) throw inUse(folder, lock, owner);
    await removeStale(lock, owner);
  }
}

/** Linking, unlike creating and then writing, never shows anybody a lock without its owner. */
async function create(lock: string): Promise<boolean> {
  const draft = `${lock}.${randomUUID()}`;
  await writeFile(draft, `${process.pid}`, { mode: 0o600 });
  try {
    await link(draft, lock);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await rm(draft);
  }
}

/** Undefined where the lock has just gone, or holds no process id. */
async function readOwner(lock: string): Promise<number | undefined> {
  const content = await readFile(lock, 'utf8').catch(ignoring('ENOENT'));
  return content === undefined ? undefined : Number.parseInt(content, 10) || undefined;
}

/** Moves the lock away before it looks again: somebody else may have taken it over in the meantime, and then gets it back. */
async function removeStale(lock: string, owner: number | undefined): Promise<void> {
  const aside = `${lock}.${randomUUID()}`;
  await rename(lock, aside).catch(ignoring('ENOENT'));
  if ((await readOwner(aside)) !== owner) await link(aside, lock).catch(ignoring('EEXIST', 'ENOENT'));
  await rm(aside, { force: true });
}

/** Whether the id is another living process's. In a container, ours may be the one that an earlier process had before a restart. */
function isOther(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, 'EPERM');
  }
}

function inUse(folder: string, lock: string, pid: number): AppError {
  return new AppError(
    'invalid_configuration',
    500,
    `The folder ${folder} is in use by process ${pid}. If that is no Sallyport, delete ${lock}.`,
  );
}

function ignoring(...codes: string[]): (error: unknown) => undefined {
  return (error) => {
    if (!codes.some((code) => hasCode(error, code))) throw error;
  };
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
