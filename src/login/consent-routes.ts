// The consent page, for applications that are not the tenant's own: which scopes, in plain words, and the person's decision.

import type { Router } from '@koa/router';
import { z } from 'zod';

import type { Audit } from '../audit/audit.ts';
import type { AskedScope } from '../http/pages.ts';
import type { PageSender } from '../http/send-page.ts';
import { CLAIMS_BY_SCOPE } from '../users/scopes.ts';
import type { Users } from '../users/users.ts';
import type { Access } from './access.ts';
import type { Consents } from './consents.ts';
import type { Interaction, Interactions } from './interactions.ts';

export interface ConsentDeps {
  interactions: Interactions;
  consents: Consents;
  users: Pick<Users, 'find'>;
  sender: PageSender;
  audit: Audit;
}

const decisionForm = z.object({ decision: z.enum(['allow', 'deny']) });

/** What the library's consent prompt found missing. */
const missing = z.object({
  missingOIDCScope: z.array(z.string()).default([]),
  missingOIDCClaims: z.array(z.string()).default([]),
  missingResourceScopes: z.record(z.string(), z.array(z.string())).default({}),
});

export type ShowConsent = (ctx: Parameters<PageSender['sendPage']>[0], interaction: Interaction) => Promise<void>;

/** Adds the decision's route, and answers what shows the page. */
export function consentRoutes(
  router: Router,
  { interactions, consents, users, sender, audit }: ConsentDeps,
): ShowConsent {
  router.post('/interaction/:uid/consent', async (ctx) => {
    const interaction = await interactions.find(ctx);
    const { decision } = await interactions.form(ctx, interaction, decisionForm);
    const { site, details } = interaction;
    const userId = details.session?.accountId;
    const clientId = String(details.params.client_id);
    if (details.prompt.name !== 'consent' || userId === undefined) return ctx.redirect(interaction.path());

    const tenantId = site.tenant.id;
    const event = { tenantId, actor: { kind: 'user', id: userId }, subject: { kind: 'client', id: clientId } } as const;
    if (decision === 'deny') {
      await audit.record({ ...event, type: 'consent.refused' });
      return interactions.leave(ctx, interaction, {
        error: 'access_denied',
        error_description: 'the person did not allow it',
      });
    }
    const access = missingAccess(interaction);
    await consents.add(tenantId, userId, clientId, access);
    await audit.record({ ...event, type: 'consent.granted', detail: { scopes: access.scopes, claims: access.claims } });
    return interactions.leave(ctx, interaction, { consent: {} }, { keepLogin: true });
  });

  return async (ctx, interaction) => {
    const { site, details, app, client } = interaction;
    const user = await users.find(site.tenant.id, details.session?.accountId ?? '');
    const access = missingAccess(interaction);
    sender.sendPage(ctx, 'login/consent', {
      app: app ?? String(details.params.client_id),
      appUrl: client?.metadata.client_uri,
      user: user?.username ?? '',
      scopes: askedScopes(access),
      action: interaction.path('consent'),
      csrf: interaction.csrf,
    });
  };
}

function missingAccess({ details }: Interaction): Access {
  const { missingOIDCScope, missingOIDCClaims, missingResourceScopes } = missing.parse(details.prompt.details);
  return { scopes: missingOIDCScope, claims: missingOIDCClaims, resources: missingResourceScopes };
}

/** Single claims are asked for in the words of the scope that they belong to. */
function askedScopes({ scopes, claims, resources }: Access): AskedScope[] {
  const ofClaims = Object.entries(CLAIMS_BY_SCOPE).filter(([, names]) => names.some((name) => claims.includes(name)));
  const names = new Set([...scopes, ...ofClaims.map(([scope]) => scope)]);
  return [
    ...[...names].map((name) => ({ name })),
    ...Object.entries(resources).flatMap(([resource, names]) => names.map((name) => ({ name, resource }))),
  ];
}
