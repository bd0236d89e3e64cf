// Which claims say what. Pure: a user, its groups and roles, and how a client wants them, in; claims out.

import type { OwnClientMetadata } from '../clients/client-metadata.ts';
import { isLocalReference, localReference } from '../groups/group-reference.ts';
import { isLocal } from '../groups/local-membership.ts';
import type { User, UserGroup } from '../users/users.ts';

export interface ClaimsSource {
  user: User;
  tenant: string;
  /** The directory's addresses and numbers count as verified. */
  trustDirectoryContacts: boolean;
  /** Undefined where nobody asked. */
  groups: readonly string[] | DistributedGroups | undefined;
  roles: readonly string[] | undefined;
}

/** Where the groups are to be fetched when there are too many for a token (OpenID Connect Core 5.6.2). */
export interface DistributedGroups {
  endpoint: string;
  accessToken: string;
}

export function claimsOf({
  user,
  tenant,
  trustDirectoryContacts,
  groups,
  roles,
}: ClaimsSource): Record<string, unknown> {
  const { profile } = user;
  const trusted = user.directory !== undefined && trustDirectoryContacts;
  return withoutUndefined({
    name: profile.name,
    given_name: profile.givenName,
    family_name: profile.familyName,
    nickname: profile.nickname,
    preferred_username: user.username,
    picture: profile.picture,
    website: profile.website,
    zoneinfo: profile.zoneinfo,
    locale: profile.locale,
    email: profile.email,
    email_verified: profile.email === undefined ? undefined : trusted || profile.emailVerified === true,
    phone_number: profile.phoneNumber,
    phone_number_verified:
      profile.phoneNumber === undefined ? undefined : trusted || profile.phoneNumberVerified === true,
    tenant,
    roles,
    ...(groups && groupClaims(groups)),
  });
}

/** The `groups` claim, or the pair of claims that say where it is. */
function groupClaims(groups: readonly string[] | DistributedGroups): Record<string, unknown> {
  if (!('endpoint' in groups)) return { groups };
  return {
    _claim_names: { groups: 'groups' },
    _claim_sources: { groups: { endpoint: groups.endpoint, access_token: groups.accessToken } },
  };
}

/** The same, or undefined where there are more than a token may carry. */
export function groupsWithin(
  limit: number,
  client: OwnClientMetadata['groups'],
  groups: readonly UserGroup[],
): string[] | undefined {
  const values = groupsFor(client, groups);
  return values.length <= limit ? values : undefined;
}

/** Those that an access token for an API has of a person, too (RFC 9068 2.2.3.1). */
export function ofApiToken({ roles, groups, _claim_names, _claim_sources }: Record<string, unknown>) {
  return { roles, groups, _claim_names, _claim_sources };
}

/** The groups a client gets to see, in the form it wants, sorted, each value once. */
export function groupsFor({ only, form }: OwnClientMetadata['groups'], groups: readonly UserGroup[]): string[] {
  const values = groups.filter((group) => isWanted(only, nameOf(group))).map((group) => claimed(group, form));
  return [...new Set(values)].sort();
}

/** One that lives here has no DN, and neither passes for the other. */
function claimed(group: UserGroup, form: OwnClientMetadata['groups']['form']): string {
  if (form === 'id') return group.id;
  return isLocal(group) || form === 'name' ? nameOf(group) : group.dn;
}

function nameOf(group: UserGroup): string {
  if (isLocal(group)) return localReference(group.name);
  return isLocalReference(group.name) ? group.dn : group.name;
}

function isWanted(only: readonly string[] | undefined, name: string): boolean {
  if (!only) return true;
  return only.some((spec) => (spec.endsWith('*') ? name.startsWith(spec.slice(0, -1)) : name === spec));
}

function withoutUndefined(claims: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
}
