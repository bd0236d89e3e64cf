// Whether a client already has what it asks for: the grant of this session, else a new one for a first-party client or from a
// consent that the person gave before. One Grant for each login, so that revoking one does not sign out every device.

import type { Grant, KoaContextWithOIDC } from 'oidc-provider';

import { grantAccess, includesAccess } from '../login/access.ts';
import type { Consents } from '../login/consents.ts';
import type { Access } from '../login/access.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { clientSettings } from './client-settings.ts';
import { requestedOf } from './requested.ts';

export interface GrantDeps {
  tenantId: string;
  sessions: Pick<Sessions, 'claimAuthorization'>;
  consents: Consents;
}

export function createLoadExistingGrant({ tenantId, sessions, consents }: GrantDeps) {
  return async function loadExistingGrant(ctx: KoaContextWithOIDC): Promise<Grant | undefined> {
    const { client, session, account, provider } = ctx.oidc;
    if (!client || !session || !account) return undefined;
    const fromConsent = ctx.oidc.result?.consent?.grantId;
    if (fromConsent !== undefined) return provider.Grant.find(fromConsent);

    const known = session.grantIdFor(client.clientId);
    const grant = known === undefined ? undefined : await provider.Grant.find(known);
    const requested = requestedOf(ctx);
    if (grant && covers(grant, requested)) return grant;

    const allowed = clientSettings(client).firstParty
      ? requested
      : await consents.find(tenantId, account.accountId, client.clientId);
    if (!allowed || !includesAccess(allowed, requested)) return grant;

    const mine = grant ?? new provider.Grant({ accountId: account.accountId, clientId: client.clientId });
    grantAccess(mine, requested);
    await mine.save();
    return grant ? mine : claim(ctx, mine, known);
  };

  /** Of two requests at once that both made a grant for one client in one session, both go on with the same one. */
  async function claim(
    ctx: KoaContextWithOIDC,
    mine: Grant,
    replacing: string | undefined,
  ): Promise<Grant | undefined> {
    const { client, session, provider } = ctx.oidc;
    if (!client || !session) return mine;
    session.ensureClientContainer(client.clientId);
    const claimed = await sessions.claimAuthorization(tenantId, session.uid, client.clientId, {
      sid: session.sidFor(client.clientId) ?? '',
      grantId: mine.jti,
      replacing,
    });
    session.sidFor(client.clientId, claimed.sid);
    if (claimed.grantId === mine.jti || claimed.grantId === undefined) return mine;
    await mine.destroy();
    return provider.Grant.find(claimed.grantId);
  }
}

function covers(grant: Grant, requested: Access): boolean {
  return includesAccess(
    {
      scopes: words(grant.getOIDCScopeEncountered()),
      claims: grant.getOIDCClaimsEncountered(),
      resources: Object.fromEntries(
        Object.keys(requested.resources).map((resource) => [
          resource,
          words(grant.getResourceScopeEncountered(resource)),
        ]),
      ),
    },
    requested,
  );
}

function words(text: string): string[] {
  return text.split(' ').filter(Boolean);
}
