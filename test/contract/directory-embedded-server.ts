// The embedded directory as a server of the contract.

import type { EmbeddedDirectoryOptions } from '../../src/demo/directory/embedded-directory.ts';
import { startEmbeddedDirectory } from '../../src/demo/directory/embedded-directory.ts';
import { ldapmodify } from '../support/directory-server.ts';
import { atEnd } from '../support/global-teardown.ts';
import { replacing } from '../support/ldif.ts';
import { selfSignedCertificate } from '../support/tls-certificate.ts';
import type { DirectoryServer } from './directory.ts';

const suffix = 'dc=demo,dc=test';
const admin = { dn: `cn=admin,${suffix}`, password: 'admin-of-the-tests' };
const service = { dn: `cn=sallyport,${suffix}`, password: 'sallyport-demo-1234' };
const TOP = `dn: ${suffix}
objectClass: domain
dc: demo

dn: ${service.dn}
objectClass: applicationProcess
cn: sallyport
userPassword: ${service.password}

`;

/** Its rootDSE says what that of an Active Directory says (LDAP_CAP_ACTIVE_DIRECTORY_OID, [MS-ADTS] 3.1.1.3.4.3.1). */
export const ACTIVE_DIRECTORY = { capabilities: ['1.2.840.113556.1.4.800'] };

type Choices = Partial<Pick<EmbeddedDirectoryOptions, 'ldif' | 'capabilities' | 'sizeLimit' | 'maxValRange'>>;

/** With nothing in it but what `ldif` adds. */
export async function embeddedServer(
  { ldif = '', ...choices }: Choices = {},
  mode: 'none' | 'starttls' = 'none',
): Promise<DirectoryServer> {
  const tls = await selfSignedCertificate();
  const options = { ldif: TOP + ldif, suffix, admin, tls, sizeLimit: 100, ...choices };
  const { url, close } = await startEmbeddedDirectory(options);
  atEnd(close);
  const connection = { urls: [url], tls: mode === 'none' ? { mode } : { mode, ca: tls.cert } };
  const modify = (changes: string): Promise<void> => ldapmodify(url, admin, changes);
  const requirePasswordChange = (dn: string): Promise<void> => modify(replacing(dn, 'pwdReset', 'TRUE'));
  return { suffix, service, connection, modify, requirePasswordChange };
}
