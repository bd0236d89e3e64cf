// Bearer tokens for the endpoint of a distributed claim (groups-routes.ts). A ticket outlives nothing that it was issued by.

import { randomBytes } from 'node:crypto';

import { z } from 'zod';

import type { EphemeralStore } from '../ephemeral/ephemeral-store.ts';
import { sha256 } from '../security/sha256.ts';
import type { Tenant } from '../tenants/tenants.ts';
import type { DistributedGroups } from './claims.ts';

const ticketHolder = z.object({
  userId: z.string(),
  clientId: z.string(),
  grantId: z.string(),
  /** Of the session that the tokens end with, where they do. */
  sessionUid: z.string().optional(),
});
export type TicketHolder = z.infer<typeof ticketHolder>;

export interface GroupsTickets {
  /** For as long as an ID token lives. */
  issue(tenant: Tenant, holder: TicketHolder): Promise<DistributedGroups>;
  find(tenant: Tenant, ticket: string): Promise<TicketHolder | undefined>;
}

export function createGroupsTickets(store: EphemeralStore, issuerOf: (tenant: Tenant) => string): GroupsTickets {
  const keyOf = (tenant: Tenant, ticket: string) => `groups-ticket:${tenant.id}:${sha256(ticket)}`;

  return {
    async issue(tenant, holder) {
      const ticket = randomBytes(32).toString('base64url');
      await store.put(keyOf(tenant, ticket), JSON.stringify(holder), tenant.settings.tokens.idToken);
      return { endpoint: `${issuerOf(tenant)}/claims/groups`, accessToken: ticket };
    },

    async find(tenant, ticket) {
      const text = await store.get(keyOf(tenant, ticket));
      return text === undefined ? undefined : ticketHolder.parse(JSON.parse(text));
    },
  };
}
