// A login and the browser it is in: how every page and every form of one is found, and how a form leads back to the page.

import type { Router } from '@koa/router';
import type { Context } from 'koa';
import type { z } from 'zod';

import { hasEnrolmentPermit } from '../http/enrolment-permit.ts';
import type { PageSender } from '../http/send-page.ts';
import { acrRequestOf } from '../policy/acr-request.ts';
import type { Interaction, Interactions } from './interactions.ts';
import type { Logins } from './login.ts';
import type { Login } from './open-login.ts';

export interface Visit {
  ctx: Context;
  interaction: Interaction;
  login: Login;
}

export interface Visits {
  open(ctx: Context, interaction: Interaction): Promise<Visit>;
  /**
   * Adds a form. One form of a login is answered after the other: the second one of a double click finds what the first did.
   * `longest`: seconds to wait for that.
   */
  onForm<S extends z.ZodType>(
    name: string,
    schema: S,
    answer: (visit: Visit, form: z.output<S>) => void | Promise<void>,
    longest?: number,
  ): void;
  /** Adds a page below the login's own. */
  onPage(name: string, show: (visit: Visit) => void | Promise<void>): void;
}

export interface VisitDeps {
  logins: Pick<Logins, 'open' | 'inTurn'>;
  interactions: Interactions;
  sender: Pick<PageSender, 'languageOf'>;
}

export function createVisits(router: Router, { logins, interactions, sender }: VisitDeps): Visits {
  async function open(ctx: Context, interaction: Interaction): Promise<Visit> {
    const { site, details, client, uiLocales } = interaction;
    const login = await logins.open({
      tenant: site.tenant,
      uid: details.uid,
      clientId: String(details.params.client_id),
      client: client?.metadata,
      acr: acrRequestOf(details.params),
      reasons: details.prompt.reasons,
      sessionUid: details.session?.uid,
      languageOf: (locale) => sender.languageOf(ctx, { uiLocales, locale }),
      hasEnrolmentPermit: (user) => hasEnrolmentPermit(ctx, site, user),
    });
    return { ctx, interaction, login };
  }

  return {
    open,

    onForm(name, schema, answer, longest) {
      router.post(`/interaction/:uid/${name}`, async (ctx) => {
        const interaction = await interactions.find(ctx);
        const form = await interactions.form(ctx, interaction, schema);
        const { tenant } = interaction.site;
        const inTurn = async () => answer(await open(ctx, interaction), form);
        await logins.inTurn(tenant.id, interaction.details.uid, inTurn, longest);
      });
    },

    onPage(name, show) {
      router.get(`/interaction/:uid/${name}`, async (ctx) => show(await open(ctx, await interactions.find(ctx))));
    },
  };
}

/** To the login's page, which shows what comes next. */
export function back({ ctx, interaction }: Visit): void {
  ctx.status = 303;
  ctx.redirect(interaction.path());
}
