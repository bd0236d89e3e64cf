// The immutable id of an entry, of a person as of a group: as it is read, and as it is asked for.

import type { StableId } from './directory.ts';
import type { LdapEntry } from './ldap/responses.ts';
import { guidBytes, guidText } from './ldap/values.ts';
import type { DirectorySchema } from './presets.ts';

type IdSchema = Pick<DirectorySchema['users'], 'stableId' | 'stableIdSyntax'>;

/** @throws Error when the entry does not show it. */
export function readStableId(entry: LdapEntry, { stableId, stableIdSyntax }: IdSchema): StableId {
  const [value] = entry.bytes(stableId);
  if (value === undefined) throw new Error(`the service account may not read ${stableId} of ${entry.dn}`);
  return stableIdSyntax === 'guid' ? guidText(value) : value.toString('utf8');
}

/** The value to look for; undefined for a text that is no such id. */
export function stableIdValue({ stableIdSyntax }: IdSchema, id: StableId): string | Buffer | undefined {
  return stableIdSyntax === 'guid' ? guidBytes(id) : id;
}
