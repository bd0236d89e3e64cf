// What the directory servers of the tests have in common, and OpenLDAP's own client, which changes what is in them.

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';

import { eventually } from './eventually.ts';
import { ensureInstalled } from './install.ts';

export interface TestDirectory {
  /** `ldap://…`; offers StartTLS. */
  readonly url: string;
  readonly ldapsUrl: string;
  /** The authority that the certificate is to be verified against, in PEM and as a file. */
  readonly caPem: string;
  readonly caFile: string;
  readonly suffix: string;
  readonly admin: Account;
  /** Reads everything but passwords, and writes nothing. */
  readonly service: Account;
  /** Adds and changes entries as the administrator: LDIF, where `changetype: add` may be left out. */
  modify(ldif: string): Promise<void>;
  /** From the next bind on the password must be changed. */
  requirePasswordChange(dn: string): Promise<void>;
}

export interface Account {
  dn: string;
  password: string;
}

/** Applies LDIF to a server as `admin`. */
export async function ldapmodify(url: string, admin: Account, ldif: string, caFile = ''): Promise<void> {
  const program = await ensureInstalled('ldapmodify', 'ldap-utils');
  await new Promise<void>((resolve, reject) => {
    const args = ['-a', '-x', '-H', url, '-D', admin.dn, '-w', admin.password];
    const env = { ...process.env, LDAPTLS_CACERT: caFile };
    const child = execFile(program, args, { env }, (error, _stdout, stderr) => {
      if (error) reject(new Error(`ldapmodify: ${stderr}`, { cause: error }));
      else resolve();
    });
    child.stdin?.end(ldif);
  });
}

const PORTS: Readonly<Record<string, number>> = { 'ldap:': 389, 'ldaps:': 636 };

/** Waits until something listens at each of the addresses. */
export async function untilListening(...urls: readonly string[]): Promise<void> {
  for (const url of urls) await eventually(`something listens at ${url}`, () => listens(new URL(url)));
}

async function listens({ protocol, hostname, port }: URL): Promise<boolean> {
  const socket = connect(Number(port) || (PORTS[protocol] ?? 0), hostname);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
