// Throwaway OpenLDAP servers from the system's packages: one that all tests share, and others for tests that break them. They
// hold the people of config/demo-directory.ldif.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { Account, TestDirectory } from './directory-server.ts';
import { ldapmodify, untilListening } from './directory-server.ts';
import { eventually } from './eventually.ts';
import { atEnd } from './global-teardown.ts';
import { ensureInstalled } from './install.ts';
import { daysFromNow, generalizedTime, ldifEntry, replacing } from './ldif.ts';
import { freePort } from './ports.ts';
import type { TestProcess } from './processes.ts';
import { startProcess } from './processes.ts';
import type { TlsCertificate } from './tls-certificate.ts';
import { selfSignedCertificate } from './tls-certificate.ts';

/** Its service account gets 100 entries at most from one search that is not paged. */
export interface TestSlapd extends TestDirectory {
  /** Locks an account for good, as an administrator would. */
  lock(dn: string): Promise<void>;
  /** The password ends in so many days, or ended so many ago, where the account's policy gives it 42 days, as AGEING does. */
  expirePassword(dn: string, inDays?: number): Promise<void>;
  stop(): Promise<void>;
  /** Ends it without a word (SIGKILL). */
  kill(): Promise<void>;
  /** Starts it again on the same ports, with the same data. */
  start(): Promise<void>;
  /** Hangs it: connections are accepted by the system, and nothing answers. */
  pause(): Promise<void>;
  resume(): void;
}

const SUFFIX = 'dc=demo,dc=test';
const ADMIN: Account = { dn: `cn=admin,${SUFFIX}`, password: 'admin-of-the-tests' };
const SERVICE: Account = { dn: `cn=sallyport,ou=system,${SUFFIX}`, password: 'sallyport-demo-1234' };
const DEMO_LDIF = new URL('../../config/demo-directory.ldif', import.meta.url);

/** Five failures within a quarter of an hour lock an account for five minutes. */
const POLICY = `dn: cn=policy,${SUFFIX}
objectClass: device
objectClass: pwdPolicy
cn: policy
pwdAttribute: userPassword
pwdLockout: TRUE
pwdMaxFailure: 5
pwdFailureCountInterval: 900
pwdLockoutDuration: 300
pwdMustChange: TRUE
pwdSafeModify: FALSE
`;

/** Policies (pwdPolicySubentry) by which passwords end after 42 days; the second one allows three binds more. */
export const AGEING = `cn=ageing,${SUFFIX}`;
export const AGEING_WITH_GRACE = `cn=ageing with grace,${SUFFIX}`;
const MAX_AGE_DAYS = 42;
const DAY_SECONDS = 86_400;

const AGEING_POLICIES = [AGEING, AGEING_WITH_GRACE].map((dn) =>
  ldifEntry(dn, {
    objectClass: ['device', 'pwdPolicy'],
    pwdAttribute: 'userPassword',
    pwdMaxAge: `${MAX_AGE_DAYS * DAY_SECONDS}`,
    pwdExpireWarning: `${14 * DAY_SECONDS}`,
    pwdGraceAuthNLimit: dn === AGEING ? '0' : '3',
  }),
);

/** Lets the administrator write what only the server writes (draft-zeilenga-ldap-relax). */
const RELAX = '1.3.6.1.4.1.4203.666.5.12';

let shared: Promise<TestSlapd> | undefined;

/** The server that tests share. What a test changes in it belongs under an entry of its own. */
export function testSlapd(): Promise<TestSlapd> {
  return (shared ??= startSlapd());
}

export interface SlapdOptions {
  /** PEM. TLS connections need a certificate of this authority. */
  clientAuthority?: string;
}

/** A server of the caller's own. Removed after the last test. */
export async function startSlapd({ clientAuthority }: SlapdOptions = {}): Promise<TestSlapd> {
  const program = await ensureInstalled('slapd', 'slapd', 'ldap-utils');
  const folder = mkdtempSync(path.join(tmpdir(), 'sallyport-slapd-'));
  const certificate = await selfSignedCertificate();
  const configuration = writeConfiguration(folder, certificate, clientAuthority);
  const url = `ldap://127.0.0.1:${await freePort()}`;
  const ldapsUrl = `ldaps://127.0.0.1:${await freePort()}`;
  const start = async (): Promise<TestProcess> => {
    const args = ['-d', 'none', '-f', configuration, '-h', `${url} ${ldapsUrl}`];
    const started = await startProcess(program, args, { ready: /slapd starting/ });
    // It says so shortly before it listens.
    await untilListening(url, ldapsUrl);
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
  await modify(AGEING_POLICIES.join(''));
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
    requirePasswordChange: (dn) => modify(replacing(dn, 'pwdReset', 'TRUE')),
    expirePassword: (dn, inDays = -1) => {
      const changed = generalizedTime(daysFromNow(inDays - MAX_AGE_DAYS));
      return modify(replacing(dn, 'pwdChangedTime', changed).replace('\n', `\ncontrol: ${RELAX} true\n`));
    },
    stop: () => server.stop(),
    kill: async () => {
      server.signal('SIGKILL');
      await server.exited;
    },
    start: async () => {
      server = await start();
    },
    pause: async () => {
      server.signal('SIGSTOP');
      await eventually('slapd has stopped', () => isStopped(server.pid));
    },
    resume: () => server.signal('SIGCONT'),
  };
}

/** slapd.conf(5), slapo-memberof(5), slapo-refint(5), slapo-ppolicy(5) */
function writeConfiguration(
  folder: string,
  { cert, key }: TlsCertificate,
  clientAuthority: string | undefined,
): string {
  const file = (name: string): string => path.join(folder, name);
  mkdirSync(file('data'));
  writeFileSync(file('cert.pem'), cert);
  writeFileSync(file('key.pem'), key);
  const clients =
    clientAuthority === undefined ? [] : [`TLSCACertificateFile ${file('clients.pem')}`, 'TLSVerifyClient demand'];
  writeFileSync(file('clients.pem'), clientAuthority ?? '');
  const schemas = ['core', 'cosine', 'inetorgperson', 'nis'].map((name) => `include /etc/ldap/schema/${name}.schema`);
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
${clients.join('\n')}

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

/** Whether every thread is (proc(5)): one after another they notice the signal, and answer until then. */
function isStopped(pid: number): boolean {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.every((thread) => /\) T /.test(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8')));
}
