// Finds the servers and browsers that tests need; on Debian, as root, installs what is missing from the system's packages.

import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

let lastInstall: Promise<unknown> = Promise.resolve();
let indexUpdate: Promise<unknown> | undefined;

/**
 * The path of `binary`; installs `packages` if it is nowhere to be found.
 *
 * @throws Error that names the packages, where this process may not install them or where that failed.
 */
export async function ensureInstalled(binary: string, ...packages: string[]): Promise<string> {
  const found = findBinary(binary);
  if (found) return found;
  // apt has one lock for the whole machine, so installations of this process wait for each other.
  const installed = lastInstall.then(() => findBinary(binary) ?? install(binary, packages));
  lastInstall = installed.catch(() => undefined);
  return installed;
}

async function install(binary: string, packages: string[]): Promise<string> {
  const advice = `The tests need "${binary}". Install it: apt-get install ${packages.join(' ')}`;
  if (process.getuid?.() !== 0 || !findBinary('apt-get')) throw new Error(advice);
  try {
    await (indexUpdate ??= aptGet('update'));
    await aptGet('install', '-y', '--no-install-recommends', ...packages);
  } catch (cause) {
    throw new Error(`${advice} (trying it here failed)`, { cause });
  }
  const found = findBinary(binary);
  if (!found) throw new Error(`${advice} (it is installed, but brought no such program)`);
  return found;
}

async function aptGet(...args: string[]): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['-o', 'DPkg::Lock::Timeout=120', ...args], { env, maxBuffer: 16 * 1024 * 1024 });
}

function findBinary(binary: string): string | undefined {
  return searchFolders()
    .map((folder) => path.join(folder, binary))
    .find(isExecutable);
}

/** Debian keeps PostgreSQL's own programs out of PATH, a folder for each version, and servers in sbin, which few users have there. */
function searchFolders(): string[] {
  const postgres = '/usr/lib/postgresql';
  const versions = existsSync(postgres) ? readdirSync(postgres).sort((a, b) => Number(b) - Number(a)) : [];
  return [
    ...(process.env.PATH ?? '').split(path.delimiter).filter(Boolean),
    '/usr/local/sbin',
    '/usr/sbin',
    '/sbin',
    ...versions.map((version) => path.join(postgres, version, 'bin')),
  ];
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
