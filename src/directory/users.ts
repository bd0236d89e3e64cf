// People's entries: how one is asked for, and how it reads as a DirectoryUser.

import type { Filter } from 'ldapts';

import type { DirectoryProfile, DirectoryUser, EntryState } from './directory.ts';
import { any, anyEqual, equal, every, parseFilter, present } from './ldap/filter.ts';
import type { LdapEntry } from './ldap/responses.ts';
import { hasBit, readTime } from './ldap/values.ts';
import type { DirectorySchema, DisabledRule } from './presets.ts';
import { readStableId, stableIdValue } from './stable-id.ts';

type UserSchema = DirectorySchema['users'];

export function userAttributes(schema: UserSchema): string[] {
  const { stableId, username, login, disabled, attributes, expires, passwordChangedAt, passwordExpiresAt } = schema;
  const times = [expires, passwordChangedAt, passwordExpiresAt].filter((name) => name !== null);
  const states = [...disabled.map(({ attribute }) => attribute), ...times];
  return [...new Set([stableId, username, ...states, ...login, ...Object.values(attributes).flat()])];
}

export function usersByLogin(schema: UserSchema, login: string): Filter {
  return every(...people(schema), any(anyEqual(schema.login, [login])));
}

/** Undefined for a text that no entry has for an id. */
export function userById(schema: UserSchema, id: string): Filter | undefined {
  const value = stableIdValue(schema, id);
  return value === undefined ? undefined : every(...people(schema), equal(schema.stableId, value));
}

export function anybody(schema: UserSchema): Filter {
  return every(...people(schema), present(schema.stableId));
}

/** True of people alone. */
export function people({ objectClass, filters }: UserSchema): Filter[] {
  return [equal('objectClass', objectClass), ...filters.map(parseFilter)];
}

/** @throws Error when the entry does not show its immutable id: without it nobody can be told apart for good. */
export function toDirectoryUser(entry: LdapEntry, schema: UserSchema, now = new Date()): DirectoryUser {
  const passwordChangedAt = timeOf(entry, schema.passwordChangedAt);
  const passwordExpiresAt = timeOfExpiry(entry, schema.passwordExpiresAt);
  return {
    stableId: readStableId(entry, schema),
    dn: entry.dn,
    username: firstValue(entry, [schema.username, ...schema.login]) ?? entry.dn,
    profile: toProfile(entry, schema.attributes),
    state: stateOf(entry, schema, now),
    ...(passwordChangedAt && { passwordChangedAt }),
    ...(passwordExpiresAt && { passwordExpiresAt }),
  };
}

function stateOf(entry: LdapEntry, { disabled, expires }: UserSchema, now: Date): EntryState {
  if (disabled.some((rule) => isDisabledBy(entry, rule))) return 'disabled';
  const end = timeOf(entry, expires);
  return end && end <= now ? 'expired' : 'enabled';
}

function isDisabledBy(entry: LdapEntry, rule: DisabledRule): boolean {
  const values = entry.values(rule.attribute);
  if ('bit' in rule) return values.some((value) => hasBit(value, rule.bit));
  return values.some((value) => value.toLowerCase() === rule.value.toLowerCase());
}

function timeOf(entry: LdapEntry, attribute: string | null): Date | undefined {
  const [text] = attribute === null ? [] : entry.values(attribute);
  return text === undefined ? undefined : readTime(text);
}

/** Active Directory says 0 of a password that has to be changed at once: as if it had expired long ago. */
function timeOfExpiry(entry: LdapEntry, attribute: string | null): Date | undefined {
  const mustChange = attribute !== null && entry.values(attribute)[0] === '0';
  return mustChange ? new Date(0) : timeOf(entry, attribute);
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
