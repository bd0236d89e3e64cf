// Attributes with more values than a server sends at once. Active Directory sends the first 1500 under the name
// `member;range=0-1499`, and the others to whoever asks for `member;range=1500-*` ([MS-ADTS] 3.1.1.3.1.3.3).

import type { Search } from './connection.ts';
import { present } from './filter.ts';
import { LdapEntry } from './responses.ts';

/** 300,000 values at Active Directory's size of a portion. A server that never comes to an end is stopped. */
const MAX_PORTIONS = 200;

/** The same search, whose entries have all values of each attribute, under its plain name. */
export function withWholeAttributes(search: Search): Search {
  return async (query) => {
    const entries: LdapEntry[] = [];
    for (const entry of await search(query)) entries.push(await whole(search, entry));
    return entries;
  };
}

interface Portion {
  attribute: string;
  description: string;
  /** Where the next portion begins; undefined in the last one. */
  next: number | undefined;
}

const RANGE = /^(?<attribute>.+);range=\d+-(?<last>\d+|\*)$/;

function portionsOf(entry: LdapEntry): Portion[] {
  return entry.attributes.flatMap((description) => {
    const { attribute = '', last = '' } = RANGE.exec(description)?.groups ?? {};
    if (attribute === '') return [];
    return [{ attribute, description, next: last === '*' ? undefined : Number(last) + 1 }];
  });
}

async function whole(search: Search, entry: LdapEntry): Promise<LdapEntry> {
  const portions = portionsOf(entry);
  if (portions.length === 0) return entry;
  const values = new Map(entry.attributes.map((name) => [name, entry.bytes(name)]));
  for (const portion of portions) {
    values.delete(portion.description);
    values.set(portion.attribute, [...entry.bytes(portion.description), ...(await rest(search, entry.dn, portion))]);
  }
  return new LdapEntry(entry.dn, values);
}

/** @throws Error when the server does not go on where it stopped. */
async function rest(search: Search, dn: string, { attribute, next }: Portion): Promise<Buffer[]> {
  const values: Buffer[] = [];
  let from = next;
  for (let asked = 0; from !== undefined; asked += 1) {
    const attributes = [`${attribute};range=${from}-*`];
    const [entry] = await search({ base: dn, scope: 'base', filter: present('objectClass'), attributes });
    const portion = entry && portionsOf(entry).find((each) => each.attribute === attribute);
    const goesOn = portion && (portion.next === undefined || portion.next > from);
    if (!goesOn || asked === MAX_PORTIONS) throw new Error(`search: the values of ${attribute} of ${dn} do not end`);
    values.push(...entry.bytes(portion.description));
    from = portion.next;
  }
  return values;
}
