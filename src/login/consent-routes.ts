// The consent page, for applications that are not the tenant's own: which scopes, in plain words, and the person's decision.

import type { Router } from '@koa/router';
import { z } from 'zod';

import type { Audit } from '../audit/audit.ts';
import { CLAIMS_BY_SCOPE, SCOPES } from '../clients/scopes.ts';
import type { Database } from '../db/database.ts';
import type { AskedScope } from '../http/pages.ts';
import type { PageSender } from '../http/send-page.ts';
import type { Users } from '../users/users.ts';
import { NO_ACCESS } from './access.ts';
import type { Access } from './access.ts';
import type { Consents } from './consents.ts';
import type { Interaction, Interactions } from './interactions.ts';
import { loginNameOf } from '../users/users.ts';

export interface ConsentDeps {
  interactions: Interactions;
  consents: Consents;
  users: Pick<Users, 'find'>;
  sender: PageSender;
  audit: Audit;
  db: Pick<Database, 'unitOfWork'>;
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
  { interactions, consents, users, sender, audit, db }: ConsentDeps,
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
    const access = askedAccess(interaction);
    await db.unitOfWork(async () => {
      await consents.add(tenantId, userId, clientId, access);
      const detail = { scopes: access.scopes, claims: access.claims, resources: Object.keys(access.resources) };
      await audit.record({ ...event, type: 'consent.granted', detail });
    });
    return interactions.leave(ctx, interaction, { consent: {} }, { keepLogin: true });
  });

  return async (ctx, interaction) => {
    const { site, details, app, client, uiLocales } = interaction;
    const user = await users.find(site.tenant.id, details.session?.accountId ?? '');
    const access = askedAccess(interaction);
    const page = {
      app: app ?? String(details.params.client_id),
      appUrl: client?.metadata.client_uri,
      user: user ? loginNameOf(user) : '',
      scopes: askedScopes(access),
      action: interaction.path('consent'),
      csrf: interaction.csrf,
    };
    sender.sendPage(ctx, 'login/consent', page, { uiLocales, locale: user?.profile.locale });
  };
}

/** What is missing; where nothing is and the app wants to be asked all the same (`prompt=consent`), what it asked for. */
function askedAccess({ details }: Interaction): Access {
  const {
    missingOIDCScope: scopes,
    missingOIDCClaims: claims,
    missingResourceScopes: resources,
  } = missing.parse(details.prompt.details);
  if (scopes.length + claims.length + Object.keys(resources).length > 0) return { scopes, claims, resources };
  const requested = typeof details.params.scope === 'string' ? details.params.scope.split(' ') : [];
  return { ...NO_ACCESS, scopes: requested.filter((scope) => SCOPES.includes(scope)) };
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
