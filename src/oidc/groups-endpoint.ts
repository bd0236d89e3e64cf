// The groups of a person who has too many for a token: a distributed claim (OpenID Connect Core 5.6.2), fetched with a ticket
// of its own and answered as a signed JWT. `/me` could not do it: it answers JSON and refuses tokens bound to a resource.

import { createHash, randomBytes } from 'node:crypto';

import { SignJWT, importJWK } from 'jose';
import type { JWK } from 'jose';
import { z } from 'zod';

import type { Clients } from '../clients/clients.ts';
import type { EphemeralStore } from '../ephemeral/ephemeral-store.ts';
import { AppError } from '../errors.ts';
import type { Tenant } from '../tenants/tenants.ts';
import type { Standing } from '../users/standing.ts';
import { groupsFor } from './claims.ts';
import type { DistributedGroups } from './claims.ts';

const ticketHolder = z.object({ userId: z.string(), clientId: z.string() });
export type TicketHolder = z.infer<typeof ticketHolder>;

export interface GroupsTickets {
  /** A bearer token for the endpoint, for as long as an ID token lives. */
  issue(tenant: Tenant, holder: TicketHolder): Promise<DistributedGroups>;
  find(tenant: Tenant, accessToken: string): Promise<TicketHolder | undefined>;
}

export function createGroupsTickets(store: EphemeralStore, issuerOf: (tenant: Tenant) => string): GroupsTickets {
  const keyOf = (tenant: Tenant, token: string) =>
    `groups-ticket:${tenant.id}:${createHash('sha256').update(token).digest('base64url')}`;

  return {
    async issue(tenant, holder) {
      const accessToken = randomBytes(32).toString('base64url');
      await store.put(keyOf(tenant, accessToken), JSON.stringify(holder), tenant.settings.tokens.idToken);
      return { endpoint: `${issuerOf(tenant)}/claims/groups`, accessToken };
    },

    async find(tenant, accessToken) {
      const text = await store.get(keyOf(tenant, accessToken));
      return text === undefined ? undefined : ticketHolder.parse(JSON.parse(text));
    },
  };
}

export interface GroupsClaimDeps {
  tickets: GroupsTickets;
  standing: Standing;
  clients: Clients;
}

/** The JWT that answers a ticket: `iss`, `sub`, `aud` and the whole `groups` claim. */
export async function groupsClaim(
  { tickets, standing, clients }: GroupsClaimDeps,
  tenant: Tenant,
  issuer: string,
  key: JWK & { alg: string },
  authorization: string,
): Promise<string> {
  const token = /^Bearer ([\w-]{43})$/i.exec(authorization)?.[1];
  const holder = token === undefined ? undefined : await tickets.find(tenant, token);
  const user = holder && (await standing.current(tenant, holder.userId));
  const client = holder && (await clients.find(tenant.id, holder.clientId));
  if (!user || !client) throw new AppError('invalid_token', 401, 'This token is unknown, expired or no longer good.');
  return new SignJWT({ groups: groupsFor(client.metadata.groups, user.directory?.groups ?? []) })
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'JWT' })
    .setIssuer(issuer)
    .setSubject(user.id)
    .setAudience(client.clientId)
    .setIssuedAt()
    .setExpirationTime(`${tenant.settings.tokens.idToken}s`)
    .sign(await importJWK(key, key.alg));
}
