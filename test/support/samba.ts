// A throwaway Active Directory for all tests: Samba's domain controller from the system's packages, with LDAP and nothing else.

import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import type { Account, TestDirectory } from './directory-server.ts';
import { ldapmodify, untilListening } from './directory-server.ts';
import { atEnd } from './global-teardown.ts';
import { ensureInstalled } from './install.ts';
import { daysFromNow, fileTime, ldifEntry, replacing } from './ldif.ts';
import { startProcess } from './processes.ts';
import { selfSignedCertificate } from './tls-certificate.ts';

const run = promisify(execFile);

/**
 * Five failures lock an account for five minutes. A password has eight characters, no one of the last three, and 42 days. Takes
 * passwords over TLS only.
 */
export interface TestSamba extends TestDirectory {
  /** What user principal names end in. */
  readonly realm: string;
  /** The password ends in so many days, or ended so many ago. */
  expirePassword(dn: string, inDays?: number): Promise<void>;
  /** Account names are unique in the whole domain, so what a test has added may be in the way of another. */
  removeTree(dn: string): Promise<void>;
}

const REALM = 'ad.demo.test';
const SUFFIX = 'DC=ad,DC=demo,DC=test';
const ADMIN: Account = { dn: `CN=Administrator,CN=Users,${SUFFIX}`, password: 'Admin-of-the-tests-1' };
const SERVICE: Account = { dn: `CN=sallyport,CN=Users,${SUFFIX}`, password: 'sallyport-demo-1234' };

/** In intervals of 100 ns, of which durations have a negative number. */
const MINUTE = 600_000_000;

const POLICY = [
  replacing(SUFFIX, 'pwdProperties', '0'),
  replacing(SUFFIX, 'minPwdLength', '8'),
  replacing(SUFFIX, 'minPwdAge', '0'),
  replacing(SUFFIX, 'pwdHistoryLength', '3'),
  replacing(SUFFIX, 'lockoutThreshold', '5'),
  replacing(SUFFIX, 'lockoutDuration', `${-5 * MINUTE}`),
  replacing(SUFFIX, 'lockOutObservationWindow', `${-5 * MINUTE}`),
].join('');

const SERVICE_ENTRY = ldifEntry(SERVICE.dn, {
  objectClass: 'user',
  sAMAccountName: 'sallyport',
  userAccountControl: '512',
  unicodePwd: unicodePwd(SERVICE.password),
});

/** Lets a client set pwdLastSet to any time (DSDB_CONTROL_PASSWORD_BYPASS_LAST_SET_OID); LDAP takes none but now and never. */
const ANY_TIME = 'local_oid:1.3.6.1.4.1.7165.4.3.12:0';
const MAX_AGE_DAYS = 42;

/** LDAP_SERVER_TREE_DELETE_OID ([MS-ADTS] 3.1.1.3.4.1) */
const TREE_DELETE = '1.2.840.113556.1.4.805';

/** A password as the value of unicodePwd ([MS-ADTS] 3.1.1.3.1.5.1). */
export function unicodePwd(password: string): Buffer {
  return Buffer.from(`"${password}"`, 'utf16le');
}

let shared: Promise<TestSamba> | undefined;

/** The server that tests share. What a test changes in it belongs under an entry of its own. */
export function testSamba(): Promise<TestSamba> {
  shared ??= startSamba();
  // Asked for early, so that it starts beside other tests: who awaits it learns of a failure.
  shared.catch(() => undefined);
  return shared;
}

