// Throwaway OpenLDAP servers from the system's packages: one that all tests share, and others for tests that break them. They
// hold the people of config/demo-directory.ldif.

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { eventually } from './eventually.ts';
import { atEnd } from './global-teardown.ts';
import { ensureInstalled } from './install.ts';
import { freePort } from './ports.ts';
import type { TestProcess } from './processes.ts';
import { startProcess } from './processes.ts';
import type { TlsCertificate } from './tls-certificate.ts';
import { selfSignedCertificate } from './tls-certificate.ts';

export interface TestSlapd {
  /** `ldap://127.0.0.1:…`; offers StartTLS. */
  readonly url: string;
  /** `ldaps://127.0.0.1:…`; its certificate is for `localhost` too. */
  readonly ldapsUrl: string;
  /** The authority that the certificate is to be verified against, in PEM and as a file. */
  readonly caPem: string;
  readonly caFile: string;
  readonly suffix: string;
  readonly admin: Account;
  /** Reads everything but passwords; gets 100 entries at most from one search that is not paged. */
  readonly service: Account;
  /** Adds and changes entries as the administrator: LDIF, where `changetype: add` may be left out. */
  modify(ldif: string): Promise<void>;
  /** Locks an account for good, as an administrator would. */
  lock(dn: string): Promise<void>;
  /** Takes any lock away, an automatic one too. */
  unlock(dn: string): Promise<void>;
  /** From the next bind on the password must be changed. */
  requirePasswordChange(dn: string): Promise<void>;
  stop(): Promise<void>;
  /** Starts it again on the same ports, with the same data. */
  start(): Promise<void>;
  /** Hangs it: connections are accepted by the system, and nothing answers. */
  pause(): void;
  resume(): void;
}

export interface Account {
  dn: string;
  password: string;
}

const SUFFIX = 'dc=demo,dc=test';
const ADMIN: Account = { dn: `cn=admin,${SUFFIX}`, password: 'admin-of-the-tests' };
const SERVICE: Account = { dn: `cn=sallyport,ou=system,${SUFFIX}`, password: 'sallyport-demo-1234' };
const DEMO_LDIF = new URL('../../config/demo-directory.ldif', import.meta.url);

/** Five failures lock an account for five minutes. */
const POLICY = `dn: cn=policy,${SUFFIX}
objectClass: device
objectClass: pwdPolicy
cn: policy
pwdAttribute: userPassword
pwdLockout: TRUE
pwdMaxFailure: 5
pwdLockoutDuration: 300
pwdMustChange: TRUE
pwdSafeModify: FALSE
`;

let shared: Promise<TestSlapd> | undefined;

/** The server that tests share. What a test changes in it belongs under an entry of its own. */
export function testSlapd(): Promise<TestSlapd> {
  return (shared ??= startSlapd());
}

/** A server of the caller's own. Removed after the last test. */
export async function startSlapd(): Promise<TestSlapd> {
  const program = await ensureInstalled('slapd', 'slapd', 'ldap-utils');
  const folder = mkdtempSync(path.join(tmpdir(), 'sallyport-slapd-'));
  const certificate = await selfSignedCertificate();
  const configuration = writeConfiguration(folder, certificate);
  const url = `ldap://127.0.0.1:${await freePort()}`;
  const ldapsUrl = `ldaps://127.0.0.1:${await freePort()}`;
  const start = async (): Promise<TestProcess> => {
    const args = ['-d', 'none', '-f', configuration, '-h', `${url} ${ldapsUrl}`];
    const started = await startProcess(program, args, { ready: /slapd starting/ });
    // It says so shortly before it listens.
    await eventually('slapd listens', () => accepts(url));
    await eventually('slapd listens for TLS', () => accepts(ldapsUrl));
    return started;
  };

  let server = await start();
  atEnd(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const modify = (ldif: string): Promise<void> => ldapmodify(url, ADMIN, ldif);
  await modify(readFileSync(DEMO_LDIF, 'utf8'));
  await modify(POLICY);
  return {
    url,
    ldapsUrl,
    caPem: certificate.cert,
    caFile: path.join(folder, 'cert.pem'),
    suffix: SUFFIX,
    admin: ADMIN,
    service: SERVICE,
    modify,
    lock: (dn) => modify(replacing(dn, 'pwdAccountLockedTime', '000001010000Z')),
    unlock: (dn) => modify(`${replacing(dn, 'pwdAccountLockedTime')}\n${replacing(dn, 'pwdFailureTime')}`),
    requirePasswordChange: (dn) => modify(replacing(dn, 'pwdReset', 'TRUE')),
    stop: () => server.stop(),
    start: async () => {
      server = await start();
    },
    pause: () => server.signal('SIGSTOP'),
    resume: () => server.signal('SIGCONT'),
  };
}

/** slapd.conf(5), slapo-memberof(5), slapo-refint(5), slapo-ppolicy(5) */
function writeConfiguration(folder: string, { cert, key }: TlsCertificate): string {
  const file = (name: string): string => path.join(folder, name);
  mkdirSync(file('data'));
  writeFileSync(file('cert.pem'), cert);
  writeFileSync(file('key.pem'), key);
  const schemas = ['core', 'cosine', 'inetorgperson'].map((name) => `include /etc/ldap/schema/${name}.schema`);
  writeFileSync(
    file('slapd.conf'),
    `${schemas.join('\n')}
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
moduleload refint
moduleload ppolicy
pidfile ${file('slapd.pid')}
threads 4
TLSCertificateFile ${file('cert.pem')}
TLSCertificateKeyFile ${file('key.pem')}

database mdb
suffix "${SUFFIX}"
rootdn "${ADMIN.dn}"
rootpw ${ADMIN.password}
directory ${file('data')}
maxsize 67108864
dbnosync
index objectClass,uid,mail,cn,member,entryUUID eq
limits dn.exact="${SERVICE.dn}" size.soft=100 size.hard=100 size.prtotal=unlimited
access to attrs=userPassword by self write by anonymous auth by * none
access to * by users read by * none

overlay memberof
memberof-dangling ignore
memberof-refint TRUE
overlay refint
refint_attributes member
overlay ppolicy
ppolicy_default "cn=policy,${SUFFIX}"
ppolicy_hash_cleartext
ppolicy_use_lockout
`,
  );
  return file('slapd.conf');
}

/** A change that sets an attribute's values, or without any takes the attribute away. */
function replacing(dn: string, attribute: string, ...values: string[]): string {
  const lines = values.map((value) => `${attribute}: ${value}`);
  return [`dn: ${dn}`, 'changetype: modify', `replace: ${attribute}`, ...lines, ''].join('\n');
}

async function accepts(url: string): Promise<boolean> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Applies LDIF to a server as `admin`, with OpenLDAP's own client. */
export async function ldapmodify(url: string, admin: Account, ldif: string): Promise<void> {
  const program = await ensureInstalled('ldapmodify', 'ldap-utils');
  await new Promise<void>((resolve, reject) => {
    const args = ['-a', '-x', '-H', url, '-D', admin.dn, '-w', admin.password];
    const child = execFile(program, args, (error, _stdout, stderr) => {
      if (error) reject(new Error(`ldapmodify: ${stderr}`, { cause: error }));
      else resolve();
    });
    child.stdin?.end(ldif);
  });
}
