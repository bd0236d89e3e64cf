// People's entries: how one is asked for, and how it reads as a DirectoryUser.

import type { Filter } from 'ldapts';

import type { DirectoryProfile, DirectoryUser } from './directory.ts';
import { anyEqual, equal, every, parseFilter } from './ldap-filter.ts';
import type { LdapEntry } from './ldap-responses.ts';
import type { DirectorySchema, DisabledRule } from './presets.ts';

type UserSchema = DirectorySchema['users'];

export function userAttributes(schema: UserSchema): string[] {
  const { stableId, passwordChangedAt, username, login, disabled, attributes } = schema;
  const rules = disabled.map(({ attribute }) => attribute);
  const times = passwordChangedAt ? [passwordChangedAt] : [];
  return [...new Set([stableId, username, ...times, ...login, ...rules, ...Object.values(attributes).flat()])];
}

export function usersByLogin(schema: UserSchema, login: string): Filter {
  return every(...people(schema), anyEqual(schema.login, [login]));
}

export function userById(schema: UserSchema, id: string): Filter {
  return every(...people(schema), equal(schema.stableId, id));
}

function people({ objectClass, filters }: UserSchema): Filter[] {
  return [equal('objectClass', objectClass), ...filters.map(parseFilter)];
}

/** @throws Error when the entry does not show its immutable id: without it nobody can be told apart for good. */
export function toDirectoryUser(entry: LdapEntry, schema: UserSchema): DirectoryUser {
  const [stableId] = entry.values(schema.stableId);
  if (stableId === undefined) throw new Error(`the service account may not read ${schema.stableId} of ${entry.dn}`);
  const passwordChangedAt = readTime(entry.values(schema.passwordChangedAt ?? '')[0]);
  return {
    stableId,
    dn: entry.dn,
    username: firstValue(entry, [schema.username, ...schema.login]) ?? entry.dn,
    profile: toProfile(entry, schema.attributes),
    state: schema.disabled.some((rule) => isDisabledBy(entry, rule)) ? 'disabled' : 'enabled',
    ...(passwordChangedAt && { passwordChangedAt }),
  };
}

function isDisabledBy(entry: LdapEntry, rule: DisabledRule): boolean {
  const values = entry.values(rule.attribute);
  if ('bit' in rule) return values.some((value) => (Number(value) & rule.bit) !== 0);
  return values.some((value) => value.toLowerCase() === rule.value.toLowerCase());
}

const GENERALIZED_TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:[.,]\d+)?Z$/;

/** As servers write it for themselves (RFC 4517 3.3.13): with seconds, in UTC. A fraction of a second is left out. */
function readTime(text = ''): Date | undefined {
  if (!GENERALIZED_TIME.test(text)) return undefined;
  const time = new Date(text.replace(GENERALIZED_TIME, '$1-$2-$3T$4:$5:$6Z'));
  return Number.isNaN(time.getTime()) ? undefined : time;
}

const CLAIMS = [
  'name',
  'givenName',
  'familyName',
  'nickname',
  'email',
  'phoneNumber',
  'locale',
  'zoneinfo',
  'picture',
  'website',
] as const satisfies (keyof DirectoryProfile)[];

function toProfile(entry: LdapEntry, attributes: UserSchema['attributes']): DirectoryProfile {
  const profile: DirectoryProfile = {};
  for (const claim of CLAIMS) {
    const value = firstValue(entry, attributes[claim]);
    if (value !== undefined) profile[claim] = value;
  }
  return profile;
}

function firstValue(entry: LdapEntry, attributes: readonly string[]): string | undefined {
  return attributes.flatMap((attribute) => entry.values(attribute)).find((value) => value.trim() !== '');
}
