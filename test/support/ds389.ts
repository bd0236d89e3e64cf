// A throwaway 389 Directory Server for all tests, from the system's packages. It is set up by hand, as dscreate(8) would do it,
// but below one folder and in half a second.

import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { hashPassword } from '../../src/demo/directory/password-hash.ts';
import type { Account, TestDirectory } from './directory-server.ts';
import { ldapmodify, untilListening } from './directory-server.ts';
import { atEnd } from './global-teardown.ts';
import { ensureInstalled } from './install.ts';
import { daysFromNow, generalizedTime, replacing } from './ldif.ts';
import { freePort } from './ports.ts';
import { startProcess } from './processes.ts';
import { selfSignedCertificate } from './tls-certificate.ts';

const run = promisify(execFile);

/**
 * Its service account gets 100 entries at most from one search that is not paged. Five failures lock an account for five
 * minutes. A password has eight characters and is no one of the last three.
 *
 * An entry must be added with a passwordExpirationTime, or its first bind asks for a new password.
 */
export interface TestDs389 extends TestDirectory {
  /** The password ends in so many days, or ended so many ago. */
  expirePassword(dn: string, inDays?: number): Promise<void>;
}

const SUFFIX = 'dc=demo,dc=test';
const ADMIN: Account = { dn: 'cn=Directory Manager', password: 'admin-of-the-tests' };
const SERVICE: Account = { dn: `cn=sallyport,${SUFFIX}`, password: 'sallyport-demo-1234' };

/** The server writes it for a password that must be changed. */
const MUST_CHANGE = '19700101000000Z';

const SEED = `dn: cn=userroot,cn=ldbm database,cn=plugins,cn=config
objectClass: nsBackendInstance
objectClass: extensibleObject
cn: userroot
nsslapd-suffix: ${SUFFIX}

dn: cn="${SUFFIX}",cn=mapping tree,cn=config
objectClass: nsMappingTree
objectClass: extensibleObject
cn: ${SUFFIX}
nsslapd-state: backend
nsslapd-backend: userroot

dn: ${SUFFIX}
objectClass: domain
dc: demo
aci: (targetattr!="userPassword")(version 3.0; acl "users read"; allow (read,search,compare) userdn="ldap:///all";)
aci: (targetattr="userPassword")(version 3.0; acl "self write"; allow (write) userdn="ldap:///self";)

dn: ${SERVICE.dn}
objectClass: applicationProcess
objectClass: simpleSecurityObject
cn: sallyport
userPassword: ${SERVICE.password}
passwordExpirationTime: 20380101000000Z
nsSizeLimit: 100
nsPagedSizeLimit: -1
`;

let shared: Promise<TestDs389> | undefined;

/** The server that tests share. What a test changes in it belongs under an entry of its own. */
export function testDs389(): Promise<TestDs389> {
  shared ??= startDs389();
  // Asked for early, so that it starts beside other tests: who awaits it learns of a failure.
  shared.catch(() => undefined);
  return shared;
}

async function startDs389(): Promise<TestDs389> {
  const program = await ensureInstalled('ns-slapd', '389-ds-base');
  const folder = mkdtempSync(path.join(tmpdir(), 'sallyport-389ds-'));
  atEnd(async () => rmSync(folder, { recursive: true, force: true }));
  const caPem = await writeCertificates(folder);
  const [port, securePort] = [await freePort(), await freePort()];
  writeConfiguration(folder, port, securePort);

  const server = await startProcess(program, ['-D', folder, '-i', path.join(folder, 'pid'), '-d', '0']);
  atEnd(() => server.stop());
  const url = `ldap://127.0.0.1:${port}`;
  const ldapsUrl = `ldaps://127.0.0.1:${securePort}`;
  await untilListening(url, ldapsUrl);
  const modify = (ldif: string): Promise<void> => ldapmodify(url, ADMIN, ldif);
  await modify(SEED);
  return {
    url,
    ldapsUrl,
    caPem,
    caFile: path.join(folder, 'cert.pem'),
    suffix: SUFFIX,
    admin: ADMIN,
    service: SERVICE,
    modify,
    requirePasswordChange: (dn) => modify(replacing(dn, 'passwordExpirationTime', MUST_CHANGE)),
    expirePassword: (dn, inDays = -1) =>
      modify(replacing(dn, 'passwordExpirationTime', generalizedTime(daysFromNow(inDays)))),
  };
}

