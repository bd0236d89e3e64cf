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
    await acquire(folder, lock);
  } catch (error) {
    held.delete(lock);
    throw error;
  }
  return async () => {
    await rm(lock, { force: true });
    held.delete(lock);
  };
}

/**
 * Of those who find a lock whose owner has gone, one at a time may replace it, with a second lock on that. A look at it first and
 * a removal later, without one, would now and then remove what another process has just made.
 */
async function acquire(folder: string, lock: string): Promise<void> {
  while (!(await create(lock))) {
    if ((await readOwner(lock, folder)) === 'free') continue;
    const takeover = `${lock}.takeover`;
    await acquire(folder, takeover);
    try {
      if ((await readOwner(lock, folder)) === 'gone') return await replace(lock);
    } finally {
      await rm(takeover);
    }
  }
}

/** Linking and renaming, unlike writing in place, never show anybody a lock without its owner. */
async function create(lock: string): Promise<boolean> {
  const draft = await writeDraft(lock);
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

async function replace(lock: string): Promise<void> {
  await rename(await writeDraft(lock), lock);
}

async function writeDraft(lock: string): Promise<string> {
  const draft = `${lock}.${randomUUID()}`;
  await writeFile(draft, `${process.pid}`, { mode: 0o600 });
  return draft;
}

/** Whether the lock has been given back, or its owner is gone. @throws AppError when the owner lives. */
async function readOwner(lock: string, folder: string): Promise<'free' | 'gone'> {
  let content: string;
  try {
    content = await readFile(lock, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return 'free';
    throw error;
  }
  const owner = Number.parseInt(content, 10);
  if (owner > 0 && isOther(owner)) throw inUse(folder, lock, owner);
  return 'gone';
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

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
