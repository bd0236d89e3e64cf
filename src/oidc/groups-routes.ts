// The groups of a person who has too many for a token: a distributed claim (OpenID Connect Core 5.6.2), fetched with a ticket
// of its own and answered as a signed JWT. `/me` could not do it: it answers JSON and refuses tokens bound to a resource.

import { createHash, randomBytes } from 'node:crypto';

import { Router } from '@koa/router';
import { SignJWT, importJWK } from 'jose';
import { z } from 'zod';

import type { Clients } from '../clients/clients.ts';
import type { EphemeralStore } from '../ephemeral/ephemeral-store.ts';
import { AppError } from '../errors.ts';
import { requireSite } from '../http/tenant-context.ts';
import type { Keys } from '../keys/keys.ts';
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

export interface GroupsRouteDeps {
  tickets: GroupsTickets;
  standing: Pick<Standing, 'current'>;
  clients: Clients;
  keys: Pick<Keys, 'signingKeys'>;
}

export function groupsRoutes({ tickets, standing, clients, keys }: GroupsRouteDeps): Router {
  const router = new Router();

  router.get('/claims/groups', async (ctx) => {
    const { tenant, issuer } = requireSite(ctx);
    const accessToken = /^Bearer ([\w-]{43})$/i.exec(ctx.get('Authorization'))?.[1];
    const holder = accessToken === undefined ? undefined : await tickets.find(tenant, accessToken);
    const user = holder && (await standing.current(tenant, holder.userId));
    const client = holder && (await clients.find(tenant.id, holder.clientId));
    if (!user || !client) {
      ctx.set('WWW-Authenticate', 'Bearer error="invalid_token"');
      throw new AppError('invalid_token', 401, 'This token is unknown, expired or no longer good.');
    }
    const alg = client.metadata.id_token_signed_response_alg;
    const key = (await keys.signingKeys(tenant.id)).find((jwk) => jwk.alg === alg);
    if (!key) throw new Error(`tenant ${tenant.slug} has no ${alg} key`);
    ctx.type = 'application/jwt';
    ctx.body = await new SignJWT({ groups: groupsFor(client.metadata.groups, user.directory?.groups ?? []) })
      .setProtectedHeader({ alg, kid: key.kid, typ: 'JWT' })
      .setIssuer(issuer)
      .setSubject(user.id)
      .setAudience(client.clientId)
      .setIssuedAt()
      .setExpirationTime(`${tenant.settings.tokens.idToken}s`)
      .sign(await importJWK(key, alg));
  });

  return router;
}