/** It wants its certificate in a database of NSS. Answers the certificate in PEM. */
async function writeCertificates(folder: string): Promise<string> {
  const [openssl, certutil, pk12util] = [
    await ensureInstalled('openssl', 'openssl'),
    await ensureInstalled('certutil', 'libnss3-tools'),
    await ensureInstalled('pk12util', 'libnss3-tools'),
  ];
  const file = (name: string): string => path.join(folder, name);
  const { cert, key } = await selfSignedCertificate();
  writeFileSync(file('cert.pem'), cert);
  writeFileSync(file('key.pem'), key);
  const named = ['-name', 'Server-Cert', '-passout', 'pass:', '-out', file('cert.p12')];
  await run(openssl, ['pkcs12', '-export', '-in', file('cert.pem'), '-inkey', file('key.pem'), ...named]);
  await run(certutil, ['-N', '-d', folder, '--empty-password']);
  await run(pk12util, ['-i', file('cert.p12'), '-d', folder, '-W', '', '-K', '']);
  return cert;
}

/** Fills in the distribution's own template of the configuration, dse.ldif(5). */
function writeConfiguration(folder: string, port: number, securePort: number): void {
  const file = (name: string): string => path.join(folder, name);
  for (const name of ['schema', 'lock', 'tmp', 'ldif', 'bak', 'run', 'inst', 'log', 'db']) mkdirSync(file(name));
  // The distribution's own copies of these are for its user alone to read.
  writeFileSync(file('schema/99user.ldif'), 'dn: cn=schema\nobjectClass: subschema\ncn: schema\n');
  writeFileSync(file('certmap.conf'), 'certmap default default\n');
  writeFileSync(file('slapd-collations.conf'), '');
  const values: Readonly<Record<string, string>> = {
    ...{
      config_dir: folder,
      cert_dir: folder,
      schema_dir: file('schema'),
      lock_dir: file('lock'),
      tmp_dir: file('tmp'),
    },
    ...{
      ldif_dir: file('ldif'),
      bak_dir: file('bak'),
      run_dir: file('run'),
      inst_dir: file('inst'),
      log_dir: file('log'),
    },
    ...{ db_dir: file('db'), db_home_dir: file('db'), db_lib: 'bdb', ds_suffix: SUFFIX, fqdn: 'localhost' },
    ...{ ds_port: `${port}`, ds_user: userInfo().username, rootdn: ADMIN.dn, ds_passwd: hashPassword(ADMIN.password) },
    ...{ ldapi: file('ldapi'), ldapi_enabled: 'off', ldapi_autobind: 'off' },
  };
  const template = readFileSync('/usr/share/dirsrv/data/template-dse.ldif', 'utf8');
  const filled = template.replaceAll(/%(\w+)%/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`389-ds: what is %${name}% of template-dse.ldif?`);
    return value;
  });
  writeFileSync(file('dse.ldif'), withPlugins(filled.replace(/^cn: config$/m, `$&\n${settings(securePort)}`)));
}

function settings(securePort: number): string {
  return `nsslapd-listenhost: 127.0.0.1
nsslapd-securelistenhost: 127.0.0.1
nsslapd-secureport: ${securePort}
nsslapd-security: on
passwordStorageScheme: SSHA
passwordExp: on
passwordMaxAge: 7776000
passwordWarning: 604800
passwordSendExpiringTime: on
passwordMustChange: on
passwordLockout: on
passwordMaxFailure: 5
passwordLockoutDuration: 300
passwordTrackUpdateTime: on
passwordResetFailureCount: 300
passwordCheckSyntax: on
passwordMinLength: 8
passwordHistory: on
passwordInHistory: 3`;
}

/** Keeps memberOf, and members that are renamed or deleted; takes names and passwords of any characters. */
const PLUGINS: Readonly<Record<string, 'on' | 'off'>> = {
  'memberof plugin': 'on',
  'referential integrity postoperation': 'on',
  '7-bit check': 'off',
};

function withPlugins(configuration: string): string {
  const entries = configuration.split('\n\n').map((entry) => {
    const [, name = ''] = /^dn: cn=([^,]+)/.exec(entry) ?? [];
    const enabled = PLUGINS[name.toLowerCase()];
    return enabled ? entry.replace(/^(nsslapd-pluginEnabled): .*/im, `$1: ${enabled}`) : entry;
  });
  return entries.join('\n\n');
}
