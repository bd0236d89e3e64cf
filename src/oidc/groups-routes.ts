// The groups of a person who has too many for a token: a distributed claim (OpenID Connect Core 5.6.2), fetched with a ticket
// of its own and answered as a signed JWT. `/me` could not do it: it answers JSON and refuses tokens bound to a resource.

import { Router } from '@koa/router';
import { SignJWT, importJWK } from 'jose';

import type { Clients } from '../clients/clients.ts';
import { AppError } from '../errors.ts';
import { requireSite } from '../http/tenant-context.ts';
import type { TenantSite } from '../http/tenant-context.ts';
import type { Keys } from '../keys/keys.ts';
import type { Standing } from '../users/standing.ts';
import { groupsFor } from './claims.ts';
import type { GroupsTickets, TicketHolder } from './groups-tickets.ts';

export interface GroupsRouteDeps {
  tickets: GroupsTickets;
  standing: Pick<Standing, 'current'>;
  clients: Clients;
  keys: Pick<Keys, 'signingKeys'>;
}

export function groupsRoutes({ tickets, standing, clients, keys }: GroupsRouteDeps): Router {
  const router = new Router();

  router.get('/claims/groups', async (ctx) => {
    const site = requireSite(ctx);
    const { tenant, issuer } = site;
    const ticket = /^Bearer ([\w-]{43})$/i.exec(ctx.get('Authorization'))?.[1];
    const holder = ticket === undefined ? undefined : await tickets.find(tenant, ticket);
    const isGood = holder !== undefined && (await isStillGood(site, holder));
    const user = isGood ? await standing.current(tenant, holder.userId) : undefined;
    const client = isGood ? await clients.find(tenant.id, holder.clientId) : undefined;
    if (!user || !client) {
      ctx.set('WWW-Authenticate', 'Bearer error="invalid_token"');
      throw new AppError('invalid_token', 401, 'This token is unknown, expired or no longer good.');
    }
    const alg = client.metadata.id_token_signed_response_alg;
    const key = (await keys.signingKeys(tenant.id)).find((jwk) => jwk.alg === alg);
    if (!key) throw new Error(`tenant ${tenant.slug} has no ${alg} key`);
    ctx.type = 'application/jwt';
    ctx.body = await new SignJWT({ groups: groupsFor(client.metadata.groups, user.groups) })
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

/** A ticket is as good as the access token that was issued along with it: while the grant stands, and the session if need be. */
async function isStillGood({ provider }: TenantSite, holder: TicketHolder): Promise<boolean> {
  const { userId, clientId, grantId, sessionUid } = holder;
  if (!(await provider.Grant.find(grantId))) return false;
  if (sessionUid === undefined) return true;
  const session = await provider.Session.findByUid(sessionUid);
  return session?.accountId === userId && session.grantIdFor(clientId) === grantId;
}
