// Whether a client already has what it asks for: the grant of this session, extended or made anew for a first-party client and
// from what the person consented to. One Grant for each login, so that revoking one does not sign out every device.

import type { Grant, KoaContextWithOIDC } from 'oidc-provider';

import { ACCOUNT_CLIENT } from '../clients/account-client.ts';
import type { Database } from '../db/database.ts';
import { NO_ACCESS, grantAccess, includesAccess, joinAccess } from '../login/access.ts';
import type { Access } from '../login/access.ts';
import type { Consents } from '../login/consents.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { whileGrantStands } from './artifacts-postgres.ts';
import { clientSettings } from './client-settings.ts';
import { requestedOf } from './requested.ts';

export interface GrantDeps {
  tenantId: string;
  db: Database;
  sessions: Pick<Sessions, 'claimAuthorization'>;
  consents: Consents;
}

export function createLoadExistingGrant({ tenantId, db, sessions, consents }: GrantDeps) {
  return async function loadExistingGrant(ctx: KoaContextWithOIDC): Promise<Grant | undefined> {
    const { client, session, account, provider } = ctx.oidc;
    if (!client || !session || !account) return undefined;
    if (client.clientId === ACCOUNT_CLIENT) return forAccountPages(ctx, account.accountId);
    const known = session.grantIdFor(client.clientId);
    const grant = known === undefined ? undefined : await provider.Grant.find(known);
    const requested = requestedOf(ctx);
    const held = grant ? accessIn(grant, requested) : NO_ACCESS;
    if (grant && includesAccess(held, requested)) return grant;

    const allowed = clientSettings(client).firstParty
      ? requested
      : await consents.find(tenantId, account.accountId, client.clientId);
    if (!allowed || !includesAccess(joinAccess(held, allowed), requested)) return grant;
    return (await extend(ctx, known, requested)) ?? make(ctx, known, requested);
  };

  /** Of two requests at once that each want more, neither undoes the other; a grant that has ended stays so. */
  async function extend(
    { oidc: { provider } }: KoaContextWithOIDC,
    grantId: string | undefined,
    requested: Access,
  ): Promise<Grant | undefined> {
    if (grantId === undefined) return undefined;
    return whileGrantStands(db, tenantId, grantId, async () => {
      const grant = await provider.Grant.find(grantId);
      if (!grant) return undefined;
      grantAccess(grant, requested);
      await grant.save();
      return grant;
    });
  }

  /** Of two requests at once that both make a grant for one client in one session, both go on with the same one. */
  async function make(
    ctx: KoaContextWithOIDC,
    replacing: string | undefined,
    requested: Access,
  ): Promise<Grant | undefined> {
    const { client, session, account, provider } = ctx.oidc;
    if (!client || !session || !account) return undefined;
    const mine = new provider.Grant({ accountId: account.accountId, clientId: client.clientId });
    grantAccess(mine, requested);
    await mine.save();

    session.ensureClientContainer(client.clientId);
    const claimed = await sessions.claimAuthorization(tenantId, session.uid, client.clientId, {
      sid: session.sidFor(client.clientId) ?? '',
      grantId: mine.jti,
      replacing,
    });
    session.sidFor(client.clientId, claimed.sid);
    if (claimed.grantId === mine.jti) return mine;
    await mine.destroy();
    return extend(ctx, claimed.grantId, requested);
  }
}

/** Never saved: no token comes of it. */
function forAccountPages(ctx: KoaContextWithOIDC, accountId: string): Grant {
  const grant = new ctx.oidc.provider.Grant({ accountId, clientId: ACCOUNT_CLIENT });
  grantAccess(grant, requestedOf(ctx));
  return grant;
}

/** What the grant holds, of the resources that are asked for. */
function accessIn(grant: Grant, requested: Access): Access {
  return {
    scopes: words(grant.getOIDCScopeEncountered()),
    claims: grant.getOIDCClaimsEncountered(),
    resources: Object.fromEntries(
      Object.keys(requested.resources).map((resource) => [
        resource,
        words(grant.getResourceScopeEncountered(resource)),
      ]),
    ),
  };
}

function words(text: string): string[] {
  return text.split(' ').filter(Boolean);
}
