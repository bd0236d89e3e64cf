// A bind that is not ours: what somebody gets at the directory itself, by OpenLDAP's own client.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import type { TestDirectory } from './directory-server.ts';
import { ensureInstalled } from './install.ts';

const INVALID_CREDENTIALS = 49;

/** Whether the directory takes the password. @throws what else the client ended with. */
export async function bindsAt({ ldapsUrl, caFile }: TestDirectory, dn: string, password: string): Promise<boolean> {
  const program = await ensureInstalled('ldapsearch', 'ldap-utils');
  const env = { ...process.env, LDAPTLS_CACERT: caFile };
  try {
    // Something that any server answers: Samba does not know Who-am-I (RFC 4532).
    const rootDse = ['-b', '', '-s', 'base', '1.1'];
    await promisify(execFile)(program, ['-x', '-H', ldapsUrl, '-D', dn, '-w', password, ...rootDse], { env });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === INVALID_CREDENTIALS) return false;
    throw error;
  }
}
