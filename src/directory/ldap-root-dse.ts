// What a directory's servers tell of themselves in their root entry (RFC 4512 5.1): the extensions that not all of them have.

import type { Search } from './ldap-connection.ts';
import { LdapResultError } from './ldap-connection.ts';
import { present } from './ldap-filter.ts';
import { NOT_SERVING } from './ldap-pool.ts';

export interface ServerAbilities {
  /** Sends of an attribute only the values that were asked for (RFC 3876). */
  matchedValues: boolean;
  /** Active Directory, or a server that does as it does. */
  activeDirectory: boolean;
  /** Its memberOf names the groups above a group as well: 389-ds and so FreeIPA. */
  transitiveMemberOf: boolean;
}

export const MATCHED_VALUES_CONTROL = '1.2.826.0.1.3344810.2.3';
/** LDAP_CAP_ACTIVE_DIRECTORY_OID ([MS-ADTS] 3.1.1.3.4.3.1) */
const ACTIVE_DIRECTORY = '1.2.840.113556.1.4.800';

/** Asks once; a failure is not remembered. */
export function serverAbilities(search: Search): () => Promise<ServerAbilities> {
  let remembered: Promise<ServerAbilities> | undefined;
  return () => {
    const asked = (remembered ??= readAbilities(search));
    asked.catch(() => {
      if (remembered === asked) remembered = undefined;
    });
    return asked;
  };
}

async function readAbilities(search: Search): Promise<ServerAbilities> {
  const attributes = ['supportedControl', 'supportedCapabilities', 'vendorName'];
  const [root] = await search({ base: '', scope: 'base', filter: present('objectClass'), attributes }).catch(
    (error: unknown) => {
      // Some administrators hide it. Whoever does not tell has none of these.
      if (error instanceof LdapResultError && !NOT_SERVING.has(error.code)) return [];
      throw error;
    },
  );
  return {
    matchedValues: root?.values('supportedControl').includes(MATCHED_VALUES_CONTROL) ?? false,
    activeDirectory: root?.values('supportedCapabilities').includes(ACTIVE_DIRECTORY) ?? false,
    transitiveMemberOf: root?.values('vendorName').includes('389 Project') ?? false,
  };
}
