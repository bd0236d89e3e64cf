// A bind that is not ours: what somebody gets at the directory itself, by OpenLDAP's own client.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import type { TestDirectory } from './directory-server.ts';
import { ensureInstalled } from './install.ts';

const INVALID_CREDENTIALS = 49;

/** Whether the directory takes the password. @throws what else the client ended with. */
export async function bindsAt({ url }: Pick<TestDirectory, 'url'>, dn: string, password: string): Promise<boolean> {
  const program = await ensureInstalled('ldapwhoami', 'ldap-utils');
  try {
    await promisify(execFile)(program, ['-x', '-H', url, '-D', dn, '-w', password]);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === INVALID_CREDENTIALS) return false;
    throw error;
  }
}
