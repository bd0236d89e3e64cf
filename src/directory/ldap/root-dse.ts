// What a directory's servers tell of themselves in their root entry (RFC 4512 5.1): what they hold, and the extensions that not all
// of them have.

import type { Search } from './connection.ts';
import { present } from './filter.ts';
import { whatIsShown } from './result-error.ts';

/** Some administrators hide it. Whoever does not tell holds nothing and has no extension. */
export interface RootDse {
  /** DNs of the entries under which everything else is. */
  namingContexts: readonly string[];
  /** Sends of an attribute only the values that were asked for (RFC 3876). */
  matchedValues: boolean;
  /** Active Directory, or a server that does as it does. */
  activeDirectory: boolean;
  /** Its memberOf names the groups above a group as well: 389-ds and so FreeIPA. */
  transitiveMemberOf: boolean;
}

/** The one of the server that was asked. */
export type ReadRootDse = () => Promise<RootDse>;

export const MATCHED_VALUES_CONTROL = '1.2.826.0.1.3344810.2.3';
/** LDAP_CAP_ACTIVE_DIRECTORY_OID ([MS-ADTS] 3.1.1.3.4.3.1) */
const ACTIVE_DIRECTORY = '1.2.840.113556.1.4.800';

/** Asks once; a failure is not remembered. */
export function rememberedRootDse(search: Search): ReadRootDse {
  let remembered: Promise<RootDse> | undefined;
  return () => {
    const asked = (remembered ??= readRootDse(search));
    asked.catch(() => {
      if (remembered === asked) remembered = undefined;
    });
    return asked;
  };
}

async function readRootDse(search: Search): Promise<RootDse> {
  const attributes = ['namingContexts', 'supportedControl', 'supportedCapabilities', 'vendorName'];
  const query = { base: '', scope: 'base', filter: present('objectClass'), attributes } as const;
  const [root] = await whatIsShown(search(query));
  const told = (attribute: string): readonly string[] => root?.values(attribute) ?? [];
  return {
    namingContexts: told('namingContexts'),
    matchedValues: told('supportedControl').includes(MATCHED_VALUES_CONTROL),
    activeDirectory: told('supportedCapabilities').includes(ACTIVE_DIRECTORY),
    transitiveMemberOf: told('vendorName').includes('389 Project'),
  };
}