async function startSamba(): Promise<TestSamba> {
  if (process.getuid?.() !== 0) {
    throw new Error(
      'The tests need root for an Active Directory: Samba listens on ports 389 and 636, and sets owners of files.',
    );
  }
  const packages = ['samba', 'samba-ad-dc', 'samba-ad-provision', 'samba-dsdb-modules', 'samba-vfs-modules', 'winbind'];
  const program = await ensureInstalled('samba', ...packages, 'ldb-tools');
  const ldbmodify = await ensureInstalled('ldbmodify', 'ldb-tools');
  const address = await freeAddress();
  const folder = mkdtempSync(path.join(tmpdir(), 'sallyport-samba-'));
  atEnd(async () => rmSync(folder, { recursive: true, force: true }));
  const caFile = path.join(folder, 'cert.pem');
  const { cert, key } = await selfSignedCertificate('dc1.ad.demo.test', address);
  writeFileSync(caFile, cert);
  writeFileSync(path.join(folder, 'key.pem'), key, { mode: 0o600 });
  await provision(folder);
  const configuration = writeConfiguration(folder, address);

  const args = ['-s', configuration, '--foreground', '--no-process-group', '--model=single', '--debug-stdout'];
  const server = await startProcess(program, args);
  atEnd(() => server.stop());
  const url = `ldap://${address}`;
  const ldapsUrl = `ldaps://${address}`;
  await untilListening(url, ldapsUrl);
  const modify = (ldif: string): Promise<void> => ldapmodify(ldapsUrl, ADMIN, ldif, caFile);
  await modify(POLICY + SERVICE_ENTRY);

  return {
    url,
    ldapsUrl,
    caPem: cert,
    caFile,
    suffix: SUFFIX,
    realm: REALM,
    admin: ADMIN,
    service: SERVICE,
    modify,
    requirePasswordChange: (dn) => modify(replacing(dn, 'pwdLastSet', '0')),
    removeTree: (dn) => modify(`dn: ${dn}\ncontrol: ${TREE_DELETE} true\nchangetype: delete\n`),
    expirePassword: async (dn, inDays = -1) => {
      const database = path.join(folder, 'private', 'sam.ldb');
      const ldif = path.join(folder, 'expire.ldif');
      writeFileSync(ldif, replacing(dn, 'pwdLastSet', fileTime(daysFromNow(inDays - MAX_AGE_DAYS))));
      await run(ldbmodify, ['-H', database, `--configfile=${configuration}`, `--controls=${ANY_TIME}`, ldif]);
    },
  };
}

/** A loopback address of its own: Active Directory's ports are compiled in. @throws Error where one of them is taken. */
async function freeAddress(): Promise<string> {
  const address = `127.${randomInt(64, 255)}.${randomInt(255)}.${randomInt(1, 255)}`;
  for (const port of [389, 636]) {
    const listener = createServer().listen(port, address);
    await once(listener, 'listening');
    listener.close();
    await once(listener, 'close');
  }
  return address;
}

/** Makes the domain, in about three seconds. */
async function provision(folder: string): Promise<void> {
  const tool = await ensureInstalled('samba-tool', 'samba');
  const base = path.join(folder, 'base.conf');
  writeFileSync(base, '[global]\nnetbios name = DC1\n');
  const options = {
    realm: REALM,
    domain: 'ADDEMO',
    'host-name': 'dc1',
    'host-ip': '127.0.0.1',
    adminpass: ADMIN.password,
    'dns-backend': 'NONE',
    'server-role': 'dc',
    targetdir: folder,
  };
  const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  await run(tool, ['domain', 'provision', '-s', base, '--use-rfc2307', '--quiet', ...args]);
}

/** smb.conf(5) */
function writeConfiguration(folder: string, address: string): string {
  const file = (...names: string[]): string => path.join(folder, ...names);
  mkdirSync(file('run'));
  mkdirSync(file('ncalrpc'));
  writeFileSync(
    file('smb.conf'),
    `[global]
netbios name = DC1
realm = ${REALM.toUpperCase()}
workgroup = ADDEMO
server role = active directory domain controller
server services = ldap
dcerpc endpoint servers = none
interfaces = ${address}/8
bind interfaces only = yes
lock directory = ${folder}
cache directory = ${file('cache')}
private dir = ${file('private')}
state directory = ${file('state')}
pid directory = ${file('run')}
ncalrpc dir = ${file('ncalrpc')}
log level = 1
ldb:nosync = true
old password allowed period = 0
tls cafile = ${file('cert.pem')}
tls certfile = ${file('cert.pem')}
tls keyfile = ${file('key.pem')}
`,
  );
  return file('smb.conf');
}
